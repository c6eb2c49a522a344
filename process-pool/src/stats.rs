use std::sync::atomic::Ordering;

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
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Its number in the pool: what the observer is told, and what the process is called.
    pub number: usize,
    /// The number of its process.
    pub pid: u32,
    /// What it does.
    pub state: WorkerState,
    /// How many tasks it has done.
    pub tasks: u64,
    /// How many bytes of memory it has; 0 where the system doesn't say.
    pub resident: u64,
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
    drop(lane);
    let pid = worker.process().pid();
    let tasks = worker.record.tasks.load(Ordering::Relaxed);
    WorkerStats { number: worker.number, pid, state, tasks, resident: resident(pid).unwrap_or(0) }
}

/// How many bytes of memory a process has.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
