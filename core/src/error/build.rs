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
/// ```
/// # use concurrent_futures_core::BuildError;
/// let error = BuildError::NotReady("it exited with code 1".into());
/// assert!(error.to_string().starts_with("a worker process did not become ready: it exited with code 1"));
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
    /// This process is a worker itself, and so are too many of its ancestors.
    NestedTooDeep {
        /// How deep pools may be nested.
        limit: usize,
    },
    /// The program's file is not the one that runs here: a worker would be another program.
    DifferentBinary,
    /// A worker process was started and did not become ready. The text says what happened, in a lowercase clause: how it
    /// ended with its last words, or how long it was waited for.
    NotReady(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroWorkers => f.write_str("max_workers must be at least 1"),
            Self::InvalidOption(text) => f.write_str(text),
            Self::Start(_) => f.write_str("the pool could not be started"),
            Self::NotInitialised => f.write_str(
                "`init()` has not run: worker processes are this program, started again, and leave for their work there; \
                 make `init()` the first line of `main` (it does nothing in a setuid program)",
            ),
            Self::NestedTooDeep { limit } => write!(
                f,
                "this process is the worker of a worker, {limit} deep, and may have none of its own; a program that makes \
                 its pool before `init()` would start processes without end: make the pool behind it",
            ),
            Self::DifferentBinary => f.write_str(
                "the program's file was replaced since this process began, so a worker would be another program: start the \
                 program anew",
            ),
            Self::NotReady(what) => write!(
                f,
                "a worker process did not become ready: {what}; what `main` does before `init()` is done in each worker too",
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
