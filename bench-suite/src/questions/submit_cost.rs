use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Stopwatch};
use crate::contender::Contender;
use crate::contenders::{Workload, contestants};
use crate::contestant::Contestant;
use crate::effort::Effort;
use crate::floor;
use crate::processes::workloads::tiny;
use crate::processes::{self, ProcessContender, WithProcesses};
use crate::promise::Promise;
use crate::python::{self, EXECUTOR, THREADS, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::{Gate, ProcessGate, wait_at};

pub(super) const QUESTION: Question = Question {
    id: "submit_cost",
    title: "How long does submit keep its caller?",
    method: "Only the call of `submit` is timed, on a pool of one worker; results are collected outside. A busy worker waits at a \
             gate, so that each task is only queued. An idle one sleeps since 200 us, so that each submit has to wake it, which \
             is most of what it costs there; each of these calls is timed by itself, and the figure is their median. procspawn \
             gets at most 60 tasks at once, since it holds four descriptors for each.",
    measure: Measure::NanosPer("submit"),
    axis: Axis { name: "", logarithmic: false },
    plot: Plot::Bars,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

/// How long a worker has been idle.
const PAUSE: Duration = Duration::from_micros(200);

/// Submits to a worker that is busy, or idle.
#[derive(Debug, Clone, Copy)]
struct Submit {
    tasks: usize,
    busy: bool,
}

fn points(effort: Effort) -> Vec<Point> {
    let busy = Submit { tasks: effort.units(20_000, 100), busy: true };
    let idle = Submit { tasks: effort.units(100, 10), busy: false };
    let busy_process = Submit { tasks: effort.units(2_000, 20), busy: true };
    vec![threads(busy), threads(idle), processes(busy_process), processes(idle)]
}

fn threads(submit: Submit) -> Point {
    let mut contestants = contestants(1, &submit);
    contestants.extend(submit.python(THREADS));
    if submit.busy {
        contestants.push(floor::allocate_and_queue(submit.tasks));
    }
    submit.point("threads", contestants)
}

fn processes(submit: Submit) -> Point {
    let mut contestants = processes::contestants(1, &submit);
    contestants.extend(submit.python(EXECUTOR));
    if submit.busy {
        contestants.push(floor::allocate_and_queue(submit.tasks));
    }
    submit.point("processes", contestants)
}

impl Submit {
    fn point(self, what: &str, contestants: Vec<Contestant>) -> Point {
        let worker = if self.busy { "busy" } else { "idle" };
        Point::new(format!("{what}, {worker} worker"), 0.0, contestants).group(what).promise(Promise::NoSlower)
    }

    fn python(self, pool: &'static str) -> Vec<Contestant> {
        let workload = if self.busy { "submit_busy" } else { "submit_idle" };
        let (units, parameter) = (self.tasks, PAUSE.as_micros() as usize);
        python::contestants([Work { name: pool, pool, workload, workers: 1, units, parameter, expected: units as u64 }])
    }
}

impl Workload for Submit {
    fn case<C: Contender>(&self, contender: C) -> Case {
        let tasks = self.tasks;
        if !self.busy {
            return idle(tasks, move || {
                let start = Instant::now();
                let ticket = contender.spawn(move || tiny(6));
                let taken = start.elapsed();
                assert_eq!(contender.result(ticket), 7);
                taken
            });
        }
        Case::new(tasks, tasks as u64, move || {
            let gate = Gate::default();
            let keeper = contender.spawn(gate.keeper());
            let mut tickets = Vec::with_capacity(tasks);
            let watch = Stopwatch::start();
            (0..tasks).for_each(|_| tickets.push(contender.spawn(|| 1)));
            let sample = watch.stop(tasks);
            gate.open();
            let mut sum = contender.result(keeper);
            contender.gather(tickets, |one: u64| sum += one);
            (sample, sum)
        })
    }
}

impl WithProcesses for Submit {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        /// Beside the tasks there is the one that waits at the gate, and what the pool holds itself.
        const ROOM: usize = 4;
        let tasks = self.tasks.min(C::LIMIT - ROOM);
        if !self.busy {
            return idle(tasks, move || {
                let start = Instant::now();
                let ticket = contender.submit(tiny, 6);
                let taken = start.elapsed();
                assert_eq!(contender.result(ticket), 7);
                taken
            });
        }
        Case::new(tasks, tasks as u64, move || {
            let mut gate = ProcessGate::new();
            let keeper = contender.submit(wait_at, gate.path());
            let mut tickets = Vec::with_capacity(tasks);
            let watch = Stopwatch::start();
            (0..tasks as u64).for_each(|_| tickets.push(contender.submit(tiny, black_box(0))));
            let sample = watch.stop(tasks);
            gate.open();
            let sum =
                contender.result(keeper) + tickets.into_iter().map(|ticket| contender.result(ticket)).sum::<u64>();
            (sample, sum)
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the pause is a time, in which the worker falls asleep")]
fn idle(tasks: usize, mut submit: impl FnMut() -> Duration + 'static) -> Case {
    processes::workloads::timed_each(tasks, move || {
        thread::sleep(PAUSE);
        submit()
    })
}
