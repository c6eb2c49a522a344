use super::count;
use crate::effort::Effort;
use crate::processes::workloads::OneByOne;
use crate::processes::{self, raw_socket};
use crate::promise::Promise;
use crate::python::{self, EXECUTOR, POOL, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};

const PYTHON: &str = "Pool.map(chunksize=1)";

pub(super) const QUESTION: Question = Question {
    id: "process_throughput",
    title: "How many tiny tasks per second cross to other processes, one submit each?",
    method: "Calls that do next to nothing are all submitted, then all collected, at most so many under way as the pool can \
             bear: procspawn, which holds four descriptors per call, 64.",
    measure: Measure::NanosPer("task"),
    axis: Axis { name: "workers", logarithmic: false },
    plot: Plot::Bars,
    brief: true,
    keeps_memory: false,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    // CPython takes a tenth of a millisecond for each.
    let tasks = if effort == Effort::Brief { 5_000 } else { effort.units(10_000, 200) };
    let tasks = OneByOne { tasks, submitters: 1 };
    let workers = effort.points(&[1, 2], &[1]);
    let free = workers.iter().map(|&workers| one_by_one(tasks, workers));
    free.chain(workers.iter().map(|&workers| one_by_one(tasks, workers).pinned())).collect()
}

fn one_by_one(tasks: OneByOne, workers: usize) -> Point {
    let mut contestants = processes::contestants(workers, &tasks);
    let pools = [(PYTHON, POOL), ("ProcessPoolExecutor.submit", EXECUTOR)];
    contestants.extend(python::contestants(pools.map(|(name, pool)| {
        let (units, expected) = (tasks.tasks, tasks.expected());
        Work { name, pool, workload: "burst", workers, units, parameter: tasks.submitters, expected }
    })));
    contestants.push(raw_socket::stream(tasks.tasks));
    Point::new(count(workers, "worker"), workers as f64, contestants).promise(Promise::FasterThan(PYTHON, 5.0))
}
