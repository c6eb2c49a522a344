use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::job::Interrupt;
use crate::shared::AnyTask;
use crate::task::TaskId;

/// A handle that can stop a task without owning its future, from [`Future::canceller`](crate::Future::canceller).
///
/// It keeps nothing alive and can be cloned: give one to a Ctrl-C handler, or to the timeout of an enclosing service.
///
/// ```
/// use concurrent_futures_core::{Promise, TaskError};
///
/// let (_promise, future) = Promise::<u8>::new();
/// let canceller = future.canceller();
/// std::thread::spawn(move || canceller.cancel());
/// assert!(matches!(future.result(), Err(TaskError::Cancelled)));
/// ```
///
/// Python has no counterpart: there everybody who has the future can cancel it.
///
/// # Blocking
///
/// As [`Future::cancel`](crate::Future::cancel): for as long as the done callbacks take.
#[derive(Clone)]
pub struct Canceller {
    id: TaskId,
    task: Weak<dyn AnyTask>,
}

impl Canceller {
    pub(crate) fn new(task: &Arc<dyn AnyTask>) -> Self {
        Self { id: task.id(), task: Arc::downgrade(task) }
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Whether nobody holds the task any more: there is nothing left to stop. For who keeps many of these.
    ///
    /// ```
    /// let (promise, future) = concurrent_futures_core::Promise::<u8>::new();
    /// let canceller = future.canceller();
    /// drop(future);
    /// assert!(!canceller.is_spent());
    /// drop(promise);
    /// assert!(canceller.is_spent());
    /// ```
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.task.strong_count() == 0
    }

    /// As [`Future::cancel`](crate::Future::cancel); false too where neither the future nor its executor holds the
    /// task any more.
    pub fn cancel(&self) -> bool {
        self.task.upgrade().is_some_and(AnyTask::cancel)
    }

    /// As [`Future::abort`](crate::Future::abort); false too where nobody holds the task any more.
    pub fn abort(&self, grace: Duration) -> bool {
        self.task.upgrade().is_some_and(|task| task.abort(Interrupt::Abort { grace }))
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("id", &self.id).finish_non_exhaustive()
    }
}
