use concurrent_futures_core::{Future, Portable};
use concurrent_futures_process_pool::ProcessPool;

use super::contender::ProcessContender;
use crate::contestant::Role;

/// This project's process pool.
#[derive(Debug)]
pub struct OurProcesses(ProcessPool);

impl OurProcesses {
    /// The pool itself, for what only ours has.
    #[must_use]
    pub fn pool(&self) -> &ProcessPool {
        &self.0
    }
}

impl ProcessContender for OurProcesses {
    type Ticket<R: Portable> = Future<R>;

    const NAME: &'static str = "ours";
    const ROLE: Role = Role::Ours;

    fn new(workers: usize) -> Self {
        Self(ProcessPool::new(workers).expect("`begin` was called"))
    }

    fn submit<A: Portable, R: Portable>(&self, function: fn(A) -> R, argument: A) -> Future<R> {
        self.0.submit(function, argument)
    }

    fn outcome<R: Portable>(&self, ticket: Future<R>) -> Result<R, String> {
        ticket.result().map_err(|error| error.to_string())
    }
}
