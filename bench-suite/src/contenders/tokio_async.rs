use std::sync::atomic::{AtomicUsize, Ordering};

use futures_lite::future::block_on;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::tokio::await_all;
use crate::contender::Contender;

/// tokio's `spawn`: the task is async, and mustn't compute for long, or the other async tasks starve. It is what people use
/// all the same, and what tokio is made for.
#[derive(Debug)]
pub struct TokioAsync(Runtime);

impl Contender for TokioAsync {
    type Ticket<R: Send + 'static> = JoinHandle<R>;

    const NAME: &'static str = "tokio, async";

    fn new(workers: usize) -> Self {
        let number = AtomicUsize::new(0);
        let name = move || format!("tokio-async-{}", number.fetch_add(1, Ordering::Relaxed));
        let runtime = Builder::new_multi_thread().worker_threads(workers).thread_name_fn(name).build();
        Self(runtime.expect("a runtime can be made"))
    }

    fn spawn<R, F>(&self, task: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.0.spawn(async move { task() })
    }

    fn result<R: Send + 'static>(&self, ticket: JoinHandle<R>) -> R {
        block_on(ticket).expect("the task returns")
    }

    fn gather<R: Send + 'static>(&self, tickets: Vec<JoinHandle<R>>, each: impl FnMut(R)) {
        await_all(tickets, each);
    }
}
