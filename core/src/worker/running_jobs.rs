use std::fmt;
use std::sync::Arc;

use super::ExecutorId;
use crate::job::JobHandle;
use crate::sync::Mutex;
use crate::task::TaskView;

/// The tasks that one worker thread runs: usually one, more where a wait runs what it waits for in place.
#[derive(Clone, Default)]
pub struct RunningJobs(Arc<Mutex<Running>>);

#[derive(Default)]
struct Running {
    views: Vec<Arc<dyn TaskView>>,
    /// Whose tasks are told to stop as they are taken up.
    stop_requested: Option<ExecutorId>,
    /// Whose tasks are not taken up any more.
    given_up: Option<ExecutorId>,
}

impl RunningJobs {
    /// Handles to the tasks, the outermost first.
    #[must_use]
    pub fn handles(&self) -> Vec<JobHandle> {
        let views = self.0.lock().views.clone();
        views.into_iter().filter_map(TaskView::as_task).map(|task| JobHandle::new(&task)).collect()
    }

    /// Handles to those of the tasks that belong to `executor`: another one's may run here too, by a queue that is full.
    #[must_use]
    pub fn handles_of(&self, executor: ExecutorId) -> Vec<JobHandle> {
        let views = self.0.lock().views.clone();
        let tasks = views.into_iter().filter_map(TaskView::as_task);
        tasks.filter(|task| task.executor() == Some(executor)).map(|task| JobHandle::new(&task)).collect()
    }

    /// Sets the cancellation flag of the executor's tasks, and of those that the thread takes up from now on: it may have
    /// taken a job that isn't among them yet.
    pub fn request_stop(&self, executor: ExecutorId) {
        self.0.lock().stop_requested = Some(executor);
        self.handles_of(executor).iter().for_each(JobHandle::request_stop);
    }

    /// Handles to the executor's tasks, to be failed; one that the thread takes up from now on is cancelled instead of run.
    #[must_use]
    pub fn give_up(&self, executor: ExecutorId) -> Vec<JobHandle> {
        self.0.lock().given_up = Some(executor);
        self.handles_of(executor)
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().views.len()
    }

    /// Takes a task up, or gives it back if it must not run.
    pub(super) fn push(&self, view: Arc<dyn TaskView>) -> Result<(), Arc<dyn TaskView>> {
        let mut running = self.0.lock();
        // A task may run one of another executor on top of itself, by a queue that is full: that is none of ours.
        let task = running.stop_requested.or(running.given_up).and_then(|_| view.clone().as_task());
        let is_of =
            |whose: Option<ExecutorId>| whose.is_some() && whose == task.as_ref().and_then(|task| task.executor());
        if is_of(running.given_up) {
            return Err(view);
        }
        let told_to_stop = if is_of(running.stop_requested) { task } else { None };
        running.views.push(view);
        drop(running);
        if let Some(task) = told_to_stop {
            task.request_stop();
        }
        Ok(())
    }

    pub(super) fn pop(&self) -> Option<Arc<dyn TaskView>> {
        self.0.lock().views.pop()
    }

    pub(super) fn top(&self) -> Option<Arc<dyn TaskView>> {
        self.0.lock().views.last().cloned()
    }
}

impl fmt::Debug for RunningJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunningJobs").field(&self.0.lock().views.len()).finish()
    }
}
