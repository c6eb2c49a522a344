use std::fmt;

use concurrent_futures_core::portable::Context;
use concurrent_futures_core::{
    Executor, Job, Reason, Rejected, Shutdown, ShutdownReport, Skipped, State, Stats, Tally, TaskError, TaskId,
};

use super::crew::{Crew, Desk, Order, Trade};
use super::serve::serve_here;
use super::without_deadline;

/// Turns every task into bytes, serves the bytes on a thread of its own, and completes the future from the bytes that
/// come back: all that another process does, without one.
///
/// ```
/// use concurrent_futures_conformance::LoopbackExecutor;
/// use concurrent_futures_core::{ExecutorExt, Job, Executor, TaskError, TaskOptions};
///
/// let executor = LoopbackExecutor::new(2);
/// let lengths: Vec<usize> = executor.map(|text: String| text.len(), ["a".into(), "bc".into()]).map(Result::unwrap).collect();
/// assert_eq!(lengths, [1, 2]);
///
/// let (future, job) = Job::new(TaskOptions::new(), || "a closure has no bytes");
/// executor.execute(job);
/// assert!(matches!(future.result(), Err(TaskError::Rejected(_))));
/// ```
///
/// Tasks begin in the order of their submission. An argument is encoded in the submit, by the caller. A task that can't
/// cross is refused, and so is one with a deadline. Retries are accepted, and never needed. Dropping the executor
/// drains it.
pub struct LoopbackExecutor {
    crew: Crew,
}

struct Loopback;

impl LoopbackExecutor {
    /// An executor with this many threads, which are started here; with 0, each task is served in the submit.
    ///
    /// # Panics
    ///
    /// If a thread can't be started.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { crew: Crew::new("loopback", workers, Loopback) }
    }
}

impl Trade for Loopback {
    fn work(&self, order: Order, desk: &Desk<'_>) {
        let Order { job, encoded } = order;
        let tasks = job.tasks();
        let Some(encoded) = encoded else { return };
        let (id, label, handle) = (job.id(), job.options().label_text().map(str::to_owned), job.handle());
        let running = match job.start() {
            Ok(running) => running,
            Err(Skipped::Cancelled) => return desk.count(Tally { cancelled: tasks, ..Tally::default() }),
            // Killed between the queue and here, which the killer has counted.
            Err(Skipped::Elsewhere) => return desk.leave(tasks),
        };
        for (index, argument) in encoded.arguments() {
            if running.is_withdrawn() || desk.cancels_waiting() && index > 0 {
                running.fail_task(index, TaskError::Cancelled);
                desk.count(Tally { cancelled: 1, ..Tally::default() });
                continue;
            }
            let mut context = Context::new(TaskId::from_u64(id.as_u64() + index as u64));
            if let Some(label) = &label {
                context = context.label(label.clone());
            }
            if let Some(carried) = encoded.carried() {
                context = context.carried(carried);
            }
            let handle = handle.clone();
            context = context.stop_when(move || handle.is_stop_requested());
            let reply = serve_here(encoded.call(), argument, context);
            desk.count(running.complete_task(index, &reply));
        }
    }

    fn nests(&self) -> bool {
        false
    }
}

impl Executor for LoopbackExecutor {
    fn execute(&self, job: Job) {
        let job = match without_deadline(job) {
            Ok(job) => job,
            Err(tasks) => return self.crew.note_refused(tasks),
        };
        let tasks = job.tasks();
        // One that is shut down says so also of a task that it could not have run.
        let encoded =
            if self.crew.is_open() { job.encode() } else { return self.crew.execute(Order { job, encoded: None }) };
        if encoded.is_none() {
            job.fail(Rejected::new(Reason::NotPortable));
            return self.crew.note_refused(tasks);
        }
        if job.state() == State::Finished {
            // No argument could be encoded.
            return self.crew.note_refused(tasks);
        }
        self.crew.execute(Order { job, encoded });
    }

    fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.crew.shutdown(how)
    }

    fn stats(&self) -> Stats {
        self.crew.stats()
    }
}

impl Drop for LoopbackExecutor {
    fn drop(&mut self) {
        self.crew.close();
    }
}

impl fmt::Debug for LoopbackExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopbackExecutor").field("stats", &self.stats()).finish()
    }
}
