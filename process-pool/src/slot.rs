use std::fmt;
use std::task::{Context, Poll};

use concurrent_futures_core::{
    Admitted, Executor, ExecutorExt, Future, Job, Map, MapOptions, Portable, Shutdown, ShutdownReport, Stats,
    TaskFailure, TaskOptions,
};

use crate::calls::portable_calls;
use crate::handle::PoolHandle;

/// Room for one task in a pool's queue, from [`ProcessPool::ready`](crate::ProcessPool::ready): held until a task is submitted
/// through it, or it is dropped. Python has no counterpart.
///
/// It has the calls of the pool, and is an executor. The first task takes the room, so it neither blocks nor is refused for want
/// of it, whatever `WhenFull` says; what is submitted through it after that enters as by the pool. So does a `map`, for which
/// the room of one task is given back.
///
/// ```
/// # concurrent_futures_process_pool::worker_entry!();
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use concurrent_futures_process_pool::{ProcessPool, WhenFull};
///
/// let pool = ProcessPool::builder().max_workers(1).max_pending(1, WhenFull::Reject).build()?;
/// let slot = futures_lite::future::block_on(pool.ready())?;
/// assert_eq!(pool.stats().submitted, 0);
/// assert_eq!(slot.submit(|(a, b): (u64, u64)| a + b, (1, 2)).result()?, 3);
/// # Ok(())
/// # }
/// ```
pub struct Slot {
    admitted: Admitted<PoolHandle>,
}

impl Slot {
    portable_calls!();
}

impl From<Admitted<PoolHandle>> for Slot {
    fn from(admitted: Admitted<PoolHandle>) -> Self {
        Self { admitted }
    }
}

impl Executor for Slot {
    fn execute(&self, job: Job) {
        self.admitted.execute(job);
    }

    fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.admitted.shutdown(how)
    }

    fn stats(&self) -> Stats {
        self.admitted.stats()
    }

    fn capacity(&self) -> Option<usize> {
        self.admitted.capacity()
    }

    fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>> {
        self.admitted.poll_capacity(context)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.admitted).finish()
    }
}
