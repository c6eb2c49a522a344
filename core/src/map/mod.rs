//! `map`: many calls of one function, in chunks, within a bounded window ahead of the consumer.
//!
//! ```text
//!   input ──pull──► [ a b c | d e f | g h i ] ──submit──► executor      the consumer's thread pulls and submits,
//!     ▲               chunks of the window                    │         in the call of map and in next()
//!     │                                                       ▼
//!   next() ◄── current chunk ◄── oldest (or first to end) of the chunks in flight
//! ```
//!
//! - **M1** The input is pulled on the consumer's thread only, so it may be endless, borrowing and not `Send`.
//! - **M2** At most `buffer_size` items are pulled and not yet yielded.
//! - **M3** A failing item fails alone; the others run exactly once.
//! - **M4** Dropping the map cancels what has not begun.
//! - **M5** After the deadline, what isn't done is cancelled and yields `DeadlineExceeded`; nothing more is pulled, and if
//!   nothing else said so, one item does. What runs is stopped, as an abort without grace stops it, and what of its chunk
//!   was in time is yielded where the executor can tell.
//! - **M6** Each result knows the number of its item, in whatever order it comes and whoever has computed it.

mod chunk;
mod deadline;
mod keyed;
mod options;
mod recall;
mod sizing;
#[cfg(feature = "stream")]
mod stream;
mod submitter;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

pub(crate) use chunk::{Chunk, ChunkOutcome};
use deadline::{MapDeadline, because_of};
#[cfg(feature = "stream")]
pub use keyed::KeyedStream;
pub use keyed::{Keyed, KeyedArguments, keyed};
pub use options::MapOptions;
pub(crate) use recall::Recall;
use sizing::Sizing;
#[cfg(feature = "stream")]
pub use stream::MapStream;
use submitter::{Submitter, ToExecutor};

use crate::cancel_on_drop::CancelOnDrop;
use crate::error::{TaskError, TaskFailure};
use crate::executor::{Executor, InProcess};
use crate::shared::AnyTask;
use crate::wait::{AsCompleted, as_completed};
use crate::work::{Callee, Shared, SharedFallible};

/// The results of a `map`, in the order of the input (or of completion, where [`unordered`](MapOptions::unordered)).
///
/// It starts at the call and runs ahead within a bounded window; a failing item is an `Err` and the iteration goes on.
/// Dropping it cancels what has not begun, and says that nobody wants the rest: of what it gives up nothing goes to the
/// hook of [`set_report_hook`](crate::set_report_hook), not even items that have failed ahead of the consumer.
/// [`keyed()`] tells which item a result is of.
///
/// ```
/// use concurrent_futures_core::{InProcess, Map, MapOptions};
///
/// fn sum_of_what_worked(executor: &dyn InProcess) -> u64 {
///     let results = Map::in_process(executor, MapOptions::new(), |n: u64| 100 / (n % 5), 0..50);
///     results.filter_map(Result::ok).sum()
/// }
/// ```
///
/// Python: the iterator that `Executor.map` returns. Python's ends at the first error.
///
/// # Blocking
///
/// `next` blocks until its item is done (where unordered: until any is), at most until the map's deadline and for the moment
/// that it takes to stop what runs then, a second at most; and as a submit does.
///
/// # Panics
///
/// With the panics of the input; and as [`Future::result`](crate::Future::result), where the wait could never end.
#[must_use = "dropping the results of a map cancels what has not begun; iterate, or collect"]
pub struct Map<'ex, I: Iterator, R: Send + 'static> {
    input: I,
    submitter: Box<dyn Submitter<I::Item, R> + Send + 'ex>,
    sizing: Sizing,
    flight: Flight<R>,
    /// Results of the chunk that is being yielded, and the parts of it that other workers took over.
    current: std::vec::IntoIter<Result<R, TaskError>>,
    /// The number of the next one of them, by the order of the input.
    number: usize,
    rests: Vec<InFlight<R>>,
    in_flight: usize,
    /// How many items were pulled.
    pulled: usize,
    /// The input has said that there is no more.
    has_ended: bool,
    deadline: Option<MapDeadline>,
    recall: Arc<Recall>,
}

/// A chunk that was submitted and not yet yielded.
pub(crate) struct InFlight<R: Send + 'static> {
    future: CancelOnDrop<ChunkOutcome<R>>,
    span: Span,
}

/// Which items a chunk holds, by the order of the input; of a part that lies in an outcome still, from the start of its
/// chunk on.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    first: usize,
    len: usize,
}

enum Flight<R: Send + 'static> {
    Ordered(VecDeque<InFlight<R>>),
    Unordered(AsCompleted<(Span, CancelOnDrop<ChunkOutcome<R>>)>),
}

