use std::sync::atomic::Ordering;
use std::time::Duration;

use concurrent_futures_core::TaskId;

use crate::page;
use crate::parent::lane::Begun;
use crate::parent::worker::Worker;

/// One worker process at a moment, from [`ProcessPool::worker_stats`](crate::ProcessPool::worker_stats). Python has no
/// counterpart.
///
/// ```
/// # concurrent_futures_process_pool::worker_entry!();
/// # fn main() {
/// # let pool = concurrent_futures_process_pool::ProcessPool::new(1).unwrap();
/// pool.submit(|n: u64| n, 1).result().unwrap();
/// for worker in pool.worker_stats() {
///     println!("{}: {:?}, {} tasks, {} bytes", worker.pid, worker.state, worker.tasks, worker.resident);
///     if let Some(task) = worker.running {
///         println!("    for {:?} in {} {}", task.elapsed, task.id, task.label.unwrap_or_default());
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Its number in the pool: what the observer is told, and what the process is called.
    pub number: usize,
    /// The number of its process.
    pub pid: u32,
    /// What it does.
    pub state: WorkerState,
    /// The task that it is in the middle of; `None` between two tasks.
    pub running: Option<RunningTask>,
    /// How many tasks it has done.
    pub tasks: u64,
    /// How many bytes of memory it has; 0 where the system doesn't say.
    pub resident: u64,
}

/// What a worker is in the middle of, as [`WorkerStats`] has it. Python has no counterpart.
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures_process_pool::WorkerStats;
///
/// /// The labels of what has run for more than a minute.
/// fn slow(workers: Vec<WorkerStats>) -> Vec<String> {
///     let tasks = workers.into_iter().filter_map(|worker| worker.running);
///     tasks.filter(|task| task.elapsed > Duration::from_secs(60)).filter_map(|task| task.label).collect()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningTask {
    /// What [`Future::id`](concurrent_futures_core::Future::id) gives, and
    /// [`task::current().id()`](concurrent_futures_core::task::CurrentTask::id) in the task itself; also for an item of a
    /// `map`.
    pub id: TaskId,
    /// Its label; all items of a `map` have the same.
    pub label: Option<String>,
    /// Its place in its chunk of a `map`, from 0, and 0 where it is no item. An observer is told of the chunk by the id of
    /// its first item, which is this much less than `id`. What another worker takes over of a chunk is a chunk of its own.
    pub index: usize,
    /// How long it has run, in this attempt. An item of a `map` is counted from the start of its chunk on this worker.
    pub elapsed: Duration,
}

/// How long the jobs of a pool have waited and run, from [`ProcessPool::times`](crate::ProcessPool::times). A job is a task,
/// or a chunk of a `map`. Python has no counterpart.
///
/// ```
/// use concurrent_futures_process_pool::JobTimes;
///
/// /// Whether more workers might help.
/// fn is_busy(times: JobTimes) -> bool {
///     times.waited > times.ran
/// }
/// assert!(!is_busy(JobTimes::default()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct JobTimes {
    /// How long all those that have begun had waited before, summed up.
    pub waited: Duration,
    /// How long all those that have ended ran, summed up.
    pub ran: Duration,
}

/// What a worker does, as [`WorkerStats`] has it.
///
/// ```
/// use concurrent_futures_process_pool::{WorkerState, WorkerStats};
///
/// fn idle(workers: &[WorkerStats]) -> usize {
///     workers.iter().filter(|worker| worker.state == WorkerState::Idle).count()
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerState {
    /// It has nothing to do.
    Idle,
    /// Tasks lie with it.
    Busy,
    /// It is about to end.
    Leaving,
}

pub(crate) fn of(worker: &Worker) -> WorkerStats {
    let lane = worker.lane.lock();
    let state = match (lane.is_open(), lane.is_empty()) {
        (false, _) => WorkerState::Leaving,
        (true, true) => WorkerState::Idle,
        (true, false) => WorkerState::Busy,
    };
    let begun = lane.begun(&worker.page);
    drop(lane);
    let running = begun.map(running);
    let pid = worker.process().pid();
    let tasks = worker.record.tasks.load(Ordering::Relaxed);
    WorkerStats { number: worker.number, pid, state, running, tasks, resident: resident(pid).unwrap_or(0) }
}

fn running(begun: Begun) -> RunningTask {
    let elapsed = Duration::from_nanos(page::now_nanos().saturating_sub(begun.at));
    RunningTask { id: begun.id, label: begun.label.map(|label| label.to_string()), index: begun.index, elapsed }
}

/// How many bytes of memory a process has.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
