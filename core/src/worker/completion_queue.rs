//! The thread that runs the callbacks of others, and what it does while one of them waits.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use super::Completion;
use crate::callback;
use crate::sync::thread_local;
use crate::task::TaskId;

thread_local! {
    static QUEUE: RefCell<Option<Arc<dyn CompletionQueue>>> = RefCell::default();
}

/// Completions that wait for the one thread that runs them, as that thread sees them; see [`run_completions_of`].
///
/// Arrivals and calls of [`wake`](Self::wake) are remembered until a [`wait`](Self::wait) has returned for them: what
/// comes between a look and the wait is not lost.
///
/// ```
/// use std::collections::VecDeque;
/// use std::sync::{Condvar, Mutex};
/// use std::time::Instant;
/// use concurrent_futures_core::TaskId;
/// use concurrent_futures_core::worker::{Completion, CompletionQueue, CompletionSink};
///
/// #[derive(Default)]
/// struct Desk {
///     state: Mutex<State>,
///     changed: Condvar,
/// }
///
/// #[derive(Default)]
/// struct State {
///     waiting: VecDeque<Completion>,
///     news: bool,
/// }
///
/// impl CompletionSink for Desk {
///     fn accept(&self, completion: Completion) {
///         self.state.lock().unwrap().waiting.push_back(completion);
///         self.wake();
///     }
/// }
///
/// impl CompletionQueue for Desk {
///     fn take(&self, wanted: &dyn Fn(TaskId) -> bool) -> Option<Completion> {
///         let waiting = &mut self.state.lock().unwrap().waiting;
///         let index = waiting.iter().position(|completion| wanted(completion.id()))?;
///         waiting.remove(index)
///     }
///
///     fn wait(&self, deadline: Option<Instant>) {
///         let mut state = self.state.lock().unwrap();
///         while !std::mem::take(&mut state.news) {
///             state = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
///                 None => self.changed.wait(state).unwrap(),
///                 Some(left) if left.is_zero() => return,
///                 Some(left) => self.changed.wait_timeout(state, left).unwrap().0,
///             };
///         }
///     }
///
///     fn wake(&self) {
///         self.state.lock().unwrap().news = true;
///         self.changed.notify_all();
///     }
/// }
/// ```
pub trait CompletionQueue: Send + Sync {
    /// Takes out the first completion whose id is wanted; none if there is none now. `wanted` takes no lock.
    fn take(&self, wanted: &dyn Fn(TaskId) -> bool) -> Option<Completion>;

    /// Blocks until something arrives, or [`wake`](Self::wake) is called, or the deadline passes; may return early.
    fn wait(&self, deadline: Option<Instant>);

    /// Ends the [`wait`](Self::wait) of the thread, or its next one. Called with no lock held, from any thread.
    fn wake(&self);
}

/// Announces the calling thread as the one that runs the completions of `queue`, until the guard is dropped.
///
/// A callback that waits there for a future whose completion stands behind it in the queue would wait for ever. So such
/// a wait runs that completion itself, out of turn, and no other. That holds for every wait of this library; an
/// `.await` under a `block_on` is unknown to it.
#[must_use = "it ends with the guard"]
pub fn run_completions_of(queue: Arc<dyn CompletionQueue>) -> QueueGuard {
    QueueGuard { previous: set_queue(Some(queue)), not_send: PhantomData }
}

/// The calling thread runs the completions of a queue; from [`run_completions_of`].
pub struct QueueGuard {
    previous: Option<Arc<dyn CompletionQueue>>,
    not_send: PhantomData<*const ()>,
}

impl Drop for QueueGuard {
    fn drop(&mut self) {
        drop(set_queue(self.previous.take()));
    }
}

impl fmt::Debug for QueueGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueGuard").finish_non_exhaustive()
    }
}

fn set_queue(new: Option<Arc<dyn CompletionQueue>>) -> Option<Arc<dyn CompletionQueue>> {
    QUEUE.try_with(|current| current.replace(new)).ok().flatten()
}

/// The queue whose completions the calling thread runs; none on most threads.
pub(crate) fn queue() -> Option<Arc<dyn CompletionQueue>> {
    QUEUE.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Waits on the thread of `queue` until `is_enough`, running what is wanted of the queue; false at the deadline.
///
/// What wakes it if everybody else is dead: a producer that vanishes decides an outcome, which arrives in the queue or is
/// released; then whoever watches the future wakes the queue.
pub(crate) fn wait_at(
    queue: &dyn CompletionQueue,
    deadline: Option<Instant>,
    wanted: &dyn Fn(TaskId) -> bool,
    is_enough: impl Fn() -> bool,
) -> bool {
    while !is_enough() {
        if let Some(completion) = queue.take(wanted) {
            completion.run();
            // Deep in callbacks it is owed now.
            callback::pay_debts();
        } else if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return false;
        } else {
            queue.wait(deadline);
        }
    }
    true
}
