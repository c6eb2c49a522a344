use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_lite::future::block_on;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::contender::Contender;

/// tokio's `spawn_blocking`. The threads for async tasks, of which there are none, come on top.
#[derive(Debug)]
pub struct Tokio(Runtime);

impl Contender for Tokio {
    type Ticket<R: Send + 'static> = JoinHandle<R>;

    const NAME: &'static str = "tokio";

    fn new(workers: usize) -> Self {
        let number = AtomicUsize::new(0);
        let name = move || format!("tokio-{}", number.fetch_add(1, Ordering::Relaxed));
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(workers)
            .thread_name_fn(name)
            .thread_keep_alive(Duration::from_secs(600))
            .build();
        Self(runtime.expect("a runtime can be made"))
    }

    fn spawn<R, F>(&self, task: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.0.spawn_blocking(task)
    }

    fn result<R: Send + 'static>(&self, ticket: JoinHandle<R>) -> R {
        block_on(ticket).expect("the task returns")
    }

    fn gather<R: Send + 'static>(&self, tickets: Vec<JoinHandle<R>>, each: impl FnMut(R)) {
        await_all(tickets, each);
    }
}

/// One `block_on` for all of them is faster than one for each.
pub(super) fn await_all<R>(tickets: Vec<JoinHandle<R>>, mut each: impl FnMut(R)) {
    block_on(async {
        for ticket in tickets {
            each(ticket.await.expect("the task returns"));
        }
    });
}
