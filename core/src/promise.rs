use std::fmt;
use std::sync::Arc;

use crate::error::{Panicked, TaskError};
use crate::future::Future;
use crate::shared::{AnyTask, Task, dropped_by_executor};
use crate::task::TaskId;
use crate::work::Elsewhere;

/// The producer's side of a future, for bridges to interfaces that call back.
///
/// Executors hold a [`Job`](crate::Job) instead. A promise is started before it is completed, and each step consumes
/// the one before, so completing twice doesn't compile:
///
/// ```compile_fail,E0599
/// let (promise, future) = concurrent_futures_core::Promise::new();
/// promise.complete(5);        // not started
/// ```
///
/// ```
/// use concurrent_futures_core::Promise;
///
/// let (promise, future) = Promise::new();
/// match promise.start() {
///     Some(running) => drop(running.complete(5)),
///     None => println!("cancelled meanwhile: don't begin"),
/// }
/// assert_eq!(future.result().unwrap(), 5);
/// ```
///
/// Python: a `Future` on which one calls `set_running_or_notify_cancel`, `set_result` and `set_exception`.
#[must_use = "a promise that is dropped fails its future with Abandoned"]
pub struct Promise<T: Send + 'static> {
    task: Option<Arc<Task<Elsewhere<T>>>>,
}

impl<T: Send + 'static> Promise<T> {
    /// Makes a promise and its future, in the state *pending*.
    pub fn new() -> (Self, Future<T>) {
        let task = Task::new(Elsewhere::new(), None);
        let future = Future::new(task.clone());
        (Self { task: Some(task) }, future)
    }

    /// The future's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        id_of(&self.task)
    }

    /// PENDING → RUNNING, or nothing if the future was cancelled. Python: `set_running_or_notify_cancel`.
    #[must_use]
    pub fn start(mut self) -> Option<RunningPromise<T>> {
        let task = self.task.take()?;
        task.start(None).ok()?;
        Some(RunningPromise { task: Some(task) })
    }

    /// PENDING → FINISHED, with an error: what was promised will not even begin. False if the future was cancelled.
    /// Python: `set_exception` on a future that is pending.
    pub fn fail(mut self, error: impl Into<TaskError>) -> bool {
        self.task.take().is_some_and(|task| task.fail_pending(error.into()))
    }
}

impl<T: Send + 'static> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.fail_pending(dropped_by_executor());
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// A promise whose work has begun; from [`Promise::start`].
///
/// ```
/// use concurrent_futures_core::{Failed, Promise};
///
/// let (promise, future) = Promise::<u8>::new();
/// let running = promise.start().unwrap();
/// assert!(future.running() && !running.is_cancelled());
/// running.fail(Failed::new("no answer", None));
/// assert!(future.error().is_some());
/// ```
///
/// # Blocking
///
/// Whoever ends it runs the future's done callbacks.
#[must_use = "a running promise that is dropped fails its future with Abandoned"]
pub struct RunningPromise<T: Send + 'static> {
    task: Option<Arc<Task<Elsewhere<T>>>>,
}

impl<T: Send + 'static> RunningPromise<T> {
    /// The future's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        id_of(&self.task)
    }

    /// Whether the future's owner asked for the end, by `abort`.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.task.as_ref().is_some_and(|task| crate::task::TaskView::stop_requested(&**task))
    }

    /// Ends the future with a value. Python: `set_result`.
    pub fn complete(self, value: T) {
        self.settle(Ok(value));
    }

    /// Ends the future with an error. Python: `set_exception`.
    pub fn fail(self, error: impl Into<TaskError>) {
        self.settle(Err(error.into()));
    }

    /// Ends the future with either.
    pub fn settle(mut self, outcome: Result<T, TaskError>) {
        if let Some(task) = self.task.take() {
            task.finish(outcome, &mut |_: crate::job::Tally| ());
        }
    }

    /// Runs `function` and ends the future with what it returns; a panic becomes [`TaskError::Panicked`].
    ///
    /// ```
    /// use concurrent_futures_core::{Promise, TaskError};
    ///
    /// let (promise, future) = Promise::<u8>::new();
    /// promise.start().unwrap().complete_with(|| panic!("no"));
    /// assert!(matches!(future.result(), Err(TaskError::Panicked(_))));
    /// ```
    pub fn complete_with(self, function: impl FnOnce() -> T) {
        crate::panic_location::install();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(function))
            .map_err(|payload| TaskError::from(Panicked::from_payload(payload, crate::panic_location::take(), None)));
        self.settle(outcome);
    }
}

impl<T: Send + 'static> Drop for RunningPromise<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.fail(dropped_by_executor(), &mut |_: crate::job::Tally| ());
        }
    }
}

impl<T: Send + 'static> fmt::Debug for RunningPromise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningPromise").field("id", &self.id()).finish_non_exhaustive()
    }
}

fn id_of<T: Send + 'static>(task: &Option<Arc<Task<Elsewhere<T>>>>) -> TaskId {
    let task = task.as_ref().expect("a promise has its task until a move consumes both");
    crate::task::TaskView::id(&**task)
}
