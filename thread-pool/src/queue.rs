//! The queue of a pool: first in, first out, for every worker and submitter.
//!
//! - **Q1** A job that `push` took is given out by `pop` exactly once; after `close`, `push` gives the job back.
//! - **Q2** Jobs come out in the order in which they went in.
//! - **Q3** `is_empty` after a SeqCst fence sees every push that came before a SeqCst fence of its own ([`roster`]
//!   relies on it).
//!
//! Two kinds. The locked one is the default: it is the faster one for few workers (see the performance report). The
//! lock-free one, crossbeam's injector, is for many submitters on many cores.
//!
//! [`roster`]: crate::roster

use std::collections::VecDeque;

use concurrent_futures_core::Job;
use concurrent_futures_core::sync::{AtomicBool, AtomicUsize, Mutex, Ordering};
use crossbeam_deque::{Injector, Steal};
use crossbeam_utils::CachePadded;
use crossbeam_utils::sync::ShardedLock;

/// Which queue a pool has.
///
/// ```
/// use concurrent_futures_thread_pool::{QueueKind, ThreadPool};
/// let pool = ThreadPool::builder().max_workers(2).queue(QueueKind::LockFree).build().unwrap();
/// assert_eq!(pool.submit(|n: u32| n + 1, 1).result().unwrap(), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum QueueKind {
    /// One lock around a ring buffer. The faster one up to a few workers.
    #[default]
    Locked,
    /// Crossbeam's injector. Scales further with the number of submitting threads and workers.
    LockFree,
}

pub(crate) enum Queue {
    Locked(CachePadded<LockedQueue>),
    LockFree(Box<LockFreeQueue>),
}

impl Queue {
    pub(crate) fn new(kind: QueueKind) -> Self {
        match kind {
            QueueKind::Locked => Self::Locked(CachePadded::new(LockedQueue::default())),
            QueueKind::LockFree => Self::LockFree(Box::default()),
        }
    }

    /// Adds a job at the end.
    ///
    /// # Errors
    ///
    /// Gives the job back if the queue is closed.
    pub(crate) fn push(&self, job: Job) -> Result<(), Job> {
        match self {
            Self::Locked(queue) => queue.push(job, false),
            Self::LockFree(queue) => queue.push(job, false),
        }
    }

    /// Adds a job although the queue may be closed: a part of one that was taken before.
    pub(crate) fn push_part(&self, job: Job) {
        let refused = match self {
            Self::Locked(queue) => queue.push(job, true),
            Self::LockFree(queue) => queue.push(job, true),
        };
        debug_assert!(refused.is_ok(), "a part is never refused");
    }

    /// Takes the oldest job.
    pub(crate) fn pop(&self) -> Option<Job> {
        match self {
            Self::Locked(queue) => queue.pop(),
            Self::LockFree(queue) => queue.pop(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Locked(queue) => queue.len.load(Ordering::Relaxed),
            Self::LockFree(queue) => queue.jobs.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Locked(queue) => queue.len.load(Ordering::Relaxed) == 0,
            Self::LockFree(queue) => queue.jobs.is_empty(),
        }
    }

    /// Takes no further job.
    pub(crate) fn close(&self) {
        match self {
            Self::Locked(queue) => {
                let mut jobs = queue.jobs.lock();
                jobs.is_closed = true;
                queue.is_closed.store(true, Ordering::SeqCst);
            }
            Self::LockFree(queue) => {
                *queue.closed.write().unwrap_or_else(std::sync::PoisonError::into_inner) = true;
                queue.is_closed.store(true, Ordering::SeqCst);
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Locked(queue) => queue.is_closed.load(Ordering::SeqCst),
            Self::LockFree(queue) => queue.is_closed.load(Ordering::SeqCst),
        }
    }
}

#[derive(Default)]
pub(crate) struct LockedQueue {
    jobs: Mutex<Jobs>,
    /// The number of jobs, written under the lock, read without it.
    len: AtomicUsize,
    is_closed: AtomicBool,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    is_closed: bool,
}

impl LockedQueue {
    fn push(&self, job: Job, even_closed: bool) -> Result<(), Job> {
        let mut jobs = self.jobs.lock();
        if jobs.is_closed && !even_closed {
            return Err(job);
        }
        jobs.waiting.push_back(job);
        // Relaxed: the fences of Q3 order it; the job itself is published by the lock.
        self.len.store(jobs.waiting.len(), Ordering::Relaxed);
        Ok(())
    }

    fn pop(&self) -> Option<Job> {
        if self.len.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut jobs = self.jobs.lock();
        let job = jobs.waiting.pop_front();
        self.len.store(jobs.waiting.len(), Ordering::Relaxed);
        job
    }
}

#[derive(Default)]
pub(crate) struct LockFreeQueue {
    jobs: Injector<Job>,
    /// Held for reading by each push, so that after `close` no push is still under way.
    closed: ShardedLock<bool>,
    is_closed: AtomicBool,
}

impl LockFreeQueue {
    fn push(&self, job: Job, even_closed: bool) -> Result<(), Job> {
        let closed = self.closed.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *closed && !even_closed {
            return Err(job);
        }
        self.jobs.push(job);
        Ok(())
    }

    fn pop(&self) -> Option<Job> {
        loop {
            match self.jobs.steal() {
                Steal::Success(job) => return Some(job),
                Steal::Empty => return None,
                // Another thread took one at this moment: it made progress, so this ends.
                Steal::Retry => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use concurrent_futures_core::{Job, TaskOptions};

    use super::{Queue, QueueKind};

    fn job(number: usize) -> (concurrent_futures_core::Future<usize>, Job) {
        Job::new(TaskOptions::new(), move || number)
    }

    #[test]
    fn q1_q2_jobs_come_out_once_and_in_order_and_none_enters_a_closed_queue() {
        for kind in [QueueKind::Locked, QueueKind::LockFree] {
            let queue = Queue::new(kind);
            let (futures, jobs): (Vec<_>, Vec<_>) = (0..100).map(job).unzip();
            let ids: Vec<_> = jobs.iter().map(Job::id).collect();
            jobs.into_iter().for_each(|job| queue.push(job).expect("the queue is open"));
            queue.close();
            let (late, job) = job(100);
            assert!(queue.push(job).is_err(), "{kind:?} took a job after it was closed");
            let out: Vec<_> = std::iter::from_fn(|| queue.pop()).inspect(|job| assert!(job.tasks() == 1)).collect();
            assert_eq!(out.iter().map(Job::id).collect::<Vec<_>>(), ids);
            assert!(queue.is_empty() && queue.len() == 0);
            drop(out);
            assert!(futures.iter().chain([&late]).all(|future| future.error().is_some()), "dropped jobs have failed");
        }
    }
}
