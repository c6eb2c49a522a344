use std::error::Error;
use std::fmt;
use std::process::ExitStatus;
use std::sync::Arc;

/// The process that ran the task died under it; the pool has replaced it.
///
/// ```
/// use concurrent_futures_core::{ExitCause, WorkerDied};
///
/// let died = WorkerDied::builder(4711, ExitCause::Signal { signal: 9, core_dumped: false })
///     .label("resize")
///     .hint("SIGKILL, probably out of memory")
///     .build();
/// assert_eq!(
///     died.to_string(),
///     "worker 4711 died by signal 9 while it ran task `resize` (SIGKILL, probably out of memory)",
/// );
/// ```
#[derive(Debug, Clone)]
pub struct WorkerDied(Arc<Details>);

#[derive(Debug)]
struct Details {
    pid: u32,
    cause: ExitCause,
    label: Option<String>,
    attempt: u32,
    stderr: Option<String>,
    hint: Option<String>,
    killed_by_pool: Option<PoolKill>,
}

/// Why a pool killed a worker of its own, from [`WorkerDied::killed_by_pool`].
///
/// ```
/// use concurrent_futures_core::{ExitCause, PoolKill, WorkerDied};
///
/// /// Whether another attempt with more memory may succeed.
/// fn needs_more_memory(died: &WorkerDied) -> bool {
///     matches!(died.killed_by_pool(), Some(PoolKill::MemoryLimit { .. }))
/// }
///
/// let killed = WorkerDied::builder(4711, ExitCause::Signal { signal: 9, core_dumped: false });
/// assert!(needs_more_memory(&killed.killed_by_pool(PoolKill::MemoryLimit { limit: 1 << 30, used: 3 << 30 }).build()));
/// ```
///
/// What a deadline, an abort or the end of the pool kills isn't here: it has an error of its own. Python has no counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolKill {
    /// It used more memory than a worker may.
    MemoryLimit {
        /// How many bytes it may use.
        limit: u64,
        /// How many it used when the pool looked.
        used: u64,
    },
    /// It was of no use any more: it had written what no worker writes, or the system refused to let a message through to it.
    Unusable,
}

/// How a process ended.
///
/// ```
/// use concurrent_futures_core::ExitCause;
///
/// # #[cfg(unix)]
/// # {
/// let status = std::process::Command::new("sh").args(["-c", "exit 3"]).status().unwrap();
/// assert_eq!(ExitCause::from(status), ExitCause::Code(3));
/// # }
/// assert_eq!(ExitCause::Signal { signal: 11, core_dumped: true }.to_string(), "died by signal 11 (core dumped)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExitCause {
    /// It called `exit`, or returned from `main`, with this code.
    Code(i32),
    /// A signal ended it.
    Signal {
        /// The signal's number.
        signal: i32,
        /// Whether the system wrote a core file.
        core_dumped: bool,
    },
    /// Nobody could find out.
    Unknown,
}

impl From<ExitStatus> for ExitCause {
    fn from(status: ExitStatus) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt;
            if let Some(signal) = status.signal() {
                return Self::Signal { signal, core_dumped: status.core_dumped() };
            }
        }
        status.code().map_or(Self::Unknown, Self::Code)
    }
}

/// As the middle of a sentence: *died by signal 9*.
impl fmt::Display for ExitCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with code {code}"),
            Self::Signal { signal, core_dumped: false } => write!(f, "died by signal {signal}"),
            Self::Signal { signal, core_dumped: true } => write!(f, "died by signal {signal} (core dumped)"),
            Self::Unknown => f.write_str("died"),
        }
    }
}

impl WorkerDied {
    /// Starts the description of a death, for who writes an executor.
    #[must_use]
    pub fn builder(pid: u32, cause: ExitCause) -> WorkerDiedBuilder {
        WorkerDiedBuilder(Details {
            pid,
            cause,
            label: None,
            attempt: 1,
            stderr: None,
            hint: None,
            killed_by_pool: None,
        })
    }

    /// The process that died.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// How it ended.
    #[must_use]
    pub fn cause(&self) -> ExitCause {
        self.0.cause
    }

    /// The label of the task that it ran.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.0.label.as_deref()
    }

    /// Which attempt at the task died, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// The last lines that the worker wrote to stderr, where the pool reads it.
    #[must_use]
    pub fn stderr(&self) -> Option<&str> {
        self.0.stderr.as_deref()
    }

    /// Why its own pool killed it; `None`: the pool did not. Somebody else with the same signal is usually the system, out of
    /// memory.
    #[must_use]
    pub fn killed_by_pool(&self) -> Option<PoolKill> {
        self.0.killed_by_pool
    }

    /// What probably happened, in words for people; what a program can decide by is [`cause`](Self::cause) and
    /// [`killed_by_pool`](Self::killed_by_pool).
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for WorkerDied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.0;
        write!(
            f,
            "worker {} {} while it ran {}",
            details.pid,
            details.cause,
            super::task_name(details.label.as_deref())
        )?;
        if details.attempt > 1 {
            write!(f, ", attempt {}", details.attempt)?;
        }
        if let Some(hint) = &details.hint {
            write!(f, " ({hint})")?;
        }
        if let Some(stderr) = &details.stderr {
            write!(f, "; its last words: {stderr}")?;
        }
        Ok(())
    }
}

impl Error for WorkerDied {}

/// The description of a death, under construction; from [`WorkerDied::builder`], for who writes an executor.
#[derive(Debug)]
pub struct WorkerDiedBuilder(Details);

impl WorkerDiedBuilder {
    /// Names the task that was running.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = Some(label.into());
        self
    }

    /// Says which attempt it was, from 1.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.0.attempt = attempt;
        self
    }

    /// Adds the last lines of stderr.
    #[must_use]
    pub fn stderr(mut self, lines: impl Into<String>) -> Self {
        self.0.stderr = Some(lines.into());
        self
    }

    /// Adds what probably happened.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says why the pool itself has killed it.
    #[must_use]
    pub fn killed_by_pool(mut self, why: PoolKill) -> Self {
        self.0.killed_by_pool = Some(why);
        self
    }

    /// Ends the description.
    #[must_use]
    pub fn build(self) -> WorkerDied {
        WorkerDied(Arc::new(self.0))
    }
}
