use std::collections::BTreeSet;
use std::time::Instant;

use rustix::thread::gettid;

use super::count;
use crate::case::Case;
use crate::contender::Contender;
use crate::contenders::{Workload, contestants};
use crate::effort::Effort;
use crate::processes::{self, ProcessContender, WithProcesses};
use crate::python::{self, EXECUTOR, THREADS, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::sample::Sample;

const WORKERS: usize = 4;

pub(super) const QUESTION: Question = Question {
    id: "distinct_workers",
    title: "How many workers do n tasks really use?",
    method: "A pool of at most 4 is made and given tasks that do nothing but say on which thread, or in which process, they run: \
             one after the other, each waited for before the next submit, or all at once. The figure is the number of different \
             answers. Fewer is better one after the other, where a second worker helps nobody; all at once it says how soon the \
             others join in.",
    measure: Measure::Count("distinct workers"),
    axis: Axis { name: "tasks", logarithmic: true },
    plot: Plot::Lines,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

/// Tasks that say who runs them.
#[derive(Debug, Clone, Copy)]
struct Census {
    tasks: usize,
    at_once: bool,
}

fn points(effort: Effort) -> Vec<Point> {
    let tasks = effort.points(&[1, 10, 100, 1_000], &[10, 1_000]).into_iter();
    let censuses = tasks.flat_map(|tasks| [false, true].map(|at_once| Census { tasks, at_once }));
    censuses.flat_map(|census| [threads(census), processes(census)]).collect()
}

fn threads(census: Census) -> Point {
    let mut contestants = contestants(WORKERS, &census);
    contestants.extend(census.python(THREADS));
    census.point("threads", contestants)
}

fn processes(census: Census) -> Point {
    let mut contestants = processes::contestants(WORKERS, &census);
    contestants.extend(census.python(EXECUTOR));
    census.point("processes", contestants)
}

impl Census {
    fn point(self, what: &str, contestants: Vec<crate::Contestant>) -> Point {
        let group = format!("{what}, {}", if self.at_once { "all at once" } else { "one after the other" });
        Point::new(format!("{group}, {}", count(self.tasks, "task")), self.tasks as f64, contestants).group(group)
    }

    fn python(self, pool: &'static str) -> Vec<crate::Contestant> {
        let workload = if self.at_once { "census_at_once" } else { "census" };
        let (units, expected) = (self.tasks, self.tasks as u64);
        python::contestants([Work { name: pool, pool, workload, workers: WORKERS, units, parameter: 0, expected }])
    }

    /// A pool is made for each run.
    fn counted<Run: FnOnce() -> Vec<u64>>(self, mut make: impl FnMut() -> Run + 'static) -> Case {
        Case::new(self.tasks, self.tasks as u64, move || {
            let run = make();
            let start = Instant::now();
            let workers = run();
            let wall = start.elapsed();
            let distinct: BTreeSet<&u64> = workers.iter().collect();
            (Sample::of(wall, distinct.len() as f64), workers.len() as u64)
        })
    }
}

impl Workload for Census {
    /// Each run has a pool of its own; the first has the one that is given.
    fn case<C: Contender>(&self, contender: C) -> Case {
        let Self { tasks, at_once } = *self;
        let mut first = Some(contender);
        self.counted(move || {
            let pool = first.take().unwrap_or_else(|| C::new(WORKERS));
            move || {
                if !at_once {
                    return (0..tasks).map(|_| pool.result(pool.spawn(thread_number))).collect();
                }
                let tickets = (0..tasks).map(|_| pool.spawn(thread_number)).collect();
                let mut workers = Vec::with_capacity(tasks);
                pool.gather(tickets, |worker| workers.push(worker));
                workers
            }
        })
    }
}

impl WithProcesses for Census {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        let Self { tasks, at_once } = *self;
        let mut first = Some(contender);
        self.counted(move || {
            let pool = first.take().unwrap_or_else(|| C::new(WORKERS));
            move || {
                let most = if at_once { C::LIMIT.min(tasks) } else { 1 };
                let mut workers = Vec::with_capacity(tasks);
                while workers.len() < tasks {
                    let some = most.min(tasks - workers.len());
                    let tickets: Vec<_> = (0..some).map(|_| pool.submit(process_number, ())).collect();
                    workers.extend(tickets.into_iter().map(|ticket| pool.result(ticket)));
                }
                workers
            }
        })
    }
}

fn thread_number() -> u64 {
    gettid().as_raw_nonzero().get() as u64
}

fn process_number((): ()) -> u64 {
    std::process::id().into()
}
