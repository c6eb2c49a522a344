use concurrent_futures_core::Future;
use concurrent_futures_thread_pool::{QueueKind, ThreadPool};

use crate::contender::Contender;
use crate::contestant::Role;

/// This project's thread pool with its other queue: these rows decide which one is the default.
#[derive(Debug)]
pub struct OursLockFree(ThreadPool);

impl Contender for OursLockFree {
    type Ticket<R: Send + 'static> = Future<R>;

    const NAME: &'static str = "ours, lock-free queue";
    const ROLE: Role = Role::Ours;

    fn new(workers: usize) -> Self {
        let pool = ThreadPool::builder().max_workers(workers).queue(QueueKind::LockFree).build();
        Self(pool.expect("a pool of a few threads can be made"))
    }

    fn spawn<R, F>(&self, task: F) -> Future<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.0.spawn(task)
    }

    fn result<R: Send + 'static>(&self, ticket: Future<R>) -> R {
        ticket.result().expect("the task returns")
    }
}
