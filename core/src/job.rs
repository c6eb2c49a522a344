//! What an executor gets: a task to run, in place or elsewhere.
//!
//! ```text
//!               start                       run, or complete from bytes
//!   ┌─────┐ ───────────────► ┌────────────┐ ───────────────────────────► ended
//!   │ Job │  start_killable  │ RunningJob │  drop: Abandoned
//!   └─────┘                  └────────────┘
//!      │ drop: Abandoned           │ split_off: what has not begun comes back as a Job
//!      ▼                           ▼
//!    ended                        Job
//! ```
//!
//! Neither can be cloned, and each move consumes what it starts from, so an illegal move doesn't compile:
//!
//! ```compile_fail,E0599
//! use concurrent_futures_core::Job;
//! fn execute(job: Job) {
//!     job.fail_task(0, concurrent_futures_core::TaskError::Cancelled);   // only a RunningJob has tasks to fail
//! }
//! ```

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::error::{TaskError, TaskFailure};
use crate::future::Future;
#[cfg(feature = "portable")]
use crate::portable::Encoded;
use crate::shared::{AnyTask, Task, dropped_by_executor};
use crate::state::State;
use crate::task::{TaskId, TaskOptions};
use crate::work::{Once, OnceFallible, Work};
use crate::worker::ExecutorId;

/// A task that waits for its executor; the other side of a [`Future`].
///
/// It is the one allocation that is also the future's shared state. A job may hold several tasks, a *chunk* of `map`:
/// [`tasks`](Self::tasks) says how many.
///
/// ```
/// use concurrent_futures_core::{Job, TaskOptions};
///
/// let (future, job) = Job::new(TaskOptions::new(), || 6 * 7);
/// let running = job.start().unwrap();      // nothing to start if the future was cancelled
/// running.run();
/// assert_eq!(future.result().unwrap(), 42);
/// ```
#[must_use = "a job that is dropped fails its future with Abandoned"]
pub struct Job {
    task: Option<Arc<dyn AnyTask>>,
}

/// Why a job did not start. Its future has ended or will end without this executor's help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// The task was cancelled.
    Cancelled,
    /// A worker that waits for the task runs it in place, or it was failed through its handle.
    Elsewhere,
}

/// How the tasks of a job ended, as their executor counts them: one for a plain job, many for a chunk of `map`.
///
/// ```
/// use concurrent_futures_core::{Job, Tally, TaskOptions};
///
/// let (future, job) = Job::new(TaskOptions::new(), || 1);
/// job.start().unwrap().run_then(|tally| assert_eq!(tally, Tally { returned: 1, ..Tally::default() }));
/// # future.result().unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Returned a value.
    pub returned: usize,
    /// Failed.
    pub failed: usize,
    /// Ended because they were asked to.
    pub cancelled: usize,
}

/// What is asked of the executor that runs a killable task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interrupt {
    /// Stop the task: let it end by itself for `grace`, then stop its worker.
    Abort {
        /// How long the task may still run.
        grace: Duration,
    },
    /// Of a chunk: begin no further task; what runs may finish.
    Withdraw,
}

/// What a worker is told while it runs a task, by [`Job::run_with`] and [`RunningJob::run_with`].
///
/// A worker that announces in [`before_release`](Self::before_release) that it is free is found free by whoever the
/// result wakes. What it announced it takes back in [`before_foreign_code`](Self::before_foreign_code).
///
/// A closure that takes the tally is such hooks, for who announces nothing.
pub trait RunHooks {
    /// The task has started, and runs next.
    ///
    /// # Errors
    ///
    /// What the future ends with instead: the function doesn't run then.
    fn started(&mut self, task: &Started<'_>) -> Result<(), TaskError> {
        let _ = task;
        Ok(())
    }

    /// The result is released next, after the callbacks and before anybody who waits is woken. The first call counts the
    /// task; the tally of later ones is empty, and so is that of a task whose future had ended before, by a deadline or
    /// a kill: nobody will see this outcome.
    fn before_release(&mut self, tally: Tally);

    /// Foreign code runs on this thread although the result was as good as released: a callback that joined late, or
    /// the destructor of a result that nobody wants. It may take long, and it may block.
    fn before_foreign_code(&mut self) {}
}

impl<F: FnMut(Tally)> RunHooks for F {
    fn before_release(&mut self, tally: Tally) {
        self(tally);
    }
}

