//! Why a task has no value: [`TaskError`] and its parts.
//!
//! Every part is one reference-counted pointer, so an error is small where it waits in a future and cheap to clone
//! where several items share one cause.

mod abandoned;
mod build;
mod codec;
mod deadline;
mod failed;
mod panicked;
mod rejected;
mod timed_out;
mod worker_died;

use std::error::Error;
use std::fmt;

pub use abandoned::Abandoned;
pub use build::BuildError;
pub use codec::{CodecError, CodecSide};
pub use deadline::{DeadlineExceeded, DeadlineOf};
pub use failed::{Failed, TaskFailure};
pub use panicked::Panicked;
pub(crate) use panicked::message_of;
pub use rejected::{Reason, Rejected};
pub use timed_out::TimedOut;
pub use worker_died::{ExitCause, PoolKill, WorkerDied, WorkerDiedBuilder};

/// Why a task has no value.
///
/// ```
/// use concurrent_futures_core::{Promise, TaskError};
///
/// let (promise, future) = Promise::<u32>::new();
/// drop(promise);
/// match future.result() {
///     Err(TaskError::Abandoned(abandoned)) => println!("{abandoned}"),
///     other => unreachable!("{other:?}"),
/// }
/// ```
///
/// In Python these are exceptions of several kinds, raised by `Future.result()`: `CancelledError`,
/// `BrokenExecutor`, `TimeoutError`, or whatever the task raised.
#[derive(Clone)]
#[non_exhaustive]
pub enum TaskError {
    /// The task was cancelled before it began, or stopped on request. Python: `CancelledError`.
    Cancelled,
    /// The task panicked.
    Panicked(Panicked),
    /// The task returned `Err`.
    Failed(Failed),
    /// The process that ran the task died. Python breaks the whole pool with `BrokenProcessPool`.
    WorkerDied(WorkerDied),
    /// The task, or the `map` it belongs to, ran out of its time.
    DeadlineExceeded(DeadlineExceeded),
    /// An argument or a result could not be turned into bytes, or back.
    Codec(CodecError),
    /// The executor did not take the task. Python raises `RuntimeError` from `submit`.
    Rejected(Rejected),
    /// The executor gave the task up: it dropped it, or was killed while the task ran.
    Abandoned(Abandoned),
}

impl TaskError {
    /// The name of the variant, as it stands in a future's text: `finished raised Panicked`.
    ///
    /// ```
    /// assert_eq!(concurrent_futures_core::TaskError::Cancelled.name(), "Cancelled");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cancelled => "Cancelled",
            Self::Panicked(_) => "Panicked",
            Self::Failed(_) => "Failed",
            Self::WorkerDied(_) => "WorkerDied",
            Self::DeadlineExceeded(_) => "DeadlineExceeded",
            Self::Codec(_) => "Codec",
            Self::Rejected(_) => "Rejected",
            Self::Abandoned(_) => "Abandoned",
        }
    }

    /// Whether this is [`TaskError::Cancelled`], which no kind of wait counts as a failure.
    ///
    /// ```
    /// assert!(concurrent_futures_core::TaskError::Cancelled.is_cancelled());
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    fn part(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Cancelled => None,
            Self::Panicked(part) => Some(part),
            Self::Failed(part) => Some(part),
            Self::WorkerDied(part) => Some(part),
            Self::DeadlineExceeded(part) => Some(part),
            Self::Codec(part) => Some(part),
            Self::Rejected(part) => Some(part),
            Self::Abandoned(part) => Some(part),
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part() {
            None => f.write_str("the task was cancelled"),
            Some(part) => fmt::Display::fmt(part, f),
        }
    }
}

/// Made for reading: `main` prints an error it returns with `Debug`.
impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.to_string();
        write!(f, "{}: {told}", self.name())?;
        let mut source = self.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Some say their cause themselves.
            if !told.contains(&text) {
                write!(f, "; caused by: {text}")?;
                told = text;
            }
            source = cause.source();
        }
        Ok(())
    }
}

impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.part().and_then(Error::source)
    }
}

macro_rules! from_part {
    ($($part:ident => $variant:ident),* $(,)?) => {$(
        impl From<$part> for TaskError {
            fn from(part: $part) -> Self {
                Self::$variant(part)
            }
        }
    )*};
}

from_part!(
    Panicked => Panicked,
    Failed => Failed,
    WorkerDied => WorkerDied,
    DeadlineExceeded => DeadlineExceeded,
    CodecError => Codec,
    Rejected => Rejected,
    Abandoned => Abandoned,
);

/// How a task is named in a message: by its label where it has one.
pub(crate) fn task_name(label: Option<&str>) -> String {
    label.map_or_else(|| "the task".to_owned(), |label| format!("task `{label}`"))
}

#[cfg(test)]
mod tests {
    use super::{Abandoned, TaskError};

    #[test]
    fn an_error_stays_small() {
        assert!(size_of::<TaskError>() <= 16);
        assert!(size_of::<Result<u64, TaskError>>() <= 16);
    }

    #[test]
    fn debug_reads_as_a_sentence() {
        let error = TaskError::from(Abandoned::new("the executor dropped it"));
        assert_eq!(format!("{error:?}"), "Abandoned: the task was given up: the executor dropped it");
    }
}
