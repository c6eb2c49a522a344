use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::blocking_wait;
use crate::callback;
use crate::cancel_on_drop::CancelOnDrop;
use crate::canceller::Canceller;
use crate::error::{TaskError, TimedOut};
use crate::job::Interrupt;
use crate::shared::{AnyTask, TypedTask};
use crate::state::State;
use crate::sync::deadline_after;
use crate::task::TaskId;
use crate::type_text;

/// The result of a task, sooner or later.
///
/// One owner; dropping it detaches: the task runs on. A failure that nobody looked at is then reported
/// ([`set_report_hook`](crate::set_report_hook)).
///
/// ```
/// use concurrent_futures_core::{Job, TaskOptions};
///
/// let (future, job) = Job::new(TaskOptions::new(), || 6.0 * 7.0);
/// assert!(future.to_string().ends_with("state=pending>"));
/// std::thread::spawn(|| job.run());
/// assert_eq!(future.get().unwrap(), &42.0);                          // look, as often as wanted
/// assert!(future.to_string().ends_with("state=finished returned f64>"));
/// assert_eq!(future.result().unwrap(), 42.0);                        // move the value out
/// ```
///
/// # Naming it
///
/// Edition 2024 has the trait [`std::future::Future`] in its prelude. Without an import of ours, a signature that says
/// `Future<i32>` means that trait, and rustc proposes `impl Future<i32>`, which then has no `result`:
///
/// ```text
/// error[E0782]: expected a type, found a trait
/// help: use `impl Future<i32>` to return an opaque type, as long as you return a single underlying type
/// ```
///
/// ```compile_fail,E0782
/// fn start() -> Future<i32> { concurrent_futures_core::Promise::new().1 }
/// ```
///
/// The cure is `use concurrent_futures::Future;` (or the same from the crate that you depend on). Where both are needed, name the trait by its path:
///
/// ```
/// use concurrent_futures_core::Future;
/// fn start() -> Future<i32> { concurrent_futures_core::Promise::new().1 }
/// fn awaitable() -> impl std::future::Future<Output = u8> { async { 1 } }
/// ```
///
/// # Blocking
///
/// `result`, `result_timeout`, `get`, `error`, `wait` and `wait_timeout` block; nothing else does. On a worker of a
/// pool, a wait without timeout for a task that is queued in the same pool runs that task in place. An `.await` under a
/// `block_on` inside a task is unknown to the pool: let it stand in the pool's `blocking`.
///
/// # Panics
///
/// A wait without timeout panics if it could never end: in the future's own done callback, in a circle of tasks that
/// wait for each other, or on a pool that may not block one more worker. The panic becomes the outcome of the task that
/// closed the circle, or is reported where a callback did.
///
/// # Deadlocks
///
/// A done callback must not take a lock that somebody holds who waits for the same future: waiters are woken after the
/// callbacks.
///
/// Python: `concurrent.futures.Future`.
#[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
pub struct Future<T> {
    task: Arc<dyn TypedTask<T>>,
    /// The outcome, once somebody looked at it: it moves here, where it can be borrowed.
    seen: OnceLock<Result<T, TaskError>>,
}

impl<T> Future<T> {
    pub(crate) fn new(task: Arc<dyn TypedTask<T>>) -> Self {
        Self { task, seen: OnceLock::new() }
    }

    /// Blocks until the task is done and moves its value out. Python: `Future.result()`.
    ///
    /// # Errors
    ///
    /// Why there is no value.
    ///
    /// # Panics
    ///
    /// Where the wait could never end (see [`Future`]), and after the value was handed out by `.await`.
    ///
    /// ```
    /// use concurrent_futures_core::{Job, TaskError};
    ///
    /// let (future, job) = Job::new_fallible(None, || "x".parse::<u8>());
    /// job.run();
    /// assert!(matches!(future.result(), Err(TaskError::Failed(_))));
    /// ```
    #[track_caller]
    pub fn result(mut self) -> Result<T, TaskError> {
        self.wait();
        self.take_outcome()
    }

