use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Stopwatch};

/// Tasks that come when they come, evenly spaced, whether those before are done or not. A task's latency counts from when it
/// should have come: where the pool holds up who submits, all that wait behind it wait too, which a closed loop hides.
///
/// ```text
///   submitter   |t0   |t1   |t2   ...      sleeps, then yields, until the next task is due
///   collector       r0 ─┤ r1 ─┤ r2 ─┤      blocks for one result after the other
///                 latency of t1 = its result's arrival at the collector - when it was due
/// ```
#[derive(Debug, Clone, Copy)]
pub struct OpenTrips {
    /// How many tasks a round has.
    pub tasks: usize,
    /// How fast they come.
    pub rate: Rate,
}

/// How fast tasks come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// So many in a second.
    PerSecond(f64),
    /// So many times what the pool itself can do, as found out by bursts before the first round: 0.5 is half of it.
    OfCapacity(f64),
}

/// Closer to the due time than this, sleeping is too coarse.
const TOO_SHORT_TO_SLEEP: Duration = Duration::from_micros(150);

impl OpenTrips {
    /// The loop around any pool. At most `limit` tasks, two or more, are under way at once; the submitter waits for a free place, on the
    /// clock of the tasks that are due meanwhile.
    pub fn of<Ticket: Send>(
        self,
        limit: usize,
        submit: impl Fn(u64) -> Ticket + 'static,
        complete: impl Fn(Ticket) + Sync + 'static,
    ) -> Case {
        let mut gap = None;
        Case::new(self.tasks, self.tasks as u64, move || {
            let gap =
                *gap.get_or_insert_with(|| self.rate.gap(|| self.schedule(limit, Duration::ZERO, &submit, &complete)));
            let watch = Stopwatch::start();
            let latencies = self.schedule(limit, gap, &submit, &complete);
            let answer = latencies.len() as u64;
            (watch.stop_each(latencies), answer)
        })
    }

    /// The latencies of a round.
    fn schedule<Ticket: Send>(
        self,
        limit: usize,
        gap: Duration,
        submit: &impl Fn(u64) -> Ticket,
        complete: &(impl Fn(Ticket) + Sync),
    ) -> Vec<Duration> {
        // The collector and the submitter hold one each.
        let waiting = limit.saturating_sub(2).min(self.tasks);
        let (sender, receiver) = crossbeam_channel::bounded::<(Instant, Ticket)>(waiting);
        thread::scope(|scope| {
            let collect = move || {
                let latency = |(due, ticket): (Instant, Ticket)| {
                    complete(ticket);
                    due.elapsed()
                };
                receiver.into_iter().map(latency).collect()
            };
            let collector = scope.spawn(collect);
            let start = Instant::now();
            for number in 0..self.tasks {
                let due = start + gap * number as u32;
                wait_until(due);
                sender.send((due, submit(number as u64))).expect("the collector runs until the last ticket");
            }
            drop(sender);
            collector.join().expect("every task has a result")
        })
    }
}

impl Rate {
    /// The time between two tasks; `burst` runs a round without any, and gives the latencies.
    fn gap(self, burst: impl Fn() -> Vec<Duration>) -> Duration {
        match self {
            Self::PerSecond(rate) => Duration::from_secs_f64(1.0 / rate),
            Self::OfCapacity(part) => {
                // The last one to come out of a burst has waited for all of it. The first burst warms up.
                let mut bursts: Vec<_> = (0..4)
                    .map(|_| burst())
                    .skip(1)
                    .map(|latencies| latencies.iter().max().copied().unwrap_or_default() / latencies.len() as u32)
                    .collect();
                bursts.sort_unstable();
                bursts[bursts.len() / 2].div_f64(part)
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a task is due at a time")]
fn wait_until(due: Instant) {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        if left > TOO_SHORT_TO_SLEEP {
            thread::sleep(left - TOO_SHORT_TO_SLEEP);
        } else {
            thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    use super::{OpenTrips, Rate};

    #[test]
    fn tasks_behind_a_late_one_are_late_too() {
        // The first task holds up its submitter for as long as all others take to become due.
        let stall = Duration::from_millis(50);
        let open = OpenTrips { tasks: 5, rate: Rate::PerSecond(100.0) };
        let stalling = move |number: u64| {
            let start = Instant::now();
            while number == 0 && start.elapsed() < stall {
                std::thread::yield_now();
            }
        };
        let sample = open.of(8, stalling, |()| ()).run().unwrap();
        // 50, 40, 30, 20 and 10 ms: a closed loop would say nothing of the last four.
        assert!(sample.wall >= Duration::from_millis(150), "{:?}", sample.wall);
    }

    #[test]
    fn half_the_capacity_leaves_twice_the_time() {
        let burst = || vec![Duration::from_micros(10), Duration::from_micros(400)];
        assert_eq!(Rate::OfCapacity(0.5).gap(burst), Duration::from_micros(400));
        assert_eq!(Rate::PerSecond(2000.0).gap(|| unreachable!("it needs no burst")), Duration::from_micros(500));
    }

    #[test]
    fn no_more_than_the_limit_are_under_way() {
        let under_way = std::sync::Arc::new(Mutex::new((0_usize, 0_usize)));
        let there = under_way.clone();
        let submit = move |_| {
            let mut counts = there.lock().unwrap();
            counts.0 += 1;
            counts.1 = counts.1.max(counts.0);
        };
        let done = under_way.clone();
        let open = OpenTrips { tasks: 100, rate: Rate::PerSecond(1e9) };
        open.of(4, submit, move |()| done.lock().unwrap().0 -= 1).run().unwrap();
        let most = under_way.lock().unwrap().1;
        assert!(most <= 4, "{most}");
    }
}
