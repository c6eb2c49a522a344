use super::count;
use crate::contenders::contestants;
use crate::effort::Effort;
use crate::floor;
use crate::promise::Promise;
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::Burst;

pub(super) const QUESTION: Question = Question {
    id: "thread_throughput",
    title: "How many tiny tasks per second?",
    method: "Tasks that do next to nothing are all submitted, then all collected; with several submitters each has its share.",
    measure: Measure::NanosPer("task"),
    axis: Axis { name: "submitters", logarithmic: false },
    plot: Plot::Lines,
    brief: true,
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
    contestants.push(floor::memory(tasks, 1));
    let label = format!("{}, {}", count(workers, "worker"), count(submitters, "submitter"));
    Point::new(label, submitters as f64, contestants).group(count(workers, "worker")).promise(Promise::Faster(1.3))
}
