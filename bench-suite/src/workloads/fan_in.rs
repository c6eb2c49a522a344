use std::time::Duration;

use concurrent_futures_core::{Future, ReturnWhen, as_completed, wait};

use crate::case::{Case, Stopwatch};
use crate::contender::Contender;
use crate::contenders::Ours;
use crate::contestant::{Contestant, Role};

/// Tasks submitted, and their futures gathered. The submits are timed too: whether a future is done before it is
/// watched is up to the scheduler, and so, with the gathering alone, would be the figure.
#[derive(Debug, Clone, Copy)]
pub struct FanIn {
    /// How many futures at once.
    pub futures: usize,
    /// By what they are gathered.
    pub by: Gathering,
    /// How often within a run, so that few futures take long enough to be timed.
    pub repeats: usize,
}

/// What gathers the futures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gathering {
    /// `as_completed`, each result taken.
    AsCompleted,
    /// `wait` for all of them, then each result taken.
    Wait,
    /// `result` of each in its turn: what the other two are beside.
    OneByOne,
}

impl FanIn {
    /// The workload on our pool: the peers have nothing like it.
    #[must_use]
    pub fn contestant(self, workers: usize) -> Contestant {
        let name = match self.by {
            Gathering::AsCompleted => "ours, as_completed",
            Gathering::Wait => "ours, wait",
            Gathering::OneByOne => "ours, one by one",
        };
        Contestant::new(name, Role::Ours, move || {
            let contender = Ours::new(workers);
            let expected = (0..self.futures as u64).sum::<u64>() * self.repeats as u64;
            Case::new(self.futures * self.repeats, expected, move || {
                let watch = Stopwatch::start();
                let answer = (0..self.repeats).map(|_| self.once(&contender)).sum();
                (watch.stop(self.futures * self.repeats), answer)
            })
        })
    }

    fn once(self, contender: &Ours) -> u64 {
        let futures: Vec<Future<u64>> = (0..self.futures as u64).map(|n| contender.spawn(move || n)).collect();
        match self.by {
            Gathering::AsCompleted => as_completed(futures).map(value).sum(),
            Gathering::Wait => {
                wait(futures, ReturnWhen::AllCompleted, None::<Duration>).done.into_iter().map(value).sum()
            }
            Gathering::OneByOne => futures.into_iter().map(value).sum(),
        }
    }
}

fn value(future: Future<u64>) -> u64 {
    future.result().expect("the task returns")
}