    /// As [`result`](Self::result), but waits no longer than `timeout`. Python: `Future.result(timeout)`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] gives the future back, untouched. A wait's timeout is never a task's error.
    ///
    /// # Panics
    ///
    /// In the future's own done callback, and after the value was handed out by `.await`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures_core::Promise;
    ///
    /// let (promise, future) = Promise::<u8>::new();
    /// let timed_out = future.result_timeout(Duration::from_millis(1)).unwrap_err();
    /// let future = timed_out.into_inner();
    /// assert!(!future.done());
    /// ```
    #[track_caller]
    pub fn result_timeout(mut self, timeout: Duration) -> Result<Result<T, TaskError>, TimedOut<Self>> {
        if self.wait_timeout(timeout) { Ok(self.take_outcome()) } else { Err(TimedOut::new(self)) }
    }

    /// As [`result`](Self::result), but never blocks. Python: `Future.result(0)`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] gives the future back if it isn't done.
    ///
    /// # Panics
    ///
    /// After the value was handed out by `.await`.
    ///
    /// ```
    /// use concurrent_futures_core::Promise;
    ///
    /// let (promise, future) = Promise::new();
    /// let future = future.try_result().unwrap_err().into_inner();
    /// promise.start().unwrap().complete(5);
    /// assert_eq!(future.try_result().unwrap().unwrap(), 5);
    /// ```
    pub fn try_result(mut self) -> Result<Result<T, TaskError>, TimedOut<Self>> {
        if self.done() { Ok(self.take_outcome()) } else { Err(TimedOut::new(self)) }
    }

    /// Blocks until the task is done and looks at the outcome, as often as wanted. Python: `Future.result()`, which gives
    /// everybody the same object.
    ///
    /// # Errors
    ///
    /// Why there is no value. It is lent like the value; to hand it on with `?`, clone it:
    ///
    /// ```
    /// use concurrent_futures_core::{Future, TaskError};
    ///
    /// fn show(future: &Future<u8>) -> Result<(), TaskError> {
    ///     println!("{}", future.get().map_err(TaskError::clone)?);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`result`](Self::result).
    #[track_caller]
    pub fn get(&self) -> Result<&T, &TaskError> {
        self.wait();
        self.look()
    }

    /// Blocks until the task is done; the error, if it has no value. Python: `Future.exception()`.
    ///
    /// # Panics
    ///
    /// As [`result`](Self::result).
    ///
    /// ```
    /// use concurrent_futures_core::{Promise, TaskError};
    ///
    /// let (_promise, future) = Promise::<u8>::new();
    /// assert!(future.cancel());
    /// assert!(future.error().is_some_and(TaskError::is_cancelled));
    /// ```
    #[track_caller]
    pub fn error(&self) -> Option<&TaskError> {
        self.get().err()
    }

    /// Blocks until the task is done. Python: `wait([future])`.
    ///
    /// # Panics
    ///
    /// Where the wait could never end (see [`Future`]).
    #[track_caller]
    pub fn wait(&self) {
        if !self.task.is_released() {
            let task: Arc<dyn AnyTask> = self.task.clone();
            blocking_wait::wait(&task, None);
        }
    }