/// A task that has just started, as [`RunHooks::started`] sees it.
pub struct Started<'a> {
    pub(crate) id: TaskId,
    pub(crate) tasks: usize,
    pub(crate) deadline: Option<Instant>,
    pub(crate) handle: &'a dyn Fn() -> JobHandle,
}

impl Started<'_> {
    /// The task's id; the first one's of a chunk.
    #[must_use]
    #[inline]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// How many tasks this is.
    #[must_use]
    #[inline]
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// When the task runs out of time, if it has a deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// A handle that keeps nothing alive, for a deadline.
    #[must_use]
    pub fn handle(&self) -> JobHandle {
        (self.handle)()
    }
}

impl fmt::Debug for Started<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("id", &self.id).field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl Tally {
    pub(crate) fn of<T>(outcome: &Result<T, TaskError>) -> Self {
        let mut tally = Self::default();
        tally.count(outcome);
        tally
    }

    pub(crate) fn count<T>(&mut self, outcome: &Result<T, TaskError>) {
        match outcome {
            Ok(_) => self.returned += 1,
            Err(TaskError::Cancelled) => self.cancelled += 1,
            Err(_) => self.failed += 1,
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.returned + self.failed + self.cancelled
    }
}

impl Job {
    /// Makes a task of a closure: its future, and the job for an executor in this process.
    pub fn new<R, F>(options: impl Into<Option<TaskOptions>>, function: F) -> (Future<R>, Self)
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Self::of(Once(function), options.into())
    }

    /// As [`new`](Self::new), of a closure that returns a `Result`, whose error becomes the future's.
    ///
    /// ```
    /// use concurrent_futures_core::{Job, TaskError, TaskOptions};
    ///
    /// let (future, job) = Job::new_fallible(TaskOptions::new(), || "x".parse::<u32>());
    /// job.run();
    /// assert!(matches!(future.result(), Err(TaskError::Failed(_))));
    /// ```
    pub fn new_fallible<R, E, F>(options: impl Into<Option<TaskOptions>>, function: F) -> (Future<R>, Self)
    where
        F: FnOnce() -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: TaskFailure,
    {
        Self::of(OnceFallible(function), options.into())
    }

    pub(crate) fn of<W: Work>(work: W, options: Option<TaskOptions>) -> (Future<W::Output>, Self) {
        let task = Task::new(work, options);
        (Future::new(task.clone()), Self { task: Some(task) })
    }

    /// The task's id, the same as [`Future::id`]; the first one's of a chunk.
    #[must_use]
    #[inline]
    pub fn id(&self) -> TaskId {
        self.task().id()
    }

    /// How many tasks this is: 1, or the length of a chunk of `map`.
    #[must_use]
    #[inline]
    pub fn tasks(&self) -> usize {
        self.task().len()
    }

    /// What was asked of the task.
    #[must_use]
    pub fn options(&self) -> TaskOptions {
        self.task().options()
    }

