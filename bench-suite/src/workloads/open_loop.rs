use std::hint::{black_box, spin_loop};
use std::time::{Duration, Instant};

use super::Microsecond;
use crate::case::{Case, Stopwatch};
use crate::contender::Contender;
use crate::contenders::Workload;
use crate::contestant::{Contestant, Role};

/// Tasks that arrive when they do, whether the pool keeps up or not. The latency of each is counted from when it *should*
/// have been submitted until its end on the worker, so that a stall is seen by all who would have come meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct OpenLoop {
    /// How many tasks.
    pub tasks: usize,
    /// What each of them takes.
    pub service: Duration,
    /// Which part of one worker's time that is, on average.
    pub load: f64,
}

impl Workload for OpenLoop {
    fn case<C: Contender>(&self, contender: C) -> Case {
        let Self { tasks, service, .. } = *self;
        let (arrivals, micro) = (self.times(), Microsecond::calibrated());
        let micros = service.as_micros() as u64;
        Case::new(tasks, tasks as u64, move || {
            let mut tickets = Vec::with_capacity(tasks);
            let watch = Stopwatch::start();
            let start = Instant::now();
            for &arrival in &arrivals {
                let intended = start + arrival;
                while Instant::now() < intended {
                    spin_loop();
                }
                tickets.push(contender.spawn(move || {
                    (0..micros).for_each(|number| {
                        black_box(micro.work(number));
                    });
                    intended.elapsed()
                }));
            }
            let mut latencies = Vec::with_capacity(tasks);
            contender.gather(tickets, |latency| latencies.push(latency));
            let answer = latencies.len() as u64;
            (watch.stop_each(latencies), answer)
        })
    }
}

impl OpenLoop {
    /// What a pool without any cost of its own gives: the same arrivals at one server, computed.
    #[must_use]
    pub fn perfect(self) -> Contestant {
        Contestant::new("floor: a pool without cost, computed", Role::Floor, move || {
            let arrivals = self.times();
            Case::new(self.tasks, self.tasks as u64, move || {
                let watch = Stopwatch::start();
                let mut free = Duration::ZERO;
                let latencies = arrivals.iter().map(|&arrival| {
                    free = free.max(arrival) + self.service;
                    free - arrival
                });
                let latencies: Vec<Duration> = latencies.collect();
                let answer = latencies.len() as u64;
                (watch.stop_each(latencies), answer)
            })
        })
    }

    /// Exponential gaps, as of many users who know nothing of each other; the same for everybody, in each round.
    fn times(self) -> Vec<Duration> {
        let mean = self.service.as_secs_f64() / self.load;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut uniform = move || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        };
        let mut at = 0.0;
        let mut next = || {
            at -= mean * uniform().ln();
            Duration::from_secs_f64(at)
        };
        (0..self.tasks).map(|_| next()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::OpenLoop;

    #[test]
    fn arrivals_have_the_load_that_was_asked_for() {
        let service = Duration::from_micros(10);
        let arrivals = OpenLoop { tasks: 10_000, service, load: 0.5 }.times();
        assert!(arrivals.is_sorted());
        let mean = arrivals.last().unwrap().as_secs_f64() / 10_000.0;
        assert!((19e-6..21e-6).contains(&mean), "{mean}");
    }

    #[test]
    fn the_perfect_pool_waits_as_queueing_theory_says() {
        let service = Duration::from_micros(10);
        let mut case = OpenLoop { tasks: 200_000, service, load: 0.5 }.perfect().make().unwrap();
        let sample = case.run().unwrap();
        // Pollaczek and Khinchine: a mean of service * (1 + load / (2 * (1 - load))) = 15 us.
        let mean = sample.wall.as_secs_f64() / 200_000.0;
        assert!((14e-6..16e-6).contains(&mean), "{mean}");
    }
}
