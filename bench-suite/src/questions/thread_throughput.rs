use super::count;
use crate::contenders::contestants;
use crate::effort::Effort;
use crate::floor;
use crate::promise::Promise;
use crate::python::{self, THREADS, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::Burst;

/// So many tasks are enough for a round of CPython's.
const PYTHON: usize = 4_000;

pub(super) const QUESTION: Question = Question {
    id: "thread_throughput",
    title: "How many tiny tasks per second?",
    method: "Tasks that do next to nothing are all submitted, then all collected; with several submitters each has its share. \
             CPython gets fewer of them, each of which takes it so long; the figure is the time per task all the same.",
    measure: Measure::NanosPer("task"),
    axis: Axis { name: "submitters", logarithmic: false },
    plot: Plot::Lines,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let tasks = effort.units(200_000, 400);
    let settings = effort.points(&[(1, 1), (1, 2), (1, 4), (1, 8), (2, 1), (2, 2), (2, 4), (2, 8)], &[(1, 1), (2, 4)]);
    settings.into_iter().map(|(workers, submitters)| burst(tasks, workers, submitters)).collect()
}

fn burst(tasks: usize, workers: usize, submitters: usize) -> Point {
    let mut contestants = contestants(workers, &Burst { tasks, submitters, repeats: 1 });
    let fewer = Burst { tasks: tasks.min(PYTHON), submitters, repeats: 1 };
    contestants.extend(python::contestants([Work {
        name: THREADS,
        pool: THREADS,
        workload: "burst",
        workers,
        units: fewer.tasks,
        parameter: submitters,
        expected: fewer.expected(),
    }]));
    contestants.push(floor::memory(tasks, 1));
    let label = format!("{}, {}", count(workers, "worker"), count(submitters, "submitter"));
    Point::new(label, submitters as f64, contestants).group(count(workers, "worker")).promise(Promise::Faster(1.3))
}
