use std::collections::HashSet;
use std::fmt;
use std::sync::OnceLock;
#[cfg(feature = "stream")]
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::any_future::AnyFuture;
use super::arrivals::{Arrivals, WakeWhen};
use crate::blocking_wait;
use crate::callback;
use crate::error::TimedOut;
use crate::sync::deadline_after;
use crate::task::TaskId;

/// Yields each future as it ends: first those that are done already, then in the order of completion.
///
/// Takes what [`wait`](crate::wait()) takes. The input is drained at the call; what it yields is done, so its `result()`
/// doesn't block. O(1) for each completion.
///
/// ```
/// use concurrent_futures_core::{Promise, as_completed};
///
/// let (slow, a) = Promise::new();
/// let (fast, b) = Promise::new();
/// fast.start().unwrap().complete("fast");
/// let mut completed = as_completed([a, b]);
/// assert_eq!(completed.next().unwrap().result().unwrap(), "fast");
/// slow.start().unwrap().complete("slow");
/// assert_eq!(completed.next().unwrap().result().unwrap(), "slow");
/// assert!(completed.next().is_none());
/// ```
///
/// With a key, to know which is which:
///
/// ```
/// # use concurrent_futures_core::{Promise, as_completed};
/// # let (promise, future) = Promise::new();
/// # promise.start().unwrap().complete(200);
/// for (url, future) in as_completed([("https://example.org", future)]) {
///     println!("{url}: {:?}", future.result());
/// }
/// ```
///
/// Python: `concurrent.futures.as_completed(fs, timeout)`.
///
/// # Blocking
///
/// `next` blocks until the next future is done. On a worker of a pool, a spare worker takes over meanwhile.
///
/// # Panics
///
/// Not the call, but `next`: in a done callback, if all futures that are left are the callback's own, and on a worker of a
/// pool that may not block one more worker.
pub fn as_completed<I>(futures: I) -> AsCompleted<I::Item>
where
    I: IntoIterator<Item: AnyFuture>,
{
    let futures = futures.into_iter();
    let mut completed = AsCompleted::new(futures.size_hint().0);
    completed.extend(futures);
    completed
}

/// Futures in the order of their completion, from [`as_completed`].
///
/// It can be added to while it runs ([`push`](Self::push)), by a loop that says `while let Some(f) = completed.next()`.
#[must_use = "iterate to get the futures as they complete"]
pub struct AsCompleted<F: AnyFuture> {
    arrivals: Arrivals,
    /// By number; a number is free again once its future was yielded.
    waiting: Vec<Option<F>>,
    free: Vec<usize>,
    left: usize,
    seen: HashSet<TaskId>,
    /// The ids of what is waited for, where anybody asks: only a thread that runs the completions of others does.
    ids: OnceLock<HashSet<TaskId>>,
}

impl<F: AnyFuture> AsCompleted<F> {
    fn new(capacity: usize) -> Self {
        Self {
            arrivals: Arrivals::new(),
            waiting: Vec::with_capacity(capacity),
            free: Vec::new(),
            left: 0,
            seen: HashSet::new(),
            ids: OnceLock::new(),
        }
    }

