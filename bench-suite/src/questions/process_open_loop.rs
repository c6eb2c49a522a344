use crate::effort::Effort;
use crate::processes;
use crate::python::{self, EXECUTOR, LOKY, POOL, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::{OpenTrips, Rate};

/// What all of the pools can bear.
const PER_SECOND: usize = 1000;

pub(super) const QUESTION: Question = Question {
    id: "process_open_loop",
    title: "How long does a task take to another process and back while others keep coming?",
    method: "An open loop: tiny calls are due evenly spaced, whether those before are done or not, and each is timed from when \
             it was due to when its result has been taken, so that a pool which holds up who submits pays for all that wait \
             behind. Once at the same rate for all; then at so many percent of what each pool itself can do in a burst, where \
             who is faster also gets more to do. One worker. Close to its due time the submitter yields rather than sleeps, and \
             so keeps a core busy.",
    measure: Measure::NanosPer("task"),
    axis: Axis { name: "load, percent of the pool's own capacity", logarithmic: false },
    plot: Plot::Percentiles,
    brief: false,
    keeps_memory: false,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let tasks = effort.units(2000, 50);
    let same =
        point(format!("{PER_SECOND} tasks a second"), 0.0, OpenTrips { tasks, rate: Rate::PerSecond(1e3) }, PER_SECOND);
    let shares = [20, 50, 80].map(|percent| {
        let open = OpenTrips { tasks, rate: Rate::OfCapacity(percent as f64 / 100.0) };
        point(format!("{percent} % of its own capacity"), percent as f64, open, percent)
    });
    std::iter::once(same.group("the same rate for all"))
        .chain(shares.map(|point| point.group("share of capacity")))
        .collect()
}

/// The parameter says the rate to Python.
fn point(label: String, x: f64, open: OpenTrips, parameter: usize) -> Point {
    let mut contestants = processes::contestants(1, &open);
    let pools = [("ProcessPoolExecutor.submit", EXECUTOR), ("Pool.apply_async", POOL), ("loky, submit", LOKY)];
    contestants.extend(python::contestants(pools.map(|(name, pool)| Work {
        name,
        pool,
        workload: "open_loop",
        workers: 1,
        units: open.tasks,
        parameter,
        expected: open.tasks as u64,
    })));
    Point::new(label, x, contestants)
}
