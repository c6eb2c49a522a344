use std::thread::{self, JoinHandle};

use crate::contender::Contender;

/// No pool: a fresh thread for each task, however many workers were asked for.
#[derive(Debug)]
pub struct ThreadEach;

impl Contender for ThreadEach {
    type Ticket<R: Send + 'static> = JoinHandle<R>;

    const NAME: &'static str = "a fresh thread each";

    fn new(_workers: usize) -> Self {
        Self
    }

    fn spawn<R, F>(&self, task: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        thread::spawn(task)
    }

    fn result<R: Send + 'static>(&self, ticket: JoinHandle<R>) -> R {
        ticket.join().expect("the task returns")
    }
}
