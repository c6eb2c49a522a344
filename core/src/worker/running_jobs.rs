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
    stop_requested: bool,
    given_up: bool,
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

    /// Sets the cancellation flag of the executor's tasks, and of what the thread takes up from now on: it may have taken a job
    /// that isn't among them yet.
    pub fn request_stop(&self, executor: ExecutorId) {
        self.0.lock().stop_requested = true;
        self.handles_of(executor).iter().for_each(JobHandle::request_stop);
    }

    /// Handles to the executor's tasks, to be failed; what the thread takes up from now on is cancelled instead of run.
    #[must_use]
    pub fn give_up(&self, executor: ExecutorId) -> Vec<JobHandle> {
        self.0.lock().given_up = true;
        self.handles_of(executor)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().views.is_empty()
    }

    /// Takes a task up, or gives it back if it must not run.
    pub(super) fn push(&self, view: Arc<dyn TaskView>) -> Result<(), Arc<dyn TaskView>> {
        let mut running = self.0.lock();
        // What a task runs on top of itself, perhaps for another executor, is its own affair.
        let is_outermost = running.views.is_empty();
        if running.given_up && is_outermost {
            return Err(view);
        }
        let told_to_stop = (running.stop_requested && is_outermost).then(|| view.clone());
        running.views.push(view);
        drop(running);
        if let Some(task) = told_to_stop.and_then(TaskView::as_task) {
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
