use std::fmt;
use std::time::Duration;

use rusty_pool::{JoinHandle, ThreadPool};

use crate::contender::Contender;

/// rusty_pool, all of whose threads are core threads: they stay.
pub struct RustyPool(ThreadPool);

impl Contender for RustyPool {
    type Ticket<R: Send + 'static> = JoinHandle<R>;

    const NAME: &'static str = "rusty_pool";

    fn new(workers: usize) -> Self {
        Self(ThreadPool::new(workers, workers, Duration::from_secs(600)))
    }

    fn spawn<R, F>(&self, task: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.0.evaluate(task)
    }

    fn result<R: Send + 'static>(&self, ticket: JoinHandle<R>) -> R {
        ticket.await_complete()
    }
}

impl fmt::Debug for RustyPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RustyPool").field(&self.0.get_name()).finish()
    }
}