    /// Where the future stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.task().state()
    }

    /// Says which executor the job now waits in, so that a wait on one of its workers can run it in place.
    #[inline]
    pub fn bind(&self, executor: ExecutorId) {
        self.task().bind(executor);
    }

    /// Keeps `permit` for as long as the task waits: it is dropped as soon as the task starts, is cancelled or failed.
    /// A bounded queue counts its room by it.
    #[inline]
    pub fn hold(&self, permit: impl Any + Send) {
        self.task().hold(Box::new(permit));
    }

    /// A handle that keeps nothing alive.
    #[must_use]
    pub fn handle(&self) -> JobHandle {
        JobHandle::new(self.task())
    }

    /// The task as bytes for another process; `None` if it can't leave this one. What can't be encoded fails alone and
    /// is left out.
    #[cfg(feature = "portable")]
    #[must_use]
    pub fn encode(&self) -> Option<Encoded> {
        self.task().clone().encode()
    }

    /// PENDING → RUNNING.
    ///
    /// # Errors
    ///
    /// If the future has ended, or the task begun elsewhere: the task must not run.
    pub fn start(self) -> Result<RunningJob, Skipped> {
        self.start_with(None)
    }

    /// As [`start`](Self::start), for an executor that can stop what runs: `hook` is called by `abort`, on the
    /// aborting thread. Hook and start are one step, so no abort falls between them.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_killable(self, hook: impl Fn(Interrupt) + Send + Sync + 'static) -> Result<RunningJob, Skipped> {
        self.start_with(Some(Arc::new(hook)))
    }

    fn start_with(mut self, hook: Option<crate::shared::InterruptHook>) -> Result<RunningJob, Skipped> {
        let deadline = self.task().start(hook)?;
        Ok(RunningJob { task: self.task.take(), deadline })
    }

    /// Starts and runs the task on the calling thread, unless it was cancelled.
    pub fn run(self) {
        // Whatever it was skipped for, its future ends without us.
        let _ = self.run_with(&mut |_: Tally| ());
    }

    /// As [`start`](Self::start) and [`RunningJob::run_with`] in one step, which is what most tasks need: cheaper, and
    /// with the hook [`started`](RunHooks::started) between the two.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    #[inline]
    pub fn run_with(mut self, hooks: &mut dyn RunHooks) -> Result<(), Skipped> {
        match self.task.take() {
            Some(task) => task.start_and_run(hooks),
            None => Err(Skipped::Elsewhere),
        }
    }

    /// PENDING → FINISHED: the executor refuses the task, or gives it up. False if the future had ended, or the task
    /// begun elsewhere.
    pub fn fail(mut self, error: impl Into<TaskError>) -> bool {
        self.task.take().is_some_and(|task| task.fail_pending(error.into()))
    }

    /// As [`fail`](Self::fail), and tells what came first if it was too late: an executor counts a task that was
    /// cancelled as that.
    ///
    /// ```
    /// use concurrent_futures_core::{Job, Reason, Rejected, Skipped, TaskOptions};
    ///
    /// let (future, job) = Job::new(TaskOptions::new(), || 1);
    /// drop(future.cancel_on_drop());
    /// assert_eq!(job.refuse(Rejected::new(Reason::ShutDown)), Err(Skipped::Cancelled));
    /// ```
    ///
    /// # Errors
    ///
    /// If the future had ended, or the task begun elsewhere.
    pub fn refuse(mut self, error: impl Into<TaskError>) -> Result<(), Skipped> {
        let Some(task) = self.task.take() else { return Err(Skipped::Elsewhere) };
        if task.clone().fail_pending(error.into()) {
            return Ok(());
        }
        // It isn't pending any more, so this starts nothing and says why.
        task.start(None).map(|_| ())
    }

    /// PENDING → CANCELLED, as by [`Future::cancel`].
    pub fn cancel(mut self) -> bool {
        self.task.take().is_some_and(AnyTask::cancel)
    }

    fn task(&self) -> &Arc<dyn AnyTask> {
        self.task.as_ref().expect("a job has its task until a move consumes both")
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.fail_pending(dropped_by_executor());
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("id", &self.id()).field("state", &self.state()).finish_non_exhaustive()
    }
}

/// A task that has begun: run it in place, or complete it from what came back.
#[must_use = "a running job that is dropped fails its future with Abandoned"]
pub struct RunningJob {
    task: Option<Arc<dyn AnyTask>>,
    deadline: Option<Instant>,
}

impl RunningJob {
    /// Claims a queued task for the thread that waits for it.
    pub(crate) fn claim(task: &Arc<dyn AnyTask>) -> Option<Self> {
        let deadline = task.start(None).ok()?;
        Some(Self { task: Some(task.clone()), deadline })
    }

    /// The task's id; the first one's of a chunk.
    #[must_use]
    #[inline]
    pub fn id(&self) -> TaskId {
        self.task().id()
    }

    /// How many tasks this is.
    #[must_use]
    #[inline]
    pub fn tasks(&self) -> usize {
        self.task().len()
    }

    /// What was asked of the task.
    #[must_use]
    pub fn options(&self) -> TaskOptions {
        self.task().options()
    }

    /// When the task runs out of time, if it has a deadline; counted from the start.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// A handle that keeps nothing alive, for a deadline or a kill.
    #[must_use]
    pub fn handle(&self) -> JobHandle {
        JobHandle::new(self.task())
    }

    /// Runs the task on the calling thread. A panic in it becomes the outcome.
    pub fn run(self) {
        self.run_then(|_| ());
    }

    /// As [`run`](Self::run); calls `before_release` once, after the callbacks and before anybody who waits is woken,
    /// to count the task. The tally is empty if the future had ended before, by a deadline or a kill: nobody will see
    /// this outcome.
    pub fn run_then(self, mut before_release: impl FnMut(Tally)) {
        let mut is_counted = false;
        self.run_with(&mut |tally: Tally| {
            if !std::mem::replace(&mut is_counted, true) {
                before_release(tally);
            }
        });
    }

    /// As [`run`](Self::run), telling `hooks` when the worker is free, and when it is not after all.
    pub fn run_with(mut self, hooks: &mut dyn RunHooks) {
        if let Some(task) = self.task.take() {
            task.run(hooks);
        }
    }

