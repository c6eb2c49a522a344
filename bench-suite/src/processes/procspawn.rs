use std::panic::{AssertUnwindSafe, catch_unwind};

use concurrent_futures_core::Portable;
use procspawn::{JoinHandle, Pool};

use super::contender::ProcessContender;

/// procspawn's pool.
#[derive(Debug)]
pub struct Procspawn(Pool);

impl ProcessContender for Procspawn {
    type Ticket<R: Portable> = JoinHandle<R>;

    const NAME: &'static str = "procspawn";

    /// Each task that is under way holds two channels open, which are four descriptors.
    const LIMIT: usize = 64;

    /// `spawn` blocks until the worker reads the argument, if the socket's buffer can't hold it; the worker gets to it when
    /// the one before has been joined, which who blocks can't do.
    const LIMIT_OF_LARGE: usize = 1;

    fn new(workers: usize) -> Self {
        Self(Pool::new(workers).expect("a pool of a few processes can be made"))
    }

    fn submit<A: Portable, R: Portable>(&self, function: fn(A) -> R, argument: A) -> JoinHandle<R> {
        self.0.spawn(argument, function)
    }

    fn outcome<R: Portable>(&self, ticket: JoinHandle<R>) -> Result<R, String> {
        ticket.join().map_err(|error| error.to_string())
    }

    /// `spawn` itself panics if the worker dies between the call and its argument.
    fn try_call<A: Portable, R: Portable>(&self, function: fn(A) -> R, argument: A) -> Result<R, String> {
        let submit = || self.submit(function, argument);
        let ticket = catch_unwind(AssertUnwindSafe(submit)).map_err(|_| "spawn panicked".to_owned())?;
        self.outcome(ticket)
    }
}
