//! RUNNING in this process: the function is called on the worker's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::ending::{announce, retract};
use super::{AnyTask, Ready, Task, dropped_by_executor};
use crate::context;
use crate::error::{Panicked, TaskError};
use crate::job::{JobHandle, RunHooks, Started, Tally};
use crate::panic_location;
use crate::report;
use crate::task::{TaskOptions, TaskView};
use crate::work::Work;
use crate::worker;

impl<W: Work> Task<W> {
    /// RUNNING: tells the executor, and runs the function.
    pub(super) fn run_ready(self: Arc<Self>, ready: Ready<W>, hooks: &mut dyn RunHooks) {
        let Some(work) = ready.work else { return announce(hooks, Tally::default()) };
        let handle = || JobHandle::new(&(self.clone() as Arc<dyn AnyTask>));
        let set_interrupt = |hook| self.set_interrupt(hook);
        let started = Started {
            id: self.id,
            tasks: ready.tasks,
            deadline: ready.deadline,
            is_stopped_with_its_map: work.is_stopped_with_its_map(),
            handle: &handle,
            set_interrupt: &set_interrupt,
        };
        // A panic of the executor's must not leave a task that nobody ends.
        let mut begun = None;
        report::contain("an executor", || begun = Some(hooks.started(&started)));
        match begun.unwrap_or_else(|| Err(dropped_by_executor())) {
            Ok(()) => {
                self.run_work(work, ready.options.as_deref(), hooks);
            }
            Err(error) => {
                report::discard(work);
                self.finish(Err(error), hooks);
                if let Some(last) = Arc::into_inner(self) {
                    retract(hooks);
                    drop(last);
                }
            }
        }
    }

    /// RUNNING: calls the function, and ends the task with what comes out.
    pub(super) fn run_work(self: Arc<Self>, work: W, options: Option<&TaskOptions>, hooks: &mut dyn RunHooks) {
        let label = options.and_then(TaskOptions::label_text);
        // A chunk puts it around each of its tasks.
        let carried = options.and_then(TaskOptions::carried).filter(|_| !W::IS_CHUNK);
        // The task itself is what the thread takes up: a second reference would cost two atomic operations.
        let taken = match worker::take_up(self) {
            Ok(taken) => taken,
            Err(view) => {
                report::discard(work);
                // RUNNING → CANCELLED: the thread was given up before the function began.
                Self::from_view(view).finish(Err(TaskError::Cancelled), hooks);
                return;
            }
        };
        panic_location::install();
        let outcome = context::around(carried, label, || {
            catch_unwind(AssertUnwindSafe(|| work.run(label)))
                .unwrap_or_else(|payload| Err(Panicked::from_payload(payload, panic_location::take(), label).into()))
        });
        let task = Self::from_view(worker::put_down(taken));
        let is_quiet = outcome.is_ok() && !std::mem::needs_drop::<W::Output>();
        let is_ours = task.finish(outcome, hooks);
        // If nobody else holds the task, its outcome is dropped here.
        if let Some(last) = Arc::into_inner(task) {
            if !is_quiet || !is_ours {
                retract(hooks);
            }
            drop(last);
        }
    }

    pub(super) fn from_view(view: Arc<dyn TaskView>) -> Arc<Self> {
        view.into_any().downcast().expect("the view that was put down is the one that was taken up")
    }
}