    /// Blocks until the task is done, at most for `timeout`; tells whether it is done. Python: `wait([future], timeout)`.
    ///
    /// # Panics
    ///
    /// In the future's own done callback.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        if self.task.is_released() {
            return true;
        }
        let task: Arc<dyn AnyTask> = self.task.clone();
        blocking_wait::wait(&task, deadline_after(timeout))
    }

    /// Whether the task is done; if it isn't, whoever polls is woken when it is.
    pub(crate) fn poll_done(&self, context: &Context<'_>) -> bool {
        if !self.done() {
            // Whoever polls may park this thread afterwards; nobody else completes what it owes.
            callback::pay_debts();
        }
        self.done() || self.task.set_waker(context.waker())
    }

    /// Where the task stands; never blocks.
    ///
    /// ```
    /// use concurrent_futures_core::{Promise, State};
    ///
    /// let (promise, future) = Promise::<u8>::new();
    /// assert_eq!(future.state(), State::Pending);
    /// let running = promise.start().unwrap();
    /// assert!(future.running() && !future.done());
    /// running.complete(5);
    /// assert!(future.done() && !future.cancelled());
    /// ```
    #[must_use]
    pub fn state(&self) -> State {
        self.task.state()
    }

    /// Whether the task has ended in any way; never blocks. Python: `done()`.
    #[must_use]
    pub fn done(&self) -> bool {
        self.task.is_released()
    }

    /// Whether a worker has begun the task and not ended it; never blocks. Python: `running()`.
    #[must_use]
    pub fn running(&self) -> bool {
        self.state() == State::Running
    }

    /// Whether the task was cancelled, or stopped by its executor; never blocks. Python: `cancelled()`.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.state() == State::Cancelled
    }

    /// The task's id, unique in this process.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.task.id()
    }

    /// Cancels the task if it has not begun; true means that it never runs. Python: `cancel()`.
    ///
    /// # Blocking
    ///
    /// For as long as the done callbacks take: they run on the thread that cancels.
    ///
    /// ```
    /// use concurrent_futures_core::{Job, TaskOptions};
    ///
    /// let (future, job) = Job::new(TaskOptions::new(), || println!("never said"));
    /// assert!(future.cancel() && future.cancelled());
    /// job.run();                          // nothing to run
    /// # future.detach();
    /// ```
    pub fn cancel(&self) -> bool {
        let task: Arc<dyn AnyTask> = self.task.clone();
        task.cancel()
    }

    /// Stops the task also if it runs; returns at once. Python has no counterpart.
    ///
    /// True: the task never ran, or its worker will be stopped. The task's cancellation flag
    /// ([`task::current()`](crate::task::current)) is set; a task that returns within `grace` keeps its outcome, and an
    /// `Err` after a failed [`check`](crate::task::CurrentTask::check) counts as cancelled, in a task of a fallible call. After the grace a worker
    /// *process* is killed and replaced, and the future is cancelled. A *thread* can't be stopped: there a task that has
    /// begun gets the flag only, and the answer is false.
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures_core::Promise;
    ///
    /// let (promise, future) = Promise::<u8>::new();
    /// let running = promise.start().unwrap();
    /// assert!(!future.abort(Duration::ZERO));      // it was asked to stop; nobody can make it
    /// assert!(running.is_cancelled());
    /// ```
    ///
    /// # Blocking
    ///
    /// For as long as the done callbacks take, if the task has not begun: as [`cancel`](Self::cancel).
    pub fn abort(&self, grace: Duration) -> bool {
        let task: Arc<dyn AnyTask> = self.task.clone();
        task.abort(Interrupt::Abort { grace })
    }

    /// A handle that can stop the task without owning its future.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        let task: Arc<dyn AnyTask> = self.task.clone();
        Canceller::new(&task)
    }

    /// Says that the result isn't wanted; the task runs on. A failure is still reported. Python: the future is just
    /// dropped.
    pub fn detach(self) {}

    /// Cancels the task if the future is dropped before the task has begun. Python has no counterpart.
    ///
    /// ```
    /// use concurrent_futures_core::{Job, TaskOptions};
    ///
    /// let (future, job) = Job::new(TaskOptions::new(), || ());
    /// drop(future.cancel_on_drop());
    /// assert!(job.start().is_err());
    /// ```
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop::new(self)
    }

    /// Calls `callback` with the outcome as soon as the task is done. Python: `add_done_callback(fn)`.
    ///
    /// Before the end: on the thread that ends the task, or one that its pool keeps for callbacks; in the order of
    /// addition, before anybody who waits is woken, so a waiter sees what the callbacks did. After the end: at once, here. With no lock held. A panic is reported
    /// ([`set_report_hook`](crate::set_report_hook)) and hurts nobody. The callback may submit tasks, cancel, and shut
    /// pools down.
    ///
    /// ```
    /// use concurrent_futures_core::{Job, TaskOptions};
    ///
    /// let (future, job) = Job::new(TaskOptions::new(), || 5);
    /// future.add_done_callback(|outcome| println!("{outcome:?}"));
    /// job.run();
    /// # future.result().unwrap();
    /// ```
    ///
    /// Write the closure inline, or pass a named function: a closure that was stored in a variable before is inferred
    /// for one lifetime only ("implementation of `FnOnce` is not general enough").
    ///
    /// # Blocking
    ///
    /// After the end, for as long as `callback` takes.
    pub fn add_done_callback<F>(&self, callback: F)
    where
        F: FnOnce(Result<&T, &TaskError>) + Send + 'static,
    {
        if let Err(callback) = self.task.add_callback(Box::new(callback)) {
            callback::tell_one(self.id(), callback, self.look());
        }
    }

    pub(crate) fn any(&self) -> Arc<dyn AnyTask> {
        self.task.clone()
    }

    /// Whether the task is done and has failed; cancelled is no failure.
    pub(crate) fn failed(&self) -> bool {
        self.task.failed()
    }

    /// The outcome of a done task, which moves to where it can be borrowed.
    fn look(&self) -> Result<&T, &TaskError> {
        self.seen.get_or_init(|| self.task.take().expect("the outcome was moved out by `.await` already")).as_ref()
    }

    #[track_caller]
    fn take_outcome(&mut self) -> Result<T, TaskError> {
        let seen = self.seen.take();
        seen.or_else(|| self.task.take()).expect("the outcome was moved out by `.await` already")
    }
}

