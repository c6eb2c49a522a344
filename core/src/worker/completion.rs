//! Completions whose callbacks another thread runs: from the thread that decides an outcome to the one that tells it.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::sync::thread_local;
use crate::task::TaskId;

thread_local! {
    static SINK: RefCell<Option<Arc<dyn CompletionSink>>> = RefCell::default();
}

/// A decided outcome with its callbacks: until it is run, the future isn't done.
///
/// Dropping it runs it too, so that no future is left without its end.
#[must_use = "dropping it runs its callbacks here"]
pub struct Completion {
    id: TaskId,
    rest: Option<Box<dyn FnOnce() + Send>>,
}

impl Completion {
    pub(crate) fn new(id: TaskId, rest: impl FnOnce() + Send + 'static) -> Self {
        Self { id, rest: Some(Box::new(rest)) }
    }

    /// Whose completion it is; the first task's of a chunk.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Runs the callbacks in order, then releases the future. A panic of theirs is reported.
    pub fn run(mut self) {
        self.run_rest();
    }

    fn run_rest(&mut self) {
        if let Some(rest) = self.rest.take() {
            rest();
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.run_rest();
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where a thread leaves completions that have callbacks; see [`defer_callbacks`].
pub trait CompletionSink: Send + Sync {
    /// Takes a completion, to be run in the order of arrival. Called with no lock held; should return at once.
    fn accept(&self, completion: Completion);
}

/// Leaves the callbacks of what the calling thread decides to another thread, until the guard is dropped.
///
/// A thread that looks after workers must not run callbacks, which may take long or wait for what only this thread can
/// bring. Completions without callbacks are released here at once.
///
/// ```
/// use std::sync::{Arc, mpsc};
/// use concurrent_futures_core::Promise;
/// use concurrent_futures_core::worker::{self, Completion, CompletionSink};
///
/// struct Desk(mpsc::Sender<Completion>);
/// impl CompletionSink for Desk {
///     fn accept(&self, completion: Completion) {
///         let _ = self.0.send(completion);
///     }
/// }
///
/// let (tx, rx) = mpsc::channel();
/// let guard = worker::defer_callbacks(Arc::new(Desk(tx)));
/// let (promise, future) = Promise::new();
/// future.add_done_callback(|outcome| println!("{outcome:?}"));
/// promise.start().unwrap().complete(5);
/// assert!(!future.done(), "nobody has run its callback");
/// rx.recv().unwrap().run();            // on a thread of its own
/// assert!(future.done());
/// # drop(guard);
/// ```
#[must_use = "it ends with the guard"]
pub fn defer_callbacks(sink: Arc<dyn CompletionSink>) -> DeferGuard {
    DeferGuard { previous: set_sink(Some(sink)), not_send: PhantomData }
}

/// The calling thread leaves its callbacks to another one; from [`defer_callbacks`].
pub struct DeferGuard {
    previous: Option<Arc<dyn CompletionSink>>,
    not_send: PhantomData<*const ()>,
}

impl Drop for DeferGuard {
    fn drop(&mut self) {
        drop(set_sink(self.previous.take()));
    }
}

impl fmt::Debug for DeferGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeferGuard").finish_non_exhaustive()
    }
}

fn set_sink(new: Option<Arc<dyn CompletionSink>>) -> Option<Arc<dyn CompletionSink>> {
    SINK.try_with(|current| current.replace(new)).ok().flatten()
}

/// Where the calling thread leaves its callbacks; none on most threads.
pub(crate) fn sink() -> Option<Arc<dyn CompletionSink>> {
    SINK.try_with(|current| current.borrow().clone()).ok().flatten()
}
