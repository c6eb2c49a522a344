use std::fmt;

use concurrent_futures_core::sync::Mutex;
use concurrent_futures_core::{
    Executor, InProcess, Job, Reason, Rejected, Shutdown, ShutdownReport, Skipped, Stats, Tally,
};

use super::counts::Counts;
use super::without_deadline;

/// Runs each task in the caller, within the submit: its futures are done when you get them.
///
/// ```
/// use concurrent_futures_conformance::InlineExecutor;
/// use concurrent_futures_core::ExecutorExt;
///
/// let executor = InlineExecutor::new();
/// let future = executor.submit(|n: u64| n * 10, 5);
/// assert!(future.done());
/// assert_eq!(future.result().unwrap(), 50);
/// ```
///
/// A task with a deadline is refused: nobody else is there to end its future.
pub struct InlineExecutor {
    state: Mutex<State>,
}

struct State {
    is_open: bool,
    counts: Counts,
}

impl InlineExecutor {
    /// An executor that takes tasks.
    #[must_use]
    pub fn new() -> Self {
        Self { state: Mutex::new(State { is_open: true, counts: Counts::default() }) }
    }
}

impl Default for InlineExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor for InlineExecutor {
    fn execute(&self, job: Job) {
        if !self.state.lock().is_open {
            self.state.lock().counts.refuse(job.tasks());
            job.fail(Rejected::new(Reason::ShutDown));
            return;
        }
        let job = match without_deadline(job) {
            Ok(job) => job,
            Err(tasks) => return self.state.lock().counts.refuse(tasks),
        };
        let tasks = job.tasks();
        self.state.lock().counts.submitted += tasks as u64;
        match job.start() {
            Ok(running) => running.run_then(|tally| self.state.lock().counts.add(tally)),
            Err(Skipped::Cancelled) => self.state.lock().counts.add(Tally { cancelled: tasks, ..Tally::default() }),
            Err(Skipped::Elsewhere) => self.state.lock().counts.add(Tally { failed: tasks, ..Tally::default() }),
        }
    }

    fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
        let mut state = self.state.lock();
        state.is_open = false;
        state.counts.report()
    }

    fn stats(&self) -> Stats {
        self.state.lock().counts.stats()
    }
}

impl InProcess for InlineExecutor {}

impl fmt::Debug for InlineExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineExecutor").field("stats", &self.stats()).finish()
    }
}
