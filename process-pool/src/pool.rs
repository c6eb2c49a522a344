use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use concurrent_futures_core::{
    BuildError, Executor, ExecutorExt, Future, Job, Map, MapOptions, Portable, Ready, Shutdown, ShutdownReport, Stats,
    TaskFailure, TaskOptions,
};

use crate::builder::ProcessPoolBuilder;
use crate::calls::{pool_calls, portable_calls};
use crate::handle::PoolHandle;
use crate::parent::shared::Shared;
use crate::stats::{self, JobTimes, WorkerStats};

/// A pool of worker processes: calls plain functions there, and gives futures. Python: `ProcessPoolExecutor`.
///
/// ```
/// use concurrent_futures_process_pool::{ProcessPool, init};
///
/// fn task(n: u64) -> (u64, u32) {
///     (n * 10, std::process::id())
/// }
///
/// # concurrent_futures_process_pool::worker_entry!();
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     init();                                      // first: a worker never returns from it
///     let pool = ProcessPool::new(2)?;
///     let (value, worker) = pool.submit(task, 5).result()?;
///     assert!(value == 50 && worker != std::process::id());
///     let all: Vec<(u64, u32)> = pool.map(task, 1..=5).collect::<Result<_, _>>()?;
///     assert_eq!(all[4].0, 50);
///     Ok(())
/// }
/// ```
///
/// # Workers
///
/// A worker is this program, started again; see [`init`](crate::init). Workers start on demand, and only if none is idle. A
/// task that crashes takes its worker with it and nobody else: its future fails with
/// [`WorkerDied`](concurrent_futures_core::WorkerDied), the other tasks run once each, and the worker is replaced.
///
/// A worker isolates crashes; it is no sandbox. It has this process's rights.
///
/// # What crosses
///
/// A plain function, or a closure that captures nothing, of the program itself: not one of a shared library. One argument
/// and a result that serde can write and read. Large ones as [`Bytes`](crate::Bytes), what is used again and again as
/// [`SharedBytes`](crate::SharedBytes).
///
/// # Stopping a task
///
/// [`Future::abort`] and a deadline end a task that runs: after the grace its worker is killed, with every process that the
/// task has started and that is still in the worker's group.
///
/// # Closing
///
/// Dropping the pool waits for its tasks, like the end of Python's `with` block. If this process dies, however it dies, its
/// workers die with it. Ctrl-C reaches this process only: a worker has a process group of its own.
pub struct ProcessPool {
    shared: Arc<Shared>,
    on_drop: Shutdown,
}

impl ProcessPool {
    /// Makes a pool of at most `max_workers` processes, none of which starts before the first task.
    /// Python: `ProcessPoolExecutor(max_workers)`.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroWorkers`] (Python: `ValueError`); [`BuildError::NotInitialised`] where [`init`](crate::init) has not
    /// run, [`BuildError::InitialisedOffMain`] where it has, on another thread than the main one; [`BuildError::NestedTooDeep`] in a task of a pool that was made in a task of a pool. A process that can't be
    /// started later is the error of the tasks that wait for it.
    ///
    /// ```
    /// # concurrent_futures_process_pool::worker_entry!();
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(concurrent_futures_process_pool::ProcessPool::new(0).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// The options of a pool, with an example at [`ProcessPoolBuilder`]. Python: the arguments of `ProcessPoolExecutor`.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::default()
    }

    pub(crate) fn start(options: ProcessPoolBuilder, name: String, max_workers: usize) -> Self {
        let on_drop = options.on_drop;
        Self { shared: Shared::new(options, name, max_workers), on_drop }
    }

    /// A handle that submits and does not keep the pool open: after the pool was dropped, what it submits is rejected. With
    /// an example at [`PoolHandle`]. Python: the executor itself, which everybody shares.
    #[must_use]
    pub fn handle(&self) -> PoolHandle {
        PoolHandle::new(self.shared.clone())
    }

    /// Ends the pool. Idempotent, and possible from any thread. Python: `shutdown(wait, cancel_futures)`, `kill_workers`.
    ///
    /// # Blocking
    ///
    /// Until the last process and the last thread of the pool have ended, at most as long as [`Shutdown::within`] says;
    /// from a task or a callback not at all: there it only starts the shutdown.
    ///
    /// ```
    /// # concurrent_futures_process_pool::worker_entry!();
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
    /// use std::time::Duration;
    /// use concurrent_futures_process_pool::Shutdown;
    ///
    /// let endless = pool.submit(|()| -> u8 { loop { std::hint::spin_loop() } }, ());
    /// let report = pool.shutdown(Shutdown::kill(Duration::ZERO));
    /// assert!(report.is_complete() && endless.result().is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.shared.shut_down(how)
    }

    /// The workers that are ready, each with what it does and, in the middle of a task, which one. Looking holds up no
    /// task. Python has no counterpart.
    ///
    /// ```
    /// # concurrent_futures_process_pool::worker_entry!();
    /// # fn main() {
    /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1).unwrap();
    /// pool.submit(|n: u64| n, 1).result().unwrap();
    /// let worker = &pool.worker_stats()[0];
    /// assert!(worker.resident > 0 && worker.pid == pool.worker_pids()[0]);
    /// # }
    /// ```
    #[must_use]
    pub fn worker_stats(&self) -> Vec<WorkerStats> {
        self.shared.everybody().0.iter().map(|worker| stats::of(worker)).collect()
    }

    /// The process numbers of the workers that are ready. Python: the keys of `executor._processes`, which is private.
    #[must_use]
    pub fn worker_pids(&self) -> Vec<u32> {
        self.shared.everybody().0.iter().map(|worker| worker.process().pid()).collect()
    }

    /// How many workers have died with work or after some, or were replaced because of a limit. One that leaves because
    /// nobody needs it isn't counted. Python has no counterpart.
    ///
    /// ```
    /// # concurrent_futures_process_pool::worker_entry!();
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
    /// pool.submit(|n: u64| n, 1).result()?;
    /// assert!(pool.submit(|()| -> u64 { std::process::abort() }, ()).result().is_err());
    /// pool.submit(|n: u64| n, 1).result()?;                  // by another worker
    /// assert_eq!(pool.restarts(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.shared.counters.restarts()
    }

    /// How long its jobs have waited, and how long they ran. Python has no counterpart.
    ///
    /// ```
    /// # concurrent_futures_process_pool::worker_entry!();
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
    /// pool.submit(|n: u64| n, 1).result()?;
    /// assert!(!pool.times().waited.is_zero(), "its worker had to be started");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn times(&self) -> JobTimes {
        JobTimes { waited: self.shared.counters.queued(), ran: self.shared.counters.ran() }
    }

    pool_calls!();

    portable_calls!();
}

impl Executor for ProcessPool {
    fn execute(&self, job: Job) {
        self.shared.execute(job);
    }

    fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.shutdown(how)
    }

    fn stats(&self) -> Stats {
        self.stats()
    }

    fn capacity(&self) -> Option<usize> {
        self.shared.capacity()
    }

    fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>> {
        self.shared.poll_capacity(context)
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        if self.shared.lifecycle.was_shut_down() {
            return;
        }
        let how = if std::thread::panicking() { Shutdown::cancel_pending() } else { self.on_drop };
        self.shared.shut_down(how);
    }
}

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool").field("name", &self.shared.name).field("stats", &self.stats()).finish()
    }
}
