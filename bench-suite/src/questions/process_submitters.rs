use super::count;
use crate::effort::Effort;
use crate::processes;
use crate::processes::workloads::OneByOne;
use crate::python::{self, EXECUTOR, LOKY, POOL, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};

pub(super) const QUESTION: Question = Question {
    id: "process_submitters",
    title: "Does it help or hurt when several threads submit to one pool of processes?",
    method: "Tiny calls to one worker, in equal shares from so many threads, each of which submits all of its share and then \
             collects it. Two cores have the threads, the pool's own ones and the worker to run.",
    measure: Measure::NanosPer("task"),
    axis: Axis { name: "submitters", logarithmic: true },
    plot: Plot::Lines,
    brief: false,
    keeps_memory: false,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let tasks = effort.units(10_000, 200);
    [1, 2, 4].map(|submitters| from_threads(OneByOne { tasks, submitters })).into()
}

fn from_threads(tasks: OneByOne) -> Point {
    let mut contestants = processes::contestants(1, &tasks);
    let pools = [("Pool.map(chunksize=1)", POOL), ("ProcessPoolExecutor.submit", EXECUTOR), ("loky, submit", LOKY)];
    contestants.extend(python::contestants(pools.map(|(name, pool)| {
        let (units, expected) = (tasks.tasks, tasks.expected());
        Work { name, pool, workload: "burst", workers: 1, units, parameter: tasks.submitters, expected }
    })));
    Point::new(count(tasks.submitters, "submitter"), tasks.submitters as f64, contestants)
}
