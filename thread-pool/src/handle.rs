use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use concurrent_futures_core::room::{Permit, Room};
use concurrent_futures_core::worker;
use concurrent_futures_core::{
    Admits, Executor, Future, InProcess, Job, Map, MapOptions, Ready, Rejected, Shutdown, ShutdownReport, Stats,
    TaskFailure, TaskOptions,
};

use crate::calls::{looser_calls, ready_call};
use crate::shared::Shared;
use crate::slot::Slot;

/// Submits to a [`ThreadPool`](crate::ThreadPool) without keeping it open, from
/// [`ThreadPool::handle`](crate::ThreadPool::handle).
///
/// ```
/// use concurrent_futures_thread_pool::ThreadPool;
///
/// let pool = ThreadPool::new(2)?;
/// let handle = pool.handle();
/// // A task that submits to its own pool takes a handle along.
/// let nested = pool.spawn(move || handle.spawn(|| 20).result().unwrap() + 1);
/// assert_eq!(nested.result().unwrap(), 21);
/// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
/// ```
#[derive(Clone)]
pub struct PoolHandle {
    shared: Arc<Shared>,
}

impl PoolHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// As [`ThreadPool::shutdown`](crate::ThreadPool::shutdown); the pool's own drop waits no more afterwards.
    ///
    /// # Blocking
    ///
    /// As there.
    pub fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.shared.shut_down(how)
    }

    /// What the pool does at this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    ready_call!();

    looser_calls!();
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

impl InProcess for PoolHandle {}

impl Admits for PoolHandle {
    type Slot = Slot;

    fn room(&self) -> Option<&Arc<Room>> {
        self.shared.room.as_ref().map(|(room, _)| room)
    }

    fn refusal(&self) -> Option<Rejected> {
        self.shared.queue.is_closed().then(|| self.shared.lifecycle.refusal())
    }

    fn may_wait(&self) -> bool {
        !worker::is_worker_of(self.shared.id)
    }

    fn execute_in(&self, job: Job, permit: Permit) {
        self.shared.execute_in(job, permit);
    }
}

impl fmt::Debug for PoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolHandle").field(&self.shared).finish()
    }
}
