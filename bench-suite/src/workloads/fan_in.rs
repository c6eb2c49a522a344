use std::sync::{Arc, Barrier};
use std::time::Duration;

use concurrent_futures_core::{Future, ReturnWhen, as_completed, wait};

use crate::case::{Case, Role, Sample, Stopwatch};
use crate::contender::Contender;
use crate::contenders::Ours;

/// How many futures at once: none of them is done before, all end while they are waited for.
#[derive(Debug, Clone, Copy)]
pub struct FanIn {
    /// How many futures.
    pub futures: usize,
    /// By what.
    pub by: Gathering,
}

/// What gathers the futures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gathering {
    /// `as_completed`, each result taken.
    AsCompleted,
    /// `wait` for all of them.
    Wait,
}

impl FanIn {
    /// The workload, repeated within a run until it is long enough to be timed.
    #[must_use]
    pub fn case(self, workers: usize, repeats: usize) -> Case {
        let contender = Ours::new(workers);
        let name = format!("ours, {} futures", self.futures);
        let each = (0..self.futures as u64).sum::<u64>();
        Case::new(name, Role::Ours, self.futures, each * repeats as u64, move || {
            let mut whole: Option<Sample> = None;
            let mut answer = 0;
            for _ in 0..repeats {
                let (sample, sum) = self.once(&contender, workers);
                answer += sum;
                whole = Some(whole.map_or(sample, |whole| add(whole, sample)));
            }
            (whole.map_or_else(|| Stopwatch::start().stop(1), |whole| divide(whole, repeats)), answer)
        })
    }

    /// The workers are held back until the futures are about to be waited for.
    fn once(self, contender: &Ours, workers: usize) -> (Sample, u64) {
        let gate = Arc::new(Barrier::new(workers + 1));
        for _ in 0..workers {
            let gate = gate.clone();
            contender
                .spawn(move || {
                    gate.wait();
                })
                .detach();
        }
        let futures: Vec<Future<u64>> = (0..self.futures as u64).map(|n| contender.spawn(move || n)).collect();
        gate.wait();
        let watch = Stopwatch::start();
        match self.by {
            Gathering::AsCompleted => {
                let sum = as_completed(futures).map(value).sum();
                (watch.stop(self.futures), sum)
            }
            Gathering::Wait => {
                let waited = wait(futures, ReturnWhen::AllCompleted, None::<Duration>);
                let sample = watch.stop(self.futures);
                (sample, waited.done.into_iter().map(value).sum())
            }
        }
    }
}

fn value(future: Future<u64>) -> u64 {
    future.result().expect("the task returns")
}

fn add(a: Sample, b: Sample) -> Sample {
    Sample { wall: a.wall + b.wall, nanos: a.nanos + b.nanos, cpu_nanos: a.cpu_nanos + b.cpu_nanos, p99_nanos: None }
}

/// Means of the figures; the wall time stays the whole.
fn divide(sample: Sample, by: usize) -> Sample {
    Sample { nanos: sample.nanos / by as f64, cpu_nanos: sample.cpu_nanos / by as f64, ..sample }
}
