use super::Interrupt;

/// What an executor knows of a job that it has sent ahead to a worker, which may begin it at any moment: given to
/// [`Job::offer`](crate::Job::offer).
///
/// Whether the job has begun is decided in one place, a word that the worker shares, and both sides move it by
/// compare-and-swap: the worker from *offered* to *begun*, and [`withdraw`](Self::withdraw) from *offered* to
/// *withdrawn*. So a cancel is exact though the job lies elsewhere, and `state()` is true though nobody has reported.
///
/// The first two methods are called under the task's lock: they must neither block nor call this library.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU8, Ordering};
/// use concurrent_futures_core::{Interrupt, Job, Offer, State, TaskOptions};
///
/// const OFFERED: u8 = 0;
/// const BEGUN: u8 = 1;
/// const WITHDRAWN: u8 = 2;
///
/// struct Word(AtomicU8);
/// impl Offer for Word {
///     fn has_begun(&self) -> bool {
///         self.0.load(Ordering::Acquire) == BEGUN
///     }
///     fn withdraw(&self) -> bool {
///         let moved = self.0.compare_exchange(OFFERED, WITHDRAWN, Ordering::AcqRel, Ordering::Acquire);
///         moved.unwrap_or_else(|found| found) != BEGUN
///     }
///     fn interrupt(&self, _: Interrupt) {}
/// }
///
/// let (future, job) = Job::new(TaskOptions::new(), || 5);
/// let word = Arc::new(Word(AtomicU8::new(OFFERED)));
/// job.offer(word.clone()).unwrap();
/// assert_eq!(future.state(), State::Pending);
/// word.0.store(BEGUN, Ordering::Release);                 // what the worker does
/// assert!(future.running() && !future.cancel());
/// job.start().unwrap().run();                             // what the executor does once it hears of it
/// assert_eq!(future.result().unwrap(), 5);
/// ```
pub trait Offer: Send + Sync {
    /// Whether the worker has begun the task; of a chunk, its first.
    fn has_begun(&self) -> bool;

    /// Takes the whole job back before anything of it begins; false if something has. True also if it was taken back
    /// before.
    fn withdraw(&self) -> bool;

    /// What is asked of a job that has begun; called on the asking thread, without a lock.
    fn interrupt(&self, interrupt: Interrupt);
}
