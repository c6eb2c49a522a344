use oneshot::Receiver;
use threadpool::ThreadPool;

use crate::contender::Contender;

/// threadpool, whose `execute` gives nothing back: the result travels through a oneshot channel.
#[derive(Debug)]
pub struct Threadpool(ThreadPool);

impl Contender for Threadpool {
    type Ticket<R: Send + 'static> = Receiver<R>;

    const NAME: &'static str = "threadpool";

    fn new(workers: usize) -> Self {
        Self(ThreadPool::new(workers))
    }

    fn spawn<R, F>(&self, task: F) -> Receiver<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.0.execute(move || {
            let _ = sender.send(task());
        });
        receiver
    }

    fn result<R: Send + 'static>(&self, ticket: Receiver<R>) -> R {
        ticket.recv().expect("the task returns")
    }
}
