use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Stopwatch};
use crate::contender::Contender;
use crate::contenders::Workload;

/// Submit one task, wait for its result, again and again.
#[derive(Debug, Clone, Copy)]
pub struct RoundTrip {
    /// How often.
    pub trips: usize,
    /// How long the caller sleeps between two trips, so that the workers fall asleep.
    pub gap: Duration,
}

impl Workload for RoundTrip {
    fn case<C: Contender>(&self, contender: C) -> Case {
        let mut number = 0;
        self.of(move || {
            number += 1;
            let ticket = contender.spawn(move || number);
            assert_eq!(contender.result(ticket), number, "{} returns another task's result", C::NAME);
        })
    }
}

impl RoundTrip {
    /// The same loop around any other trip.
    #[expect(clippy::disallowed_methods, reason = "the gap is a time, in which the workers fall asleep")]
    pub fn of(&self, mut trip: impl FnMut() + 'static) -> Case {
        let Self { trips, gap } = *self;
        Case::new(trips, trips as u64, move || {
            let mut taken = Vec::with_capacity(trips);
            let watch = Stopwatch::start();
            for _ in 0..trips {
                if !gap.is_zero() {
                    thread::sleep(gap);
                }
                let start = Instant::now();
                trip();
                taken.push(start.elapsed());
            }
            let answer = taken.len() as u64;
            (watch.stop_each(taken), answer)
        })
    }
}
