//! What the pools of processes are asked to do.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::contender::{ProcessContender, WithProcesses};
use crate::case::{Case, Role, Stopwatch};
use crate::workloads::RoundTrip;

/// Returns its argument.
pub fn identity<A>(value: A) -> A {
    value
}

/// A task that does next to nothing.
#[must_use]
pub fn tiny(number: u64) -> u64 {
    number ^ 1
}

impl WithProcesses for RoundTrip {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        let mut number = 0_u64;
        self.of(C::NAME, C::ROLE, move || {
            number += 1;
            assert_eq!(contender.call(identity, number), number, "{} returns another task's result", C::NAME);
        })
    }
}

/// Tiny tasks, one submit each, all under way at once as far as the pool can bear it.
#[derive(Debug, Clone, Copy)]
pub struct OneByOne {
    /// How many tasks.
    pub tasks: usize,
}

impl OneByOne {
    /// The sum of all results.
    #[must_use]
    pub fn expected(self) -> u64 {
        (0..self.tasks as u64).map(tiny).sum()
    }
}

impl WithProcesses for OneByOne {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        let Self { tasks } = *self;
        Case::new(C::NAME, C::ROLE, tasks, self.expected(), move || {
            let watch = Stopwatch::start();
            let answer = submit_and_collect(&contender, tasks);
            (watch.stop(tasks), answer)
        })
    }
}

fn submit_and_collect<C: ProcessContender>(contender: &C, tasks: usize) -> u64 {
    let mut sum = 0;
    let mut tickets = VecDeque::with_capacity(tasks.min(C::LIMIT));
    for number in 0..tasks as u64 {
        if tickets.len() == C::LIMIT {
            sum += tickets.pop_front().map_or(0, |ticket| contender.result(ticket));
        }
        tickets.push_back(contender.submit(tiny, number));
    }
    sum + tickets.into_iter().map(|ticket| contender.result(ticket)).sum::<u64>()
}

/// A case whose units are timed one by one, by themselves.
pub fn timed_each(name: &str, role: Role, units: usize, mut unit: impl FnMut() -> Duration + 'static) -> Case {
    Case::new(name, role, units, units as u64, move || {
        let watch = Stopwatch::start();
        let taken: Vec<Duration> = (0..units).map(|_| unit()).collect();
        let answer = taken.len() as u64;
        (watch.stop_each(taken), answer)
    })
}

/// How long something takes.
pub fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
