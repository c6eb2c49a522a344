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
//! A job that was sent ahead to a worker elsewhere is [offered](Job::offer) meanwhile.
//!
//! Neither can be cloned, and each move consumes what it starts from, so an illegal move doesn't compile:
//!
//! ```compile_fail,E0599
//! use concurrent_futures_core::Job;
//! fn execute(job: Job) {
//!     job.fail_task(0, concurrent_futures_core::TaskError::Cancelled);   // only a RunningJob has tasks to fail
//! }
//! ```

mod handle;
mod hooks;
mod offer;
mod running;
mod tally;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use handle::JobHandle;
pub use hooks::{RunHooks, Started};
pub use offer::Offer;
pub use running::RunningJob;
pub use tally::Tally;

use crate::context;
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
///
/// Python: `_WorkItem`, inside `concurrent.futures.thread`.
#[must_use = "a job that is dropped fails its future with Abandoned"]
pub struct Job {
    task: Option<Arc<dyn AnyTask>>,
}

/// Why a job did not start. Its future has ended or will end without this executor's help.
///
/// ```
/// use concurrent_futures_core::{Job, Skipped};
///
/// let (future, job) = Job::new(None, || 1);
/// assert!(future.cancel());
/// assert_eq!(job.start().unwrap_err(), Skipped::Cancelled);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// The task was cancelled.
    Cancelled,
    /// A worker that waits for the task runs it in place, or it was failed through its handle.
    Elsewhere,
}

/// What is asked of the executor that runs a killable task, through the hook of [`Job::start_killable`].
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

impl Job {
    /// Makes a task of a closure: its future, and the job for an executor in this process.
    pub fn new<R, F>(options: impl Into<Option<TaskOptions>>, function: F) -> (Future<R>, Self)
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Self::submitted(Once(function), options.into())
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
        Self::submitted(OnceFallible(function), options.into())
    }

    /// A job of what the calling thread submits, with what goes along from there.
    pub(crate) fn submitted<W: Work>(work: W, options: Option<TaskOptions>) -> (Future<W::Output>, Self) {
        // The common case by itself, so that no options are made, moved and thrown away for it.
        if options.is_none() && !context::is_any() {
            return Self::of(work, None);
        }
        Self::of(work, Some(options.unwrap_or_default().captured_here()))
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

    /// Says that the job lies with a worker elsewhere that may begin it at any moment: from now on whoever looks at the
    /// future, or would cancel it, asks the offer, and [`start`](Self::start) succeeds also if one of them has found
    /// that it has begun. The offer is dropped when the task ends.
    ///
    /// # Errors
    ///
    /// If there is nothing to offer: the future has ended, or the task begun elsewhere.
    pub fn offer(&self, offer: Arc<dyn Offer>) -> Result<(), Skipped> {
        self.task().offer(offer)
    }

    /// Says that the job lies with no worker any more, since it was withdrawn there: it can be offered anew.
    pub fn take_back(&self) {
        self.task().take_back();
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
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use concurrent_futures_core::{Interrupt, Job, TaskError};
    ///
    /// let (tell, hear) = mpsc::channel();
    /// let (future, job) = Job::new(None, || 1);
    /// let running = job.start_killable(move |interrupt| drop(tell.send(interrupt))).unwrap();
    /// assert!(future.abort(Duration::ZERO), "somebody will stop it");
    /// assert_eq!(hear.recv().unwrap(), Interrupt::Abort { grace: Duration::ZERO });
    /// running.fail(TaskError::Cancelled);          // once its worker is gone
    /// assert!(future.cancelled());
    /// ```
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_killable(self, hook: impl Fn(Interrupt) + Send + Sync + 'static) -> Result<RunningJob, Skipped> {
        self.start_with(Some(Arc::new(hook)))
    }

    fn start_with(mut self, hook: Option<crate::shared::InterruptHook>) -> Result<RunningJob, Skipped> {
        let deadline = self.task().start(hook)?;
        Ok(RunningJob::new(self.task.take(), deadline))
    }

    /// Starts and runs the task on the calling thread, unless it was cancelled.
    ///
    /// # Blocking
    ///
    /// For as long as the task and its done callbacks take, which run here.
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

    /// PENDING → CANCELLED, as by [`Future::cancel`]; but by the executor, which a scope counts as a failure of its task.
    pub fn cancel(mut self) -> bool {
        self.task.take().is_some_and(AnyTask::give_up)
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
