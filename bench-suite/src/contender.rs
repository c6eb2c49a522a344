//! What is measured: a pool that runs a task and gives its result back.

use std::ops::Range;

use crate::contestant::Role;

/// A pool with a fixed number of workers, and the best recipe that its users have for getting a result back.
pub trait Contender: Send + Sync + Sized + 'static {
    /// What a submit gives back.
    type Ticket<R: Send + 'static>: Send;

    /// The pool and the recipe, as the tables name it.
    const NAME: &'static str;

    /// Ours or a peer.
    const ROLE: Role = Role::Peer;

    /// Makes the pool, outside of what is timed.
    fn new(workers: usize) -> Self;

    /// Submits a task.
    fn spawn<R, F>(&self, task: F) -> Self::Ticket<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static;

    /// Blocks for the result of one task.
    fn result<R: Send + 'static>(&self, ticket: Self::Ticket<R>) -> R;

    /// Blocks for the results of many tasks, in their order.
    fn gather<R: Send + 'static>(&self, tickets: Vec<Self::Ticket<R>>, mut each: impl FnMut(R)) {
        for ticket in tickets {
            each(self.result(ticket));
        }
    }
}

/// A contender that can call one function with many items.
pub trait ParallelMap: Contender {
    /// Calls `function` with each item and hands the results to `each`, in order, on the calling thread.
    fn map<R, F>(&self, function: F, items: Range<u64>, each: impl FnMut(R))
    where
        F: Fn(u64) -> R + Send + Sync + 'static,
        R: Send + 'static;

    /// Calls `function` with each element of a slice.
    fn map_slice<A, R, F>(&self, items: &[A], function: F) -> Vec<R>
    where
        A: Sync,
        F: Fn(&A) -> R + Send + Sync,
        R: Send;
}
