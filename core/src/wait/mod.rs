//! Waiting for several futures at once: [`wait`], [`as_completed()`], and what they accept, [`AnyFuture`].

mod any_future;
mod arrivals;
mod as_completed;
#[cfg(feature = "stream")]
mod stream;

use std::cell::LazyCell;
use std::collections::HashSet;
use std::time::Duration;

pub use any_future::{AnyFuture, WatchedFuture};
use arrivals::{Arrivals, WakeWhen};
pub use as_completed::{AsCompleted, as_completed};
#[cfg(feature = "stream")]
pub use stream::AsCompletedStream;

use crate::blocking_wait;
use crate::callback;
use crate::sync::deadline_after;
use crate::task::TaskId;

/// When [`wait`](crate::wait()) returns; used there.
///
/// Python: `FIRST_COMPLETED`, `FIRST_EXCEPTION`, `ALL_COMPLETED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReturnWhen {
    /// As soon as any future is done.
    FirstCompleted,
    /// As soon as any future has failed, or all are done. A cancelled future is no failure.
    FirstException,
    /// When all futures are done.
    AllCompleted,
}

/// The two halves of what was waited for, each in the order given; from [`wait`](crate::wait()). Python: a named tuple of
/// two sets.
#[derive(Debug)]
pub struct Wait<F> {
    /// What is done: cancelled counts.
    pub done: Vec<F>,
    /// What isn't.
    pub not_done: Vec<F>,
}

/// Blocks until futures are done, as `when` says, at most for `timeout`.
///
/// Takes them by value, by reference, with a key `(K, F)`, of different pools, and of different types through
/// `&dyn AnyFuture`. A future given twice counts once; with two keys, twice. The timeout may be a `Duration`, `None`,
/// or an `Option<Duration>`; when it passes, that is no error.
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures_core::{Promise, ReturnWhen, wait};
///
/// let (promise, first) = Promise::new();
/// let (_keep, second) = Promise::<u8>::new();
/// promise.start().unwrap().complete(1);
///
/// let waited = wait([&first, &second], ReturnWhen::FirstCompleted, None);
/// assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
/// let waited = wait([first, second], ReturnWhen::AllCompleted, Duration::from_millis(1));
/// assert_eq!(waited.not_done.len(), 1);
/// ```
///
/// Python: `concurrent.futures.wait(fs, timeout, return_when)`.
///
/// # Blocking
///
/// Until then. On a worker of a pool, a spare worker takes over meanwhile; a queued task is not run in place.
///
/// # Panics
///
/// Without a timeout: in a done callback whose own future it would wait for, and on a worker of a pool that may not block
/// one more worker.
#[track_caller]
pub fn wait<I>(futures: I, when: ReturnWhen, timeout: impl Into<Option<Duration>>) -> Wait<I::Item>
where
    I: IntoIterator<Item: AnyFuture>,
{
    let deadline = timeout.into().map(deadline_after);
    let futures = without_repeats(futures);
    if !is_enough(&futures, when) {
        blocking_wait::refuse_if(deadline.is_none() && can_never_be_enough(&futures, when));
        let wake_when = match when {
            ReturnWhen::FirstCompleted => WakeWhen { arrived: 1, on_failure: false },
            ReturnWhen::FirstException => WakeWhen { arrived: futures.len(), on_failure: true },
            ReturnWhen::AllCompleted => WakeWhen { arrived: futures.len(), on_failure: false },
        };
        let arrivals = Arrivals::new();
        for (index, future) in futures.iter().enumerate() {
            arrivals.watch(future, index);
        }
        let ids: LazyCell<HashSet<TaskId>, _> = LazyCell::new(|| futures.iter().map(AnyFuture::id).collect());
        arrivals.wait(wake_when, deadline, &|id| ids.contains(&id));
        if deadline.is_some() || when != ReturnWhen::AllCompleted {
            futures.iter().filter(|future| !future.done()).for_each(|future| arrivals.unwatch(future));
        }
    }
    let (done, not_done) = futures.into_iter().partition(AnyFuture::done);
    let waited = Wait { done, not_done };
    waited.done.iter().for_each(|future| future.watched().observe());
    waited
}

fn is_enough<F: AnyFuture>(futures: &[F], when: ReturnWhen) -> bool {
    match when {
        _ if futures.is_empty() => true,
        ReturnWhen::FirstCompleted => futures.iter().any(AnyFuture::done),
        ReturnWhen::FirstException => futures.iter().any(AnyFuture::failed) || futures.iter().all(AnyFuture::done),
        ReturnWhen::AllCompleted => futures.iter().all(AnyFuture::done),
    }
}

/// Whether the calling thread is in the callbacks of what it would wait for.
fn can_never_be_enough<F: AnyFuture>(futures: &[F], when: ReturnWhen) -> bool {
    let is_own = |future: &F| callback::is_completing(future.id());
    match when {
        _ if callback::depth() == 0 => false,
        ReturnWhen::AllCompleted => futures.iter().any(is_own),
        ReturnWhen::FirstCompleted | ReturnWhen::FirstException => futures.iter().all(is_own),
    }
}

/// Drops what was given twice by reference; what is given by value can't be, and costs nothing here.
fn without_repeats<I: IntoIterator<Item: AnyFuture>>(futures: I) -> Vec<I::Item> {
    let mut seen: HashSet<TaskId> = HashSet::new();
    futures.into_iter().filter(|future| future.shared_id().is_none_or(|id| seen.insert(id))).collect()
}
