use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::TaskId;
use crate::worker;

/// The task that the calling thread runs.
///
/// Outside any task it answers as a task that nobody labelled and nobody can cancel, so a function that asks can also
/// be called directly.
///
/// ```
/// use concurrent_futures_core::task;
/// assert!(task::current().id().is_none() && !task::current().is_cancelled());
/// ```
#[must_use]
pub fn current() -> CurrentTask {
    worker::current_task()
}

/// A handle to the running task, from [`task::current()`](current). Python has no counterpart.
///
/// ```
/// use concurrent_futures_core::{Job, TaskOptions, task};
///
/// let (future, job) = Job::new(TaskOptions::new().label("census"), || {
///     let me = task::current();
///     (me.id(), me.label(), me.attempt())
/// });
/// job.run();
/// let id = future.id();
/// assert_eq!(future.result().unwrap(), (Some(id), Some("census".into()), 1));
/// ```
#[derive(Clone)]
pub struct CurrentTask {
    view: Option<Arc<dyn TaskView>>,
    index: usize,
}

/// What a running task is asked about, wherever it was submitted.
pub(crate) trait TaskView: Send + Sync {
    fn id(&self) -> TaskId;
    fn label(&self) -> Option<String>;
    fn attempt(&self) -> u32;
    fn deadline(&self) -> Option<Instant>;
    fn stop_requested(&self) -> bool;
    /// Notes that the task was told to stop: an `Err` that it returns from now on counts as cancelled.
    fn see_stop(&self);
    fn has_seen_stop(&self) -> bool;
    /// The very value behind the view, for who knows its type.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    /// The task as its own pool knows it; none in a worker process.
    fn as_task(self: Arc<Self>) -> Option<Arc<dyn crate::shared::AnyTask>>;
}

impl CurrentTask {
    pub(crate) fn new(view: Option<Arc<dyn TaskView>>, index: usize) -> Self {
        Self { view, index }
    }

    pub(crate) fn has_seen_stop(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.has_seen_stop())
    }

    /// The task's id, the same as [`Future::id`](crate::Future::id); `None` outside any task.
    #[must_use]
    pub fn id(&self) -> Option<TaskId> {
        self.view.as_ref().map(|view| view.id().offset(self.index))
    }

    /// The label given in [`TaskOptions`](crate::TaskOptions).
    #[must_use]
    pub fn label(&self) -> Option<String> {
        self.view.as_ref().and_then(|view| view.label())
    }

    /// Which attempt this is, from 1; more than 1 only where retries were asked for. Outside any task: 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.view.as_ref().map_or(1, |view| view.attempt())
    }

    /// When the task runs out of time, where it has a deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.view.as_ref().and_then(|view| view.deadline())
    }

    /// Whether somebody asked the task to stop: by `abort`, by a deadline that passed, or by `Shutdown::kill`.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.stop_requested())
    }

    /// Ends a task that was asked to stop, by `?`.
    ///
    /// ```
    /// use concurrent_futures_core::task;
    ///
    /// fn work(steps: u32) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    ///     for _ in 0..steps {
    ///         task::current().check()?;
    ///     }
    ///     Ok(steps)
    /// }
    /// assert_eq!(work(3).unwrap(), 3);
    /// ```
    ///
    /// # Errors
    ///
    /// [`Stopped`] if [`is_cancelled`](Self::is_cancelled). Any `Err` that a task of a fallible call (`submit_fallible`,
    /// `spawn_fallible`, `map_fallible`) returns afterwards counts as
    /// [`TaskError::Cancelled`](crate::TaskError::Cancelled), not as a failure. For `submit` and `spawn` a `Result` is a
    /// value like any other.
    pub fn check(&self) -> Result<(), Stopped> {
        match &self.view {
            Some(view) if view.stop_requested() => {
                view.see_stop();
                Err(Stopped(()))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for CurrentTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentTask")
            .field("id", &self.id())
            .field("label", &self.label())
            .field("attempt", &self.attempt())
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

/// The running task was asked to stop; from [`CurrentTask::check`].
///
/// ```
/// fn is_error(_: &dyn std::error::Error) {}
/// fn takes(stopped: concurrent_futures_core::task::Stopped) { is_error(&stopped) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped(());

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task was asked to stop")
    }
}

impl Error for Stopped {}
