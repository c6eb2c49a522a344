use std::ops::Range;

use oneshot::Receiver;
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::contender::{Contender, ParallelMap};

/// rayon, whose `spawn` gives nothing back: the result travels through a oneshot channel.
#[derive(Debug)]
pub struct Rayon(ThreadPool);

impl Rayon {
    /// The pool itself, for what only rayon has.
    #[must_use]
    pub fn pool(&self) -> &ThreadPool {
        &self.0
    }
}

impl Contender for Rayon {
    type Ticket<R: Send + 'static> = Receiver<R>;

    const NAME: &'static str = "rayon";

    fn new(workers: usize) -> Self {
        Self(
            ThreadPoolBuilder::new()
                .num_threads(workers)
                .thread_name(|number| format!("rayon-{number}"))
                .build()
                .expect("a pool of a few threads can be made"),
        )
    }

    fn spawn<R, F>(&self, task: F) -> Receiver<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.0.spawn(move || {
            let _ = sender.send(task());
        });
        receiver
    }

    fn result<R: Send + 'static>(&self, ticket: Receiver<R>) -> R {
        ticket.recv().expect("the task returns")
    }
}

impl ParallelMap for Rayon {
    fn map<R, F>(&self, function: F, items: Range<u64>, each: impl FnMut(R))
    where
        F: Fn(u64) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        let results: Vec<R> = self.0.install(|| items.into_par_iter().map(function).collect());
        results.into_iter().for_each(each);
    }

    fn map_slice<A, R, F>(&self, items: &[A], function: F) -> Vec<R>
    where
        A: Sync,
        F: Fn(&A) -> R + Send + Sync,
        R: Send,
    {
        self.0.install(|| items.par_iter().map(function).collect())
    }
}