impl<T> std::future::Future for Future<T> {
    type Output = Result<T, TaskError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.poll_done(context) { Poll::Ready(this.take_outcome()) } else { Poll::Pending }
    }
}

/// Terminated is what was ready in a poll: its outcome is gone. So `futures::select!` takes it without `.fuse()`.
///
/// ```
/// use concurrent_futures_core::Promise;
/// use futures_core::FusedFuture;
/// use futures_lite::future::block_on;
///
/// let (promise, mut future) = Promise::new();
/// promise.start().unwrap().complete(5);
/// assert!(!future.is_terminated());
/// assert_eq!(block_on(&mut future).unwrap(), 5);
/// assert!(future.is_terminated());
/// ```
#[cfg(feature = "stream")]
impl<T> futures_core::FusedFuture for Future<T> {
    fn is_terminated(&self) -> bool {
        // Who looks moves the outcome from the task to `seen`; but nobody can while somebody else polls.
        self.done() && self.seen.get().is_none() && self.task.outcome_kind().is_none()
    }
}

/// The value is never pinned: it moves out of the shared state.
impl<T> Unpin for Future<T> {}

/// A panic can't leave a future half-changed: no user code runs while its state changes.
impl<T> UnwindSafe for Future<T> {}
impl<T> RefUnwindSafe for Future<T> {}

impl<T> fmt::Display for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Arc::as_ptr(&self.task).cast::<()>();
        let state = self.state();
        write!(f, "<Future at {address:p} state={state}")?;
        if state == State::Finished {
            let kind = match self.seen.get() {
                Some(outcome) => Some(outcome.as_ref().map(|_| ()).map_err(TaskError::name)),
                None => self.task.outcome_kind(),
            };
            match kind {
                Some(Ok(())) => write!(f, " returned {}", type_text::short_type_name::<T>())?,
                Some(Err(name)) => write!(f, " raised {name}")?,
                None => {}
            }
        }
        f.write_str(">")
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
