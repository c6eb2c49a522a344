use std::fmt;
use std::sync::{Arc, Weak};

use super::Tally;
use crate::error::TaskError;
use crate::shared::AnyTask;
use crate::state::State;
use crate::task::{TaskId, TaskOptions};

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

    /// Whether nobody needs to run the task any more: its outcome is decided, though perhaps not released, since callbacks
    /// still run; or nobody holds it.
    ///
    /// ```
    /// use concurrent_futures_core::{Job, State};
    ///
    /// let (future, job) = Job::new(None, || 1);
    /// let handle = job.handle();
    /// future.add_done_callback(move |_| assert!(handle.is_over() && handle.state() == Some(State::Pending)));
    /// assert!(!job.handle().is_over());
    /// assert!(future.cancel() && job.handle().is_over());
    /// ```
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.task.upgrade().is_none_or(|task| task.is_decided())
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
    ///
    /// # Blocking
    ///
    /// For as long as the done callbacks take, which run here.
    pub fn fail(&self, error: impl Into<TaskError>) -> bool {
        self.fail_then(error, |_| ())
    }

    /// As [`fail`](Self::fail); if that ends the future, calls `before_release` once, after the callbacks and before
    /// anybody who waits is woken, to count the tasks. What a chunk gave away meanwhile is none of them.
    pub fn fail_then(&self, error: impl Into<TaskError>, before_release: impl FnOnce(Tally)) -> bool {
        let mut before_release = Some(before_release);
        let mut hooks = |tally: Tally| {
            if let Some(before_release) = before_release.take() {
                before_release(tally);
            }
        };
        self.task.upgrade().is_some_and(|task| task.fail(error.into(), &mut hooks))
    }

    /// Begins no further task of it.
    pub(crate) fn withdraw(&self) {
        if let Some(task) = self.task.upgrade() {
            task.withdraw();
        }
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