impl<'ex, I, R> Map<'ex, I, R>
where
    I: Iterator<Item: Send + 'static>,
    R: Send + 'static,
{
    pub(crate) fn start<E, C>(executor: &'ex E, options: MapOptions, callee: C, input: I) -> Self
    where
        E: Executor + ?Sized,
        C: Callee<I::Item, Output = R> + 'ex,
    {
        let sizing = Sizing::new(&options, executor.stats().max_workers);
        let deadline = options.deadline_limit().map(MapDeadline::after);
        let flight = match options.is_unordered() {
            true => Flight::Unordered(as_completed([])),
            false => Flight::Ordered(VecDeque::new()),
        };
        let recall = Arc::new(Recall::new(deadline.is_some()));
        let options = options.captured_here();
        let submitter = Box::new(ToExecutor { executor, callee, options, recall: recall.clone() });
        let mut map = Self {
            input,
            submitter,
            sizing,
            flight,
            current: Vec::new().into_iter(),
            number: 0,
            rests: Vec::new(),
            in_flight: 0,
            pulled: 0,
            has_ended: false,
            deadline,
            recall,
        };
        map.refill(true);
        map
    }

    /// Pulls and submits as long as there is room in the window, and in the executor. With nothing in flight one chunk is
    /// submitted whatever the executor says, if that `may_block`: it blocks, or it refuses.
    fn refill(&mut self, may_block: bool) {
        if self.has_ended || self.has_expired() {
            return;
        }
        loop {
            let room = self.sizing.window().saturating_sub(self.in_flight);
            let least = usize::from(may_block && self.in_flight == 0);
            let taken = self.submitter.capacity().unwrap_or(usize::MAX).max(least);
            let size = self.sizing.chunk().min(room).min(taken);
            // Room comes back chunk by chunk: without a least, small chunks would beget small chunks.
            if size < self.sizing.least_chunk().min(taken.max(1)) || size == 0 {
                return;
            }
            // Counted one by one: where the input panics, those before it are lost, and keep their numbers.
            let first = self.pulled;
            let items: Vec<I::Item> = self.input.by_ref().take(size).inspect(|_| self.pulled += 1).collect();
            let len = items.len();
            if len > 0 {
                let span = Span { first, len };
                let future = self.submitter.submit(items).cancel_on_drop();
                self.sizing.note_submitted(len);
                self.in_flight += len;
                match &mut self.flight {
                    Flight::Ordered(queue) => queue.push_back(InFlight { future, span }),
                    Flight::Unordered(completed) => completed.push((span, future)),
                }
            }
            if len < size {
                self.has_ended = true;
                return;
            }
        }
    }

    /// The next result, and which item of the input it is of. One that says that the deadline left a part of the input
    /// where it is has the number that the next item would have.
    fn next_numbered(&mut self) -> Option<(usize, Result<R, TaskError>)> {
        loop {
            if let Some(numbered) = self.next_of_current() {
                return Some(numbered);
            }
            if !self.next_chunk() {
                return None;
            }
        }
    }

    /// The next result of the chunk that is being yielded, with its number.
    fn next_of_current(&mut self) -> Option<(usize, Result<R, TaskError>)> {
        let result = self.current.next()?;
        let number = self.number;
        self.number += 1;
        self.in_flight -= 1;
        Some((number, result))
    }

    /// Makes the next chunk the current one. False if there is none.
    fn next_chunk(&mut self) -> bool {
        if let Some(rest) = self.rests.pop() {
            self.land(rest);
            return true;
        }
        // The next items are pulled just before waiting for the oldest.
        self.refill(true);
        let until = self.deadline.as_ref().filter(|deadline| !deadline.has_passed).map(|deadline| deadline.at);
        match &mut self.flight {
            Flight::Ordered(queue) => match queue.pop_front() {
                Some(chunk) => self.land(chunk),
                None => return self.tell_of_what_is_left(),
            },
            Flight::Unordered(_) if self.deadline.as_ref().is_some_and(|deadline| deadline.has_passed) => {
                self.put_in_order();
            }
            Flight::Unordered(completed) => match completed.next_until(until) {
                Ok(None) => return self.tell_of_what_is_left(),
                Ok(Some((span, future))) => self.land(InFlight { future, span }),
                Err(()) => self.expire(None),
            },
        }
        true
    }

    /// After the deadline nothing is waited for: one order is as good as another.
    fn put_in_order(&mut self) {
        if let Flight::Unordered(completed) = &mut self.flight {
            let left = std::mem::replace(completed, as_completed([])).into_remaining();
            self.flight = Flight::Ordered(left.into_iter().map(|(span, future)| InFlight { future, span }).collect());
        }
    }

    /// Waits for a chunk and makes its results the current ones.
    fn land(&mut self, chunk: InFlight<R>) {
        self.await_or_expire(&chunk);
        let expired = self.deadline.as_ref().filter(|deadline| deadline.has_passed).map(|deadline| deadline.limit);
        let Span { first, len } = chunk.span;
        let outcome = if expired.is_some() && !self.await_stopped(&chunk) {
            Err(TaskError::Cancelled)
        } else {
            chunk.future.into_inner().result()
        };
        let (mut results, mut rests) = match outcome {
            Ok(outcome) => {
                self.sizing.learn(outcome.results.len(), outcome.took);
                (outcome.results, outcome.rests)
            }
            Err(error) => (std::iter::repeat_with(|| Err(error.clone())).take(len).collect(), Vec::new()),
        };
        if let Some(limit) = expired {
            results = results.into_iter().map(|result| result.map_err(because_of(limit))).collect();
        }
        rests.iter_mut().for_each(|rest| rest.span.first += first);
        self.number = first;
        self.current = results.into_iter();
        match &mut self.flight {
            // The part given away last comes first in the order of the input, so it is popped first.
            Flight::Ordered(_) => self.rests.extend(rests),
            Flight::Unordered(completed) => completed.extend(rests.into_iter().map(|rest| (rest.span, rest.future))),
        }
        self.note_late_ones();
    }
}

impl<I: Iterator, R: Send + 'static> Map<'_, I, R> {
    /// Tells the chunks in flight to begin nothing further.
    fn withdraw(&self) {
        self.recall.withdraw();
        self.tasks_in_flight().into_iter().for_each(AnyTask::withdraw);
    }

    /// Those of the chunks in flight that have not ended.
    fn tasks_in_flight(&self) -> Vec<Arc<dyn AnyTask>> {
        let mut tasks = Vec::new();
        let mut add = |future: &CancelOnDrop<ChunkOutcome<R>>| {
            if !future.done() {
                tasks.push(future.any());
            }
        };
        self.rests.iter().for_each(|chunk| add(&chunk.future));
        match &self.flight {
            Flight::Ordered(queue) => queue.iter().for_each(|chunk| add(&chunk.future)),
            Flight::Unordered(completed) => completed.iter_remaining().for_each(|(_, future)| add(future)),
        }
        tasks
    }
}

impl<'ex, I, R> Map<'ex, I, R>
where
    I: Iterator<Item: Send + 'static>,
    R: Send + 'static,
{
    /// Starts a map of a closure, for who writes an executor in this process and gives it a `map` of its own.
    ///
    /// ```
    /// use concurrent_futures_core::{Executor, InProcess, Map, MapOptions, TaskError};
    ///
    /// fn squares(executor: &dyn InProcess, upto: u64) -> Result<Vec<u64>, TaskError> {
    ///     Map::in_process(executor, MapOptions::new(), |n| n * n, 0..upto).collect()
    /// }
    /// ```
    pub fn in_process<E, F>(executor: &'ex E, options: MapOptions, function: F, items: I) -> Self
    where
        E: InProcess + ?Sized,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        Self::start(executor, options, Shared(Arc::new(function)), items)
    }

    /// As [`in_process`](Self::in_process), of a closure that returns a `Result`, whose errors become the items'.
    pub fn in_process_fallible<E, F, X>(executor: &'ex E, options: MapOptions, function: F, items: I) -> Self
    where
        E: InProcess + ?Sized,
        F: Fn(I::Item) -> Result<R, X> + Send + Sync + 'static,
        X: TaskFailure,
    {
        Self::start(executor, options, SharedFallible(Arc::new(function)), items)
    }
}

impl<I, R> Iterator for Map<'_, I, R>
where
    I: Iterator<Item: Send + 'static>,
    R: Send + 'static,
{
    type Item = Result<R, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_numbered().map(|(_, result)| result)
    }

    /// Exact where the input's is, as long as no deadline passes.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = if self.has_ended { (0, Some(0)) } else { self.input.size_hint() };
        let least = if self.deadline.is_some() { 0 } else { least };
        (self.in_flight.saturating_add(least), most.and_then(|most| most.checked_add(self.in_flight)))
    }
}

impl<I, R> std::iter::FusedIterator for Map<'_, I, R>
where
    I: Iterator<Item: Send + 'static>,
    R: Send + 'static,
{
}

impl<I: Iterator, R: Send + 'static> Drop for Map<'_, I, R> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl<I: Iterator, R: Send + 'static> fmt::Debug for Map<'_, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}
