//! Why a worker could not be started.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use concurrent_futures_core::{BuildError, Rejected};

use crate::parent::death::describe;

/// Why a worker could not be started.
#[derive(Debug, Clone)]
pub(crate) enum StartFailure {
    /// The system did not give what it needs.
    System(Arc<io::Error>),
    /// It died before it said hello; with its last words, where they were piped.
    Died(ExitStatus, Option<String>),
    /// It said nothing for so long.
    Silent(Duration),
    /// It said why it can't work.
    Refused(String),
    /// It came to `init()` on this thread only, which is not the main one.
    OffMain(String),
    /// It uses more memory than it may, and has not begun anything.
    TooLarge { used: u64, limit: u64 },
    /// It runs another file than this process.
    DifferentBinary,
    /// The initializer failed, as these words say.
    Initializer(String),
    /// What the user has given us for the start panicked with these words.
    Panicked(String),
}

impl StartFailure {
    /// Whether another try would end like this one.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self, Self::DifferentBinary | Self::Panicked(_) | Self::Initializer(_) | Self::OffMain(_))
    }

    /// What tasks are told that will never run because of it.
    pub(crate) fn rejection(&self) -> Rejected {
        match self {
            Self::Initializer(text) => Rejected::broken(text.clone(), None),
            other => Rejected::broken("its workers could not be started", Some(Arc::new(other.clone()))),
        }
    }
}

impl fmt::Display for StartFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => write!(f, "the system refused: {error}"),
            Self::Died(status, last_words) => {
                write!(
                    f,
                    "the worker {} before it was ready: does `main` call `init()` first, and nothing before it that ends \
                     the process?",
                    describe(*status)
                )?;
                last_words.as_ref().map_or(Ok(()), |words| write!(f, " Its last words: {words}"))
            }
            Self::Silent(limit) => write!(
                f,
                "the worker said nothing for {limit:?} (`start_timeout`): does `main` call `init()` before anything that \
                 takes long?"
            ),
            Self::Refused(why) => write!(f, "the worker could not set itself up: {why}"),
            Self::OffMain(thread) => {
                write!(f, "the worker did not begin: {}", BuildError::InitialisedOffMain { thread: thread.clone() })
            }
            Self::TooLarge { used, limit } => {
                write!(f, "the worker used {used} bytes before its first task, and memory_limit is {limit}: raise it")
            }
            Self::DifferentBinary => {
                f.write_str("the worker runs another file than this process, so it has other functions")
            }
            Self::Initializer(text) => f.write_str(text),
            Self::Panicked(text) => {
                write!(f, "`configure`, or an argument of the initializer on its way, panicked: {text}")
            }
        }
    }
}

impl Error for StartFailure {}

/// A worker died, with this status where that is known, before it began what it was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DiedUnbegun(pub(crate) Option<ExitStatus>);

impl fmt::Display for DiedUnbegun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = self.0.map_or_else(|| "ended".to_owned(), describe);
        write!(
            f,
            "the last one {how} before it had begun: does the argument fit into the memory that a worker may use, and does \
             nothing that the initializer has started end the process?"
        )
    }
}

impl Error for DiedUnbegun {}

impl From<io::Error> for StartFailure {
    fn from(error: io::Error) -> Self {
        Self::System(Arc::new(error))
    }
}