    /// Adds one more future. One that was given by reference before is left out. Python has no counterpart.
    ///
    /// ```
    /// use concurrent_futures_core::{Promise, as_completed};
    ///
    /// let done = |number: u64| {
    ///     let (promise, future) = Promise::new();
    ///     promise.start().unwrap().complete(number);
    ///     future
    /// };
    /// let mut completed = as_completed([done(2)]);
    /// let mut seen = Vec::new();
    /// while let Some(future) = completed.next() {
    ///     let number = future.result().unwrap();
    ///     seen.push(number);
    ///     if number < 100 {
    ///         completed.push(done(number * number));
    ///     }
    /// }
    /// assert_eq!(seen, [2, 4, 16, 256]);
    /// ```
    pub fn push(&mut self, future: F) {
        if let Some(id) = future.shared_id()
            && !self.seen.insert(id)
        {
            return;
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.waiting.push(None);
            self.waiting.len() - 1
        });
        self.arrivals.watch(&future, index);
        if let Some(ids) = self.ids.get_mut() {
            ids.insert(future.id());
        }
        self.waiting[index] = Some(future);
        self.left += 1;
    }

    /// As `next`, but waits no longer than `timeout`. Python's timeout counts from the call of `as_completed` and ends
    /// the iteration; this one counts from here and leaves everything as it is.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] with the number of futures that are not done.
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures_core::{Promise, as_completed};
    ///
    /// let (_promise, future) = Promise::<u8>::new();
    /// let mut completed = as_completed([future]);
    /// let timed_out = completed.next_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(timed_out.into_inner(), 1);
    /// ```
    ///
    /// # Blocking
    ///
    /// At most for `timeout`; also on a worker of a pool that may not block one more worker, where `next` panics.
    #[track_caller]
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<F>, TimedOut<usize>> {
        self.next_until(Some(deadline_after(timeout))).map_err(|()| TimedOut::new(self.left))
    }

    /// As `next_timeout`, with the end of the wait as a point in time; outer `None`: no end.
    #[track_caller]
    pub(crate) fn next_until(&mut self, deadline: Option<Option<Instant>>) -> Result<Option<F>, ()> {
        if self.left == 0 {
            return Ok(None);
        }
        let index = match self.arrivals.take() {
            Some(index) => index,
            None => {
                blocking_wait::refuse_if(deadline.is_none() && self.waits_for_its_own_callback());
                let is_waiting = |id| self.ids.get_or_init(|| self.iter_remaining().map(F::id).collect()).contains(&id);
                self.arrivals.wait(WakeWhen { arrived: 1, on_failure: false }, deadline, &is_waiting);
                self.arrivals.take().ok_or(())?
            }
        };
        Ok(Some(self.yield_arrived(index)))
    }

    /// As `next`; whoever polls is woken by the next arrival.
    #[cfg(feature = "stream")]
    pub(crate) fn poll(&mut self, context: &Context<'_>) -> Poll<Option<F>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.arrivals.poll(context).map(|index| Some(self.yield_arrived(index)))
    }

    fn yield_arrived(&mut self, index: usize) -> F {
        let future = self.waiting[index].take().expect("each number arrives once for each future that has it");
        self.free.push(index);
        self.left -= 1;
        future.watched().observe();
        future
    }

    /// How many futures have not been yielded.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.left
    }

    /// The futures that have not been yielded.
    ///
    /// ```
    /// use concurrent_futures_core::{Promise, as_completed};
    ///
    /// let (_promise, future) = Promise::<u8>::new();
    /// let left = as_completed([("key", future)]).into_remaining();
    /// assert_eq!(left[0].0, "key");
    /// ```
    #[must_use]
    pub fn into_remaining(mut self) -> Vec<F> {
        self.take_remaining()
    }

    pub(crate) fn iter_remaining(&self) -> impl Iterator<Item = &F> {
        self.waiting.iter().flatten()
    }

    /// Whether the calling thread is in the callbacks of all that is left.
    fn waits_for_its_own_callback(&self) -> bool {
        callback::depth() > 0 && self.iter_remaining().all(|future| callback::is_completing(future.id()))
    }

    fn take_remaining(&mut self) -> Vec<F> {
        let remaining: Vec<F> = self.waiting.iter_mut().filter_map(Option::take).collect();
        remaining.iter().for_each(|future| self.arrivals.unwatch(future));
        self.left = 0;
        remaining
    }
}

impl<F: AnyFuture> Iterator for AsCompleted<F> {
    type Item = F;

    #[track_caller]
    fn next(&mut self) -> Option<F> {
        self.next_until(None).expect("a wait without a deadline ends with an arrival")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<F: AnyFuture> ExactSizeIterator for AsCompleted<F> {}

impl<F: AnyFuture> std::iter::FusedIterator for AsCompleted<F> {}

impl<F: AnyFuture> Extend<F> for AsCompleted<F> {
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        futures.into_iter().for_each(|future| self.push(future));
    }
}

impl<F: AnyFuture> Drop for AsCompleted<F> {
    fn drop(&mut self) {
        drop(self.take_remaining());
    }
}

impl<F: AnyFuture> fmt::Debug for AsCompleted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("remaining", &self.left).finish_non_exhaustive()
    }
}
