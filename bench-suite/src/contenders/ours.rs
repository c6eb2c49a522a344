use std::ops::Range;

use concurrent_futures_core::Future;
use concurrent_futures_thread_pool::ThreadPool;

use crate::contender::{Contender, ParallelMap};
use crate::contestant::Role;

/// This project's thread pool.
#[derive(Debug)]
pub struct Ours(ThreadPool);

impl Ours {
    /// The pool itself, for what only ours has.
    #[must_use]
    pub fn pool(&self) -> &ThreadPool {
        &self.0
    }
}

impl Contender for Ours {
    type Ticket<R: Send + 'static> = Future<R>;

    const NAME: &'static str = "ours";
    const ROLE: Role = Role::Ours;

    fn new(workers: usize) -> Self {
        Self(ThreadPool::new(workers).expect("a pool of a few threads can be made"))
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

impl ParallelMap for Ours {
    fn map<R, F>(&self, function: F, items: Range<u64>, mut each: impl FnMut(R))
    where
        F: Fn(u64) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        for result in self.0.map(function, items) {
            each(result.expect("the task returns"));
        }
    }

    fn map_slice<A, R, F>(&self, items: &[A], function: F) -> Vec<R>
    where
        A: Sync,
        F: Fn(&A) -> R + Send + Sync,
        R: Send,
    {
        self.0.map_slice(items, function).expect("the tasks return")
    }
}