    /// Ends the task with an error. False if its future had ended before.
    pub fn fail(mut self, error: impl Into<TaskError>) -> bool {
        self.task.take().is_some_and(|task| task.fail(error.into()))
    }

    /// Ends one task of the job with an error; the job ends with its last task.
    pub fn fail_task(&self, index: usize, error: impl Into<TaskError>) {
        self.task().clone().fail_item(index, error.into());
    }

    /// Completes one task of the job from the bytes that [`serve`](crate::portable::serve) gave; the job ends with its
    /// last task. Bytes that can't be decoded fail this task with [`TaskError::Codec`]. Tells how
    /// this task ended; the tally is empty if the job had ended before.
    #[cfg(feature = "portable")]
    pub fn complete_task(&self, index: usize, reply: &[u8]) -> Tally {
        self.task().clone().complete_item(index, reply)
    }

    /// The task as bytes, once more: for another attempt after its worker died.
    #[cfg(feature = "portable")]
    #[must_use]
    pub fn encode(&self) -> Option<Encoded> {
        self.task().clone().encode()
    }

    /// Begins another attempt: counts it, and starts the deadline anew. The state stays RUNNING.
    pub fn retry(&mut self) {
        self.task().retry();
    }

    /// Takes back the tasks from index `from` on, none of which may have begun, as a job of their own. `None` if this
    /// is no chunk, or there are none.
    #[must_use]
    pub fn split_off(&self, from: usize) -> Option<Job> {
        self.task().clone().split_off(from)
    }

    /// Whether the tasks that have not begun are not wanted any more: their `map` was dropped.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.task().is_withdrawn()
    }

    fn task(&self) -> &Arc<dyn AnyTask> {
        self.task.as_ref().expect("a running job has its task until a move consumes both")
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        if let Some(task) = self.task.take()
            && !task.is_released()
        {
            task.fail(dropped_by_executor());
        }
    }
}

impl fmt::Debug for RunningJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningJob").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// A weak handle by which an executor ends a task that somebody else holds: a deadline, a kill.
///
/// ```
/// use concurrent_futures_core::{Abandoned, Job, TaskOptions};
///
/// let (future, job) = Job::new(TaskOptions::new(), || 1);
/// let handle = job.handle();
/// assert!(handle.fail(Abandoned::new("the lights went out")));
/// assert!(!handle.fail(Abandoned::new("again")), "one outcome is enough");
/// assert!(job.start().is_err());
/// assert!(future.result().is_err());
/// ```
#[derive(Clone)]
pub struct JobHandle {
    id: TaskId,
    task: Weak<dyn AnyTask>,
}

impl JobHandle {
    pub(crate) fn new(task: &Arc<dyn AnyTask>) -> Self {
        Self { id: task.id(), task: Arc::downgrade(task) }
    }

    /// The task's id.
    #[must_use]
    #[inline]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Where the future stands; `None` if nobody holds the task any more.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        self.task.upgrade().map(|task| task.state())
    }

    /// How many tasks the job has; 0 if nobody holds it any more.
    #[must_use]
    #[inline]
    pub fn tasks(&self) -> usize {
        self.task.upgrade().map_or(0, |task| task.len())
    }

    /// The task's options; the default ones if nobody holds the task any more.
    #[must_use]
    pub fn options(&self) -> TaskOptions {
        self.task.upgrade().map(|task| task.options()).unwrap_or_default()
    }

    /// Ends the future with an error, whether the task waits or runs; one that runs is asked to stop in the same step,
    /// so that it can't come before the error with what it returns then. False if it had ended before.
    pub fn fail(&self, error: impl Into<TaskError>) -> bool {
        self.task.upgrade().is_some_and(|task| task.fail(error.into()))
    }

    /// Sets the task's cancellation flag, which `task::current().is_cancelled()` tells.
    pub fn request_stop(&self) {
        if let Some(task) = self.task.upgrade() {
            task.request_stop();
        }
    }

    /// Whether the task was asked to stop, by [`request_stop`](Self::request_stop) or by an abort: what an executor
    /// tells a task that it runs from bytes, by `portable::Context::stop_when`.
    #[must_use]
    pub fn is_stop_requested(&self) -> bool {
        self.task.upgrade().is_some_and(|task| task.stop_requested())
    }
}

impl fmt::Debug for JobHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("id", &self.id).field("state", &self.state()).finish_non_exhaustive()
    }
}
