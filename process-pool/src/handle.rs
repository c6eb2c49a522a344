use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use concurrent_futures_core::room::{Permit, Room};
use concurrent_futures_core::{
    Admits, Executor, ExecutorExt, Future, Job, Map, MapOptions, Portable, Ready, Rejected, Shutdown, ShutdownReport,
    Stats, TaskFailure, TaskOptions,
};

use crate::calls::{pool_calls, portable_calls};
use crate::parent::shared::Shared;
use crate::slot::Slot;

/// Submits to a [`ProcessPool`](crate::ProcessPool) without keeping it open, from
/// [`ProcessPool::handle`](crate::ProcessPool::handle). It can be cloned, and given to threads and callbacks; it can't cross to
/// a worker.
///
/// ```
/// # concurrent_futures_process_pool::worker_entry!();
/// # fn main() {
/// # let pool = concurrent_futures_process_pool::ProcessPool::new(1).unwrap();
/// let handle = pool.handle();
/// let thread = std::thread::spawn(move || handle.submit(|n: u64| n + 1, 1).result().unwrap());
/// assert_eq!(thread.join().unwrap(), 2);
/// # }
/// ```
#[derive(Clone)]
pub struct PoolHandle {
    shared: Arc<Shared>,
}

impl PoolHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// As [`ProcessPool::shutdown`](crate::ProcessPool::shutdown); the pool's own drop waits no more afterwards.
    ///
    /// # Blocking
    ///
    /// As there.
    pub fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.shared.shut_down(how)
    }

    pool_calls!();

    portable_calls!();
}

impl Executor for PoolHandle {
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

impl Admits for PoolHandle {
    type Slot = Slot;

    fn room(&self) -> Option<&Arc<Room>> {
        self.shared.room()
    }

    fn refusal(&self) -> Option<Rejected> {
        self.shared.refusal()
    }

    fn may_wait(&self) -> bool {
        Shared::may_block()
    }

    fn execute_in(&self, job: Job, permit: Permit) {
        self.shared.execute_in(job, Some(permit));
    }
}

impl fmt::Debug for PoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolHandle").field("name", &self.shared.name).field("stats", &self.stats()).finish()
    }
}
