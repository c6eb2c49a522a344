use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ExecutorId;
use crate::job::{Job, RunningJob};

/// What a pool tells core about one of its worker threads.
///
/// Only [`executor`](Self::executor) must be written; the defaults are those of a pool that neither compensates nor
/// shares.
///
/// ```
/// use std::sync::Arc;
/// use concurrent_futures_core::worker::{self, ExecutorId, WorkerContext};
///
/// struct Plain(ExecutorId);
/// impl WorkerContext for Plain {
///     fn executor(&self) -> ExecutorId {
///         self.0
///     }
/// }
///
/// let guard = worker::enter(Arc::new(Plain(ExecutorId::next())));   // on the worker's thread
/// assert!(guard.running_jobs().handles().is_empty());
/// ```
pub trait WorkerContext: Send + Sync {
    /// The executor that the thread works for.
    fn executor(&self) -> ExecutorId;

    /// Whether a queued task may run on top of the one that waits for it: is enough stack left?
    fn can_nest(&self) -> bool {
        false
    }

    /// Runs a queued task of this executor that a task on this thread waits for.
    fn run_in_place(&self, job: RunningJob) {
        job.run();
    }

    /// The thread is about to block. `Err` names a limit that is reached.
    ///
    /// # Errors
    ///
    /// If no spare worker may take over. A wait with a timeout then goes on without one; one without panics.
    fn block(&self) -> Result<(), BlockLimit> {
        Ok(())
    }

    /// The thread goes on after a successful [`block`](Self::block).
    fn unblock(&self) {}

    /// A flag that the pool raises when it wants something of the chunks of `map` that run here, so that they needn't
    /// ask for its [`wish`](Self::wish) between any two tasks. `None`: they ask each time.
    fn attention(&self) -> Option<Attention> {
        None
    }

    /// What the pool wants of a chunk that runs here; asked between its tasks while the flag is raised.
    fn wish(&self) -> Wish {
        Wish::GoOn
    }

    /// Takes a part of a chunk that has not begun, after [`Wish::Share`]. The default abandons it.
    fn share(&self, job: Job) {
        drop(job);
    }
}

/// A flag by which a pool asks running chunks to look at its [`wish`](WorkerContext::wish). Cloning it shares it.
///
/// ```
/// use concurrent_futures_core::worker::Attention;
///
/// let flag = Attention::default();
/// flag.clone().set(true);
/// assert!(flag.is_raised());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Attention(Arc<AtomicBool>);

impl Attention {
    /// Raises or lowers the flag.
    pub fn set(&self, raised: bool) {
        // Relaxed, here and below: a chunk that sees it late runs one task more.
        self.0.store(raised, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    #[must_use]
    #[inline]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a pool wants of a chunk that one of its workers runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    GoOn,
    /// Another worker has nothing to do: share what has not begun.
    Share,
    /// Begin nothing further: the pool cancels what waits.
    Stop,
}

/// How many workers of a pool may be blocked, or late with a task, at once; the limit is reached.
///
/// ```
/// let limit = concurrent_futures_core::worker::BlockLimit { max_blocked: 256 };
/// assert!(limit.to_string().contains("256"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockLimit {
    /// The limit.
    pub max_blocked: usize,
}

impl fmt::Display for BlockLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} workers of this pool are blocked already, or late with a task, which is its max_blocked: raise it, or let \
             fewer tasks wait for each other",
            self.max_blocked
        )
    }
}

impl std::error::Error for BlockLimit {}
