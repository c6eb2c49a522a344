use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use blocking::{Task, set_max_blocking_threads, unblock};
use futures_lite::future::block_on;

use crate::contender::Contender;

/// blocking, which has one pool for the whole process: whoever is made last says how many workers it has.
#[derive(Debug)]
pub struct Blocking;

/// The workers that the pool was given.
static WORKERS: AtomicUsize = AtomicUsize::new(0);

/// After so long without work the pool ends threads that are too many; it does so after 500 ms.
const SHRINKS_AFTER: Duration = Duration::from_millis(700);

impl Contender for Blocking {
    type Ticket<R: Send + 'static> = Task<R>;

    const NAME: &'static str = "blocking";

    #[expect(clippy::disallowed_methods, reason = "the pool doesn't tell when its threads have ended")]
    fn new(workers: usize) -> Self {
        set_max_blocking_threads(NonZeroUsize::new(workers).expect("a pool has a worker"));
        if WORKERS.swap(workers, Ordering::Relaxed) > workers {
            thread::sleep(SHRINKS_AFTER);
        }
        Self
    }

    fn spawn<R, F>(&self, task: F) -> Task<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        unblock(task)
    }

    fn result<R: Send + 'static>(&self, ticket: Task<R>) -> R {
        block_on(ticket)
    }

    /// One `block_on` for all of them is faster than one for each.
    fn gather<R: Send + 'static>(&self, tickets: Vec<Task<R>>, mut each: impl FnMut(R)) {
        block_on(async {
            for ticket in tickets {
                each(ticket.await);
            }
        });
    }
}
