use std::error::Error;
use std::fmt;
use std::io;

/// Why a pool could not be built.
///
/// ```
/// use concurrent_futures_core::BuildError;
/// assert_eq!(BuildError::ZeroWorkers.to_string(), "max_workers must be at least 1");
/// ```
///
/// Python raises `ValueError` from the constructor of the executor.
#[non_exhaustive]
pub enum BuildError {
    /// The pool was to have no workers at all.
    ZeroWorkers,
    /// An option has a value that can't work; the text names both.
    InvalidOption(String),
    /// The pool needs something from the system that it did not get.
    Start(io::Error),
    /// `init()` has not run in this process, so it can't start worker processes.
    NotInitialised,
    /// `init()` was called on another thread than the main one, where it does nothing: a worker would run the program, or
    /// all its tests, until it came there.
    InitialisedOffMain {
        /// What the thread is called, or its number where it has no name.
        thread: String,
    },
    /// This process is a worker itself, and so are too many of its ancestors.
    NestedTooDeep {
        /// How deep pools may be nested.
        limit: usize,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroWorkers => f.write_str("max_workers must be at least 1"),
            Self::InvalidOption(text) => f.write_str(text),
            Self::Start(_) => f.write_str("the pool could not be started"),
            Self::NotInitialised => f.write_str(
                "`init()` has not run: worker processes are this program, started again, and leave for their work there; \
                 make `init()` the first line of `main`, or say `worker_entry!();` at the top level of a test, bench or \
                 doc test (neither does anything in a setuid program)",
            ),
            Self::InitialisedOffMain { thread } => write!(
                f,
                "`init()` was called on the thread `{thread}`, which is not the main thread, and does nothing there: a \
                 worker, which is this program, started again, would run all that comes before, in a test program its \
                 tests. In a test file say `worker_entry!();` at the top level instead; in a program make `init()` the \
                 first line of `main` itself, before any thread is started",
            ),
            Self::NestedTooDeep { limit } => write!(
                f,
                "this process is a worker, and too deep to have workers of its own: pools in the tasks of pools may go \
                 {limit} deep. If this one is meant to be made in a task, raise `max_depth` in its builder; a program that \
                 makes its pool before `init()` would start processes without end: make the pool behind it",
            ),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Start(error) => Some(error),
            _ => None,
        }
    }
}

/// Made for reading: `main` prints an error it returns with `Debug`.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildError: {self}")?;
        if let Some(cause) = self.source() {
            write!(f, "; caused by: {cause}")?;
        }
        Ok(())
    }
}
