use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_core::{FusedStream, Stream};

use super::{Flight, InFlight, Map};
use crate::error::TaskError;

/// The results of a `map`, for an async runtime; from [`Map::into_stream`].
///
/// It has no thread and no task of its own: the input is pulled, and chunks are submitted, where it is polled. A poll that
/// is dropped loses nothing. Dropping the stream cancels what has not begun, as dropping the map does.
#[must_use = "streams do nothing unless polled, and dropping one cancels what has not begun"]
pub struct MapStream<'ex, I: Iterator, R: Send + 'static> {
    pub(super) map: Map<'ex, I, R>,
    /// The chunk that is waited for.
    front: Option<InFlight<R>>,
    pub(super) has_ended: bool,
}

impl<'ex, I, R> Map<'ex, I, R>
where
    I: Iterator<Item: Send + 'static>,
    R: Send + 'static,
{
    /// The same as a `futures::Stream`. Needs the feature `stream`. Python has no counterpart.
    ///
    /// Where the executor is bounded and full, a poll waits for room without blocking, on the pools of this project; on an
    /// executor that doesn't implement [`Executor::poll_capacity`](crate::Executor::poll_capacity) it blocks as a submit does.
    /// The input is pulled in the poll, so it should not block either. Room that somebody else takes while it is pulled is
    /// waited for as by a submit: with [`WhenFull::Block`](crate::WhenFull::Block) that poll blocks until there is some.
    /// So let a bounded pool have one stream and no other submitters, or submit by `ready` and `as_completed`.
    ///
    /// A deadline of the map is looked at in each poll, and nobody polls because it passes: let the runtime's timer do
    /// so, at [`MapStream::deadline`].
    ///
    /// ```
    /// use concurrent_futures_core::{InProcess, Map, MapOptions, TaskError};
    /// use futures_lite::StreamExt;
    ///
    /// async fn squares(executor: &dyn InProcess) -> Result<Vec<u64>, TaskError> {
    ///     Map::in_process(executor, MapOptions::new(), |n: u64| n * n, 0..100).into_stream().try_collect().await
    /// }
    /// ```
    pub fn into_stream(self) -> MapStream<'ex, I, R> {
        MapStream { map: self, front: None, has_ended: false }
    }
}

impl<I, R> MapStream<'_, I, R>
where
    I: Iterator<Item: Send + 'static>,
    R: Send + 'static,
{
    /// When the map's deadline passes, if it has one that the clock can tell.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.map.deadline.as_ref().and_then(|deadline| deadline.at)
    }

    /// The next result, and which item of the input it is of, as [`Map::next_numbered`].
    pub(super) fn poll_numbered(&mut self, context: &Context<'_>) -> Poll<Option<(usize, Result<R, TaskError>)>> {
        loop {
            if let Some(numbered) = self.map.next_of_current() {
                return Poll::Ready(Some(numbered));
            }
            if !ready!(self.poll_chunk(context)) {
                self.has_ended = true;
                return Poll::Ready(None);
            }
        }
    }

    /// Makes the next chunk the current one. False if there is none.
    fn poll_chunk(&mut self, context: &Context<'_>) -> Poll<bool> {
        if self.map.has_expired() && !self.has_passed() {
            self.map.expire(self.front.as_ref());
        }
        if self.front.is_none() {
            self.front = ready!(self.poll_front(context));
        }
        let has_passed = self.has_passed();
        match self.front.take() {
            None => Poll::Ready(self.map.tell_of_what_is_left()),
            Some(chunk) if chunk.future.poll_done(context) || has_passed && !self.map.is_being_stopped(&chunk) => {
                self.map.land(chunk);
                Poll::Ready(true)
            }
            waits => {
                self.front = waits;
                Poll::Pending
            }
        }
    }

    /// The next chunk to wait for, if there is one.
    fn poll_front(&mut self, context: &Context<'_>) -> Poll<Option<InFlight<R>>> {
        if let Some(rest) = self.map.rests.pop() {
            return Poll::Ready(Some(rest));
        }
        ready!(self.poll_refill(context));
        if self.has_passed() {
            self.map.put_in_order();
        }
        match &mut self.map.flight {
            Flight::Ordered(queue) => Poll::Ready(queue.pop_front()),
            Flight::Unordered(completed) => {
                completed.poll(context).map(|next| next.map(|(span, future)| InFlight { future, span }))
            }
        }
    }

    /// Pulls and submits; pending only if nothing is in flight, and the executor takes nothing now.
    fn poll_refill(&mut self, context: &Context<'_>) -> Poll<()> {
        // What ends this loop: somebody else can't take the room for ever without its being taken and given back, and
        // where there is none, this is pending.
        loop {
            self.map.refill(false);
            if self.map.in_flight > 0 || self.map.has_ended || self.map.has_expired() {
                return Poll::Ready(());
            }
            if ready!(self.map.submitter.poll_capacity(context)).is_none_or(|room| room == 0) {
                // It can't tell when there is room: it blocks, or it refuses.
                self.map.refill(true);
                return Poll::Ready(());
            }
        }
    }

    fn has_passed(&self) -> bool {
        self.map.deadline.as_ref().is_some_and(|deadline| deadline.has_passed)
    }
}

/// Nothing in it is pinned.
impl<I: Iterator, R: Send + 'static> Unpin for MapStream<'_, I, R> {}

impl<I, R> Stream for MapStream<'_, I, R>
where
    I: Iterator<Item: Send + 'static>,
    R: Send + 'static,
{
    type Item = Result<R, TaskError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_numbered(context).map(|next| next.map(|(_, result)| result))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.map.size_hint()
    }
}

/// Terminated when it has said that it ends; a poll after that says so again.
impl<I, R> FusedStream for MapStream<'_, I, R>
where
    I: Iterator<Item: Send + 'static>,
    R: Send + 'static,
{
    fn is_terminated(&self) -> bool {
        self.has_ended
    }
}

impl<I: Iterator, R: Send + 'static> Drop for MapStream<'_, I, R> {
    fn drop(&mut self) {
        // The map, which is dropped next, tells all that is in flight.
        self.map.rests.extend(self.front.take());
    }
}

impl<I: Iterator, R: Send + 'static> fmt::Debug for MapStream<'_, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapStream").field("in_flight", &self.map.in_flight).finish_non_exhaustive()
    }
}
