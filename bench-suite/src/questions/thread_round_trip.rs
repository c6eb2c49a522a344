use std::time::Duration;

use super::count;
use crate::contenders::contestants;
use crate::effort::Effort;
use crate::floor;
use crate::promise::Promise;
use crate::python::{self, THREADS, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::RoundTrip;

pub(super) const QUESTION: Question = Question {
    id: "thread_round_trip",
    title: "How long does one task take on threads, from the submit to its result in hand? (closed loop)",
    method: "One task is submitted and waited for, then the next: a closed loop, in which nobody comes while the pool is slow, so \
             its high percentiles flatter everybody (the open loop has those that users see). With gaps the caller sleeps in between, so \
             that the workers fall asleep and have to be woken.",
    measure: Measure::NanosPer("trip"),
    axis: Axis { name: "workers", logarithmic: false },
    plot: Plot::Percentiles,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let back_to_back = RoundTrip { trips: effort.units(1_000, 10), gap: Duration::ZERO };
    let with_gaps = RoundTrip { trips: effort.units(100, 10), gap: Duration::from_micros(200) };
    let loops = [("back to back", back_to_back), ("200 us gaps", with_gaps)];
    let workers = effort.points(&[1, 2], &[1]);
    let points = loops.iter().flat_map(|&(name, trips)| workers.iter().map(move |&workers| free(name, trips, workers)));
    points.chain([round_trip("back to back", back_to_back, 1).pinned()]).collect()
}

/// Who spins needs a core for each side.
fn free(name: &str, trips: RoundTrip, workers: usize) -> Point {
    let mut point = round_trip(name, trips, workers);
    point.contestants.push(floor::spin_ping_pong(trips));
    point
}

fn round_trip(name: &str, trips: RoundTrip, workers: usize) -> Point {
    let mut contestants = contestants(workers, &trips);
    contestants.extend(python::contestants([Work {
        name: THREADS,
        pool: THREADS,
        workload: "round_trip",
        workers,
        units: trips.trips,
        parameter: trips.gap.as_micros() as usize,
        expected: trips.trips as u64,
    }]));
    contestants.push(floor::park_ping_pong(trips));
    contestants.push(floor::condvar_ping_pong(trips));
    let label = format!("{name}, {}", count(workers, "worker"));
    Point::new(label, workers as f64, contestants).group(name).promise(Promise::NoSlower)
}
