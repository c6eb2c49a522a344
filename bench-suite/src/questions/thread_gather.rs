use crate::effort::Effort;
use crate::floor;
use crate::promise::Promise;
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::table::grouped;
use crate::workloads::{FanIn, Gathering};

/// Few futures are repeated until a run has about as many.
const AT_LEAST: usize = 20_000;

pub(super) const QUESTION: Question = Question {
    id: "thread_gather",
    title: "Does one more future cost the same when many are gathered?",
    method: "Tasks are submitted and their futures gathered, on 2 workers. The submits are timed too: whether a future is \
             done before it is watched is up to the scheduler, and so, with the gathering alone, would be the figure. The \
             floor allocates, queues and drops as much memory.",
    measure: Measure::NanosPer("future"),
    axis: Axis { name: "futures", logarithmic: true },
    plot: Plot::Lines,
    brief: false,
    keeps_memory: true,
    points,
    promises: &[Promise::Power(1.1)],
};

fn points(effort: Effort) -> Vec<Point> {
    let sizes = [1_000, 10_000, 100_000, 1_000_000].map(|size| effort.units(size, size / 500));
    let at_least = effort.units(AT_LEAST, 1);
    sizes.map(|futures| gather(futures, (at_least / futures).max(1))).into()
}

fn gather(futures: usize, repeats: usize) -> Point {
    let by = [Gathering::AsCompleted, Gathering::Wait, Gathering::OneByOne];
    let mut contestants: Vec<_> = by.map(|by| FanIn { futures, by, repeats }.contestant(2)).into();
    contestants.push(floor::memory(futures, repeats));
    Point::new(grouped(futures as f64), futures as f64, contestants)
}
