use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use concurrent_futures_core::sync::{Mutex, deadline_after};
use concurrent_futures_core::worker::{self, ExecutorId, WorkerContext};
use concurrent_futures_core::{
    Executor, InProcess, Job, Reason, Rejected, RunningJob, Shutdown, ShutdownMode, ShutdownReport, Skipped, Stats,
    Tally,
};

use super::counts::Counts;
use super::without_deadline;

/// Queues its tasks and runs them when told, on the thread that tells it: a test decides what happens when.
///
/// ```
/// use concurrent_futures_conformance::ManualExecutor;
/// use concurrent_futures_core::{ExecutorExt, State};
///
/// let executor = ManualExecutor::new();
/// let first = executor.submit(|n: u32| n + 1, 1);
/// let second = executor.submit(|n: u32| n + 1, 2);
/// assert_eq!(executor.pending(), 2);
///
/// assert!(executor.step());
/// assert_eq!(first.result().unwrap(), 2);
/// assert_eq!(second.state(), State::Pending);
///
/// assert_eq!(executor.run_all(), 1);
/// assert!(!executor.step(), "nothing is left");
/// # second.result().unwrap();
/// ```
///
/// A wait inside one of its tasks for another one that is queued runs that task in place. A drain, unless it must not
/// wait, runs what is queued, in the caller; dropping the executor abandons it. A task with a deadline is refused.
pub struct ManualExecutor {
    shared: Arc<Shared>,
}

struct Shared {
    id: ExecutorId,
    state: Mutex<State>,
}

struct State {
    queue: VecDeque<Job>,
    is_open: bool,
    running: usize,
    counts: Counts,
}

impl ManualExecutor {
    /// An executor with an empty queue.
    #[must_use]
    pub fn new() -> Self {
        let state = State { queue: VecDeque::new(), is_open: true, running: 0, counts: Counts::default() };
        Self { shared: Arc::new(Shared { id: ExecutorId::next(), state: Mutex::new(state) }) }
    }

    /// Takes the oldest job of the queue and runs it, unless it was cancelled. False if the queue is empty.
    ///
    /// A chunk of `map` is one job.
    pub fn step(&self) -> bool {
        let job = {
            let mut state = self.shared.state.lock();
            let Some(job) = state.queue.pop_front() else { return false };
            state.running += 1;
            job
        };
        let _member = worker::enter(self.shared.clone());
        let tasks = job.tasks();
        match job.start() {
            Ok(running) => self.shared.run(running),
            Err(Skipped::Cancelled) => self.shared.count(Tally { cancelled: tasks, ..Tally::default() }),
            // Whoever ran it in place has counted it.
            Err(Skipped::Elsewhere) => {}
        }
        self.shared.state.lock().running -= 1;
        true
    }

    /// Steps until the queue is empty, and tells how often. What the tasks submit meanwhile is run too.
    pub fn run_all(&self) -> usize {
        std::iter::from_fn(|| self.step().then_some(())).count()
    }

    /// How many jobs are queued, those included that were cancelled there.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.state.lock().queue.len()
    }
}

impl Shared {
    fn run(&self, job: RunningJob) {
        job.run_then(|tally| self.count(tally));
    }

    fn count(&self, tally: Tally) {
        self.state.lock().counts.add(tally);
    }
}

/// A task may run on top of this many others.
const NESTING_LIMIT: usize = 64;

impl WorkerContext for Shared {
    fn executor(&self) -> ExecutorId {
        self.id
    }

    fn can_nest(&self) -> bool {
        self.state.lock().running < NESTING_LIMIT
    }

    fn run_in_place(&self, job: RunningJob) {
        self.state.lock().running += 1;
        self.run(job);
        self.state.lock().running -= 1;
    }
}

impl Default for ManualExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor for ManualExecutor {
    fn execute(&self, job: Job) {
        let job = match without_deadline(job) {
            Ok(job) => job,
            Err(tasks) => return self.shared.state.lock().counts.refuse(tasks),
        };
        job.bind(self.shared.id);
        let mut state = self.shared.state.lock();
        if state.is_open {
            state.counts.submitted += job.tasks() as u64;
            state.queue.push_back(job);
        } else {
            state.counts.refuse(job.tasks());
            drop(state);
            job.fail(Rejected::new(Reason::ShutDown));
        }
    }

    fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.shared.state.lock().is_open = false;
        if how.mode() == ShutdownMode::Drain {
            let deadline = how.wait_limit().and_then(deadline_after);
            while deadline.is_none_or(|deadline| Instant::now() < deadline) && self.step() {}
        } else {
            loop {
                let Some(job) = self.shared.state.lock().queue.pop_front() else { break };
                let tasks = job.tasks();
                job.cancel();
                self.shared.count(Tally { cancelled: tasks, ..Tally::default() });
            }
        }
        let state = self.shared.state.lock();
        let mut report = state.counts.report();
        report.still_running = state.running;
        report.still_pending = state.queue.iter().map(Job::tasks).sum();
        report
    }

    fn stats(&self) -> Stats {
        let state = self.shared.state.lock();
        let mut stats = state.counts.stats();
        stats.max_workers = 1;
        stats.workers = 1;
        stats.idle = usize::from(state.running == 0);
        stats.pending = state.queue.iter().map(Job::tasks).sum();
        stats
    }
}

impl InProcess for ManualExecutor {}

impl fmt::Debug for ManualExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualExecutor").field("pending", &self.pending()).finish_non_exhaustive()
    }
}
