use std::time::Duration;

use crate::contenders::contestants;
use crate::effort::Effort;
use crate::promise::Promise;
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::OpenLoop;

/// What each task takes, by its calibration.
const SERVICE: Duration = Duration::from_micros(10);

pub(super) const QUESTION: Question = Question {
    id: "thread_open_loop",
    title: "How long does a task take on threads that arrives at its own time? (open loop)",
    method: "Tasks of 10 us arrive at one worker by a schedule that doesn't wait for it: random gaps, the same for everybody, \
             which fill 20, 50 or 80 % of a worker's time. The latency counts from the moment at which the task should have \
             been submitted, so a stall is charged to everybody who would have come meanwhile (no coordinated omission), until \
             its end on the worker. The submitter spins until the next arrival, so two cores are in use. The floor is the same \
             schedule at a worker that costs nothing, computed: what it shows above 10 us is waiting for tasks before.",
    measure: Measure::NanosPer("task"),
    axis: Axis { name: "load, %", logarithmic: false },
    plot: Plot::Percentiles,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let tasks = effort.units(4_000, 100);
    let loads = effort.points(&[20, 50, 80], &[50]).into_iter();
    let point = |percent: u32| {
        let open_loop = OpenLoop { tasks, service: SERVICE, load: f64::from(percent) / 100.0 };
        let mut contestants = contestants(1, &open_loop);
        contestants.push(open_loop.perfect());
        Point::new(format!("{percent} % load"), percent.into(), contestants).promise(Promise::NoSlower)
    };
    loads.map(point).collect()
}
