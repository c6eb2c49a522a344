//! The queue of a pool: first in, first out, for every worker and submitter.
//!
//! - **Q1** A job that `push` took is given out by `pop` exactly once; after `close`, `push` gives the job back.
//! - **Q2** Jobs come out in the order in which they went in.
//! - **Q3** `is_empty` after a SeqCst fence sees every push that came before a SeqCst fence of its own ([`roster`]
//!   relies on it).
//!
//! Two kinds. The locked one is the default: it is the faster one up to a few workers (see the benches). The lock-free
//! one, crossbeam's injector, is for many workers on many cores.
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
    /// Ring buffers behind locks. The faster one up to a few workers.
    #[default]
    Locked,
    /// Crossbeam's injector. Scales further with the number of submitting threads and workers.
    LockFree,
}

pub(crate) enum Queue {
    Locked(Box<LockedQueue>),
    LockFree(Box<LockFreeQueue>),
}

impl Queue {
    pub(crate) fn new(kind: QueueKind) -> Self {
        match kind {
            QueueKind::Locked => Self::Locked(Box::default()),
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
            Self::Locked(queue) => queue.len(),
            Self::LockFree(queue) => queue.jobs.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Locked(queue) => queue.len() == 0,
            Self::LockFree(queue) => queue.jobs.is_empty(),
        }
    }

    /// Takes no further job.
    pub(crate) fn close(&self) {
        match self {
            Self::Locked(queue) => queue.close(),
            Self::LockFree(queue) => {
                *queue.closed.write().unwrap_or_else(std::sync::PoisonError::into_inner) = true;
                queue.is_closed.store(true, Ordering::SeqCst);
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Locked(queue) => queue.tail.is_closed.load(Ordering::SeqCst),
            Self::LockFree(queue) => queue.is_closed.load(Ordering::SeqCst),
        }
    }
}

/// Two halves with a lock each (the two-lock queue of Michael and Scott, 1996, with batches): submitters fill the tail,
/// workers empty the head, and one that finds the head empty swaps the two. So a worker meets the submitters once for
/// a whole batch, and what stands in the head is older than all of the tail.
#[derive(Default)]
pub(crate) struct LockedQueue {
    tail: CachePadded<Tail>,
    head: CachePadded<Head>,
}

#[derive(Default)]
struct Tail {
    jobs: Mutex<Incoming>,
    /// How many jobs were ever pushed; written under the lock, read without it.
    pushed: AtomicUsize,
    is_closed: AtomicBool,
}

#[derive(Default)]
struct Incoming {
    waiting: VecDeque<Job>,
    is_closed: bool,
}

#[derive(Default)]
struct Head {
    waiting: Mutex<VecDeque<Job>>,
    /// How many jobs were ever popped; written under the lock, read without it.
    popped: AtomicUsize,
}

impl LockedQueue {
    fn push(&self, job: Job, even_closed: bool) -> Result<(), Job> {
        let mut incoming = self.tail.jobs.lock();
        if incoming.is_closed && !even_closed {
            return Err(job);
        }
        incoming.waiting.push_back(job);
        // Relaxed: the fences of Q3 order it; the job itself is published by the lock.
        let pushed = self.tail.pushed.load(Ordering::Relaxed);
        self.tail.pushed.store(pushed.wrapping_add(1), Ordering::Relaxed);
        Ok(())
    }

    fn pop(&self) -> Option<Job> {
        if self.len() == 0 {
            return None;
        }
        let mut waiting = self.head.waiting.lock();
        if waiting.is_empty() {
            std::mem::swap(&mut *waiting, &mut self.tail.jobs.lock().waiting);
        }
        let job = waiting.pop_front()?;
        let popped = self.head.popped.load(Ordering::Relaxed);
        self.head.popped.store(popped.wrapping_add(1), Ordering::Release);
        Some(job)
    }

    fn len(&self) -> usize {
        // In this order: what was popped had been pushed before (the Release of `pop` pairs with this Acquire), so the
        // difference is never negative, and zero only if there was a moment when the queue was empty.
        let popped = self.head.popped.load(Ordering::Acquire);
        self.tail.pushed.load(Ordering::Relaxed).wrapping_sub(popped)
    }

    fn close(&self) {
        let mut incoming = self.tail.jobs.lock();
        incoming.is_closed = true;
        self.tail.is_closed.store(true, Ordering::SeqCst);
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
            assert!(queue.is_empty());
            drop(out);
            assert!(futures.iter().chain([&late]).all(|future| future.error().is_some()), "dropped jobs have failed");
        }
    }
}
