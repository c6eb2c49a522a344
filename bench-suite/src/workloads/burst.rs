use std::sync::{Arc, Barrier};
use std::thread;

use crate::case::{Case, Stopwatch};
use crate::contender::Contender;
use crate::contenders::Workload;
use crate::sample::Sample;

/// Tiny tasks, all submitted, then all collected. With several submitters each has its share.
#[derive(Debug, Clone, Copy)]
pub struct Burst {
    /// How many tasks in all.
    pub tasks: usize,
    /// How many threads submit and collect.
    pub submitters: usize,
    /// How often within a run, so that few tasks take long enough to be timed.
    pub repeats: usize,
}

impl Workload for Burst {
    fn case<C: Contender>(&self, contender: C) -> Case {
        let Self { tasks, submitters, repeats } = *self;
        assert!(tasks.is_multiple_of(submitters), "each submitter has the same share");
        let expected = self.expected();
        if submitters == 1 {
            return Case::new(tasks * repeats, expected, move || {
                let watch = Stopwatch::start();
                let answer = (0..repeats).map(|_| submit_and_collect(&contender, 0, tasks)).sum();
                (watch.stop(tasks * repeats), answer)
            });
        }
        let (contender, burst) = (Arc::new(contender), *self);
        Case::new(tasks * repeats, expected, move || from_threads(&contender, burst))
    }
}

impl Burst {
    /// The sum of all results.
    #[must_use]
    pub fn expected(self) -> u64 {
        (0..self.tasks as u64).map(tiny).sum::<u64>() * self.repeats as u64
    }
}

/// The submitters are started before the watch and joined after it.
fn from_threads<C: Contender>(contender: &Arc<C>, burst: Burst) -> (Sample, u64) {
    let Burst { tasks, submitters, repeats } = burst;
    let share = tasks / submitters;
    let gate = Arc::new(Barrier::new(submitters + 1));
    let threads: Vec<_> = (0..submitters)
        .map(|submitter| {
            let (contender, gate) = (contender.clone(), gate.clone());
            thread::spawn(move || {
                gate.wait();
                let once = |_| submit_and_collect(&*contender, submitter * share, share);
                let answer: u64 = (0..repeats).map(once).sum();
                gate.wait();
                answer
            })
        })
        .collect();
    gate.wait();
    let watch = Stopwatch::start();
    gate.wait();
    let sample = watch.stop(tasks * repeats);
    let answer = threads.into_iter().map(|thread| thread.join().expect("a submitter returns")).sum();
    (sample, answer)
}

fn submit_and_collect<C: Contender>(contender: &C, first: usize, tasks: usize) -> u64 {
    let numbers = first as u64..(first + tasks) as u64;
    let tickets: Vec<C::Ticket<u64>> = numbers.map(|n| contender.spawn(move || tiny(n))).collect();
    let mut sum = 0;
    contender.gather(tickets, |result| sum += result);
    sum
}

fn tiny(n: u64) -> u64 {
    n ^ 1
}
