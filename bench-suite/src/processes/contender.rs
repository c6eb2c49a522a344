use concurrent_futures_core::Portable;

use crate::case::Case;
use crate::contestant::Role;

/// A pool of a fixed number of processes that calls plain functions.
pub trait ProcessContender: Send + Sync + Sized + 'static {
    /// What a submit gives back.
    type Ticket<R: Portable>: Send;

    /// The pool, as the tables name it.
    const NAME: &'static str;

    /// Ours or a peer.
    const ROLE: Role = Role::Peer;

    /// How many tasks may be under way at once before the pool breaks.
    const LIMIT: usize = usize::MAX;

    /// The same for tasks with large arguments.
    const LIMIT_OF_LARGE: usize = Self::LIMIT;

    /// Makes the pool.
    fn new(workers: usize) -> Self;

    /// Submits a call.
    fn submit<A: Portable, R: Portable>(&self, function: fn(A) -> R, argument: A) -> Self::Ticket<R>;

    /// Blocks for the result; what went wrong otherwise.
    fn outcome<R: Portable>(&self, ticket: Self::Ticket<R>) -> Result<R, String>;

    /// Blocks for the result.
    fn result<R: Portable>(&self, ticket: Self::Ticket<R>) -> R {
        self.outcome(ticket).unwrap_or_else(|error| panic!("{}: {error}", Self::NAME))
    }

    /// Calls and waits, where a worker may be dead.
    fn try_call<A: Portable, R: Portable>(&self, function: fn(A) -> R, argument: A) -> Result<R, String> {
        self.outcome(self.submit(function, argument))
    }

    /// Calls and waits.
    fn call<A: Portable, R: Portable>(&self, function: fn(A) -> R, argument: A) -> R {
        self.result(self.submit(function, argument))
    }
}

/// Something that every pool of processes can be asked to do.
pub trait WithProcesses: Clone + 'static {
    /// The workload on one contender.
    fn case<C: ProcessContender>(&self, contender: C) -> Case;
}
