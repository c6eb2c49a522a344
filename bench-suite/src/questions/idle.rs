use std::thread;
use std::time::{Duration, Instant};

use super::count;
use crate::case::Case;
use crate::contender::Contender;
use crate::contenders::{Workload, contestants};
use crate::contestant::{Contestant, Role};
use crate::cpu::Meter;
use crate::effort::Effort;
use crate::processes::workloads::tiny;
use crate::processes::{self, ProcessContender, WithProcesses};
use crate::python::{self, EXECUTOR, THREADS, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::sample::Sample;

const WORKERS: usize = 4;

pub(super) const QUESTION: Question = Question {
    id: "idle",
    title: "What does a pool cost that has nothing to do?",
    method: "A pool of 4 has run a few tasks on each worker, and gets nothing to do any more. The figure is the processor time \
             that its process and all of its descendants use within the next second. The floor is a process without a pool \
             that sleeps for the second: what is above it are threads or processes that wake up to look around.",
    measure: Measure::CpuMicrosPerSecond("idleness"),
    axis: Axis { name: "workers", logarithmic: false },
    plot: Plot::Bars,
    brief: false,
    keeps_memory: true,
    points,
    promises: &[],
};

/// Nothing, for so long.
#[derive(Debug, Clone, Copy)]
struct Idleness(Duration);

fn points(effort: Effort) -> Vec<Point> {
    let idleness = Idleness(Duration::from_millis(effort.units(1_000, 20) as u64));
    let mut threads = contestants(WORKERS, &idleness);
    threads.extend(idleness.python(THREADS));
    threads.push(idleness.floor());
    let mut processes = processes::contestants(WORKERS, &idleness);
    processes.extend(idleness.python(EXECUTOR));
    processes.push(idleness.floor());
    [("threads", threads), ("processes", processes)]
        .map(|(what, contestants)| {
            Point::new(format!("{what}, {}", count(WORKERS, "worker")), WORKERS as f64, contestants).group(what)
        })
        .into()
}

impl Workload for Idleness {
    fn case<C: Contender>(&self, contender: C) -> Case {
        let tickets: Vec<_> = (0..100 * WORKERS as u64).map(|number| contender.spawn(move || tiny(number))).collect();
        contender.gather(tickets, drop);
        self.with(contender)
    }
}

impl WithProcesses for Idleness {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        for _ in 0..100 {
            let tickets: Vec<_> = (0..WORKERS as u64).map(|number| contender.submit(tiny, number)).collect();
            tickets.into_iter().for_each(|ticket| assert_ne!(contender.result(ticket), u64::MAX));
        }
        self.with(contender)
    }
}

impl Idleness {
    #[expect(clippy::disallowed_methods, reason = "the time in which nothing happens is what is measured")]
    fn with(self, pool: impl Sized + 'static) -> Case {
        Case::new(1, 1, move || {
            let _pool = &pool;
            let (meter, start) = (Meter::start(), Instant::now());
            thread::sleep(self.0);
            let wall = start.elapsed();
            let used = meter.used().expect("this kernel tells who a process's children are");
            (Sample::of(wall, used.as_secs_f64() * 1e6 / wall.as_secs_f64()), 1)
        })
    }

    fn floor(self) -> Contestant {
        Contestant::new("floor: a process without a pool", Role::Floor, move || self.with(()))
    }

    fn python(self, pool: &'static str) -> Vec<Contestant> {
        let parameter = self.0.as_millis() as usize;
        python::contestants([Work {
            name: pool,
            pool,
            workload: "idle",
            workers: WORKERS,
            units: 1,
            parameter,
            expected: 1,
        }])
    }
}
