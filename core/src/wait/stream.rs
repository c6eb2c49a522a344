use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use super::{AnyFuture, AsCompleted};

/// Futures in the order of their completion, for an async runtime; from [`AsCompleted::into_stream`].
///
/// It has no thread and no task of its own. A poll that is dropped loses nothing; dropping the stream detaches the futures that
/// are left, as it does with `as_completed`.
#[must_use = "streams do nothing unless polled"]
pub struct AsCompletedStream<F: AnyFuture> {
    completed: AsCompleted<F>,
    has_ended: bool,
}

impl<F: AnyFuture> AsCompleted<F> {
    /// The same as a `futures::Stream`, which yields each future as it ends. Needs the feature `stream`.
    /// Python: `asyncio.as_completed` over `asyncio.wrap_future`.
    ///
    /// ```
    /// use concurrent_futures_core::{Promise, as_completed};
    /// use futures_lite::{StreamExt, future::block_on};
    ///
    /// let (promise, future) = Promise::new();
    /// let mut completed = as_completed([future]).into_stream();
    /// promise.start().unwrap().complete(5);
    /// let future = block_on(completed.next()).unwrap();
    /// assert_eq!(future.result().unwrap(), 5);           // it is done: this doesn't block
    /// assert!(block_on(completed.next()).is_none());
    /// ```
    pub fn into_stream(self) -> AsCompletedStream<F> {
        AsCompletedStream { completed: self, has_ended: false }
    }
}

impl<F: AnyFuture> AsCompletedStream<F> {
    /// Adds one more future, as [`AsCompleted::push`]. Whoever has polled meanwhile is woken by it too, and a stream that had
    /// ended goes on.
    pub fn push(&mut self, future: F) {
        self.completed.push(future);
        self.has_ended &= self.completed.remaining() == 0;
    }

    /// The iterator again, of what has not been yielded.
    pub fn into_inner(self) -> AsCompleted<F> {
        self.completed
    }
}

/// Nothing in it is pinned.
impl<F: AnyFuture> Unpin for AsCompletedStream<F> {}

impl<F: AnyFuture> Stream for AsCompletedStream<F> {
    type Item = F;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<F>> {
        let this = self.get_mut();
        let next = this.completed.poll(context);
        this.has_ended = matches!(next, Poll::Ready(None));
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.completed.size_hint()
    }
}

/// Terminated when it has said that it ends, until something is pushed; a poll after that says so again.
impl<F: AnyFuture> FusedStream for AsCompletedStream<F> {
    fn is_terminated(&self) -> bool {
        self.has_ended
    }
}

impl<F: AnyFuture> fmt::Debug for AsCompletedStream<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompletedStream").field("remaining", &self.completed.remaining()).finish_non_exhaustive()
    }
}
