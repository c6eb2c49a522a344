use std::time::Duration;

use super::count;
use crate::effort::Effort;
use crate::processes::{self, raw_socket};
use crate::promise::Promise;
use crate::python::{self, EXECUTOR, POOL, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::RoundTrip;

pub(super) const QUESTION: Question = Question {
    id: "process_round_trip",
    title: "How long does one task take to another process and back?",
    method: "A closed loop: one call is submitted and waited for, then the next. The floors send as many bytes over a socket: \
             with three wake-ups (worker, reader, waiter), as a pool with futures needs them, and with two.",
    measure: Measure::NanosPer("trip"),
    axis: Axis { name: "workers", logarithmic: false },
    plot: Plot::Percentiles,
    brief: true,
    keeps_memory: false,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let back_to_back = RoundTrip { trips: effort.units(500, 10), gap: Duration::ZERO };
    let with_gaps = RoundTrip { trips: effort.units(100, 10), gap: Duration::from_micros(200) };
    let loops = effort.points(
        &[("back to back", back_to_back, 1), ("back to back", back_to_back, 2), ("200 us gaps", with_gaps, 1)],
        &[("back to back", back_to_back, 1)],
    );
    let point = |&(name, trips, workers): &_| round_trip(name, trips, workers);
    loops.iter().map(point).chain(loops.iter().map(|of| point(of).pinned())).collect()
}

fn round_trip(name: &str, trips: RoundTrip, workers: usize) -> Point {
    let mut contestants = processes::contestants(workers, &trips);
    contestants.extend(python::contestants([("ProcessPoolExecutor.submit", EXECUTOR), ("Pool.apply", POOL)].map(
        |(name, pool)| Work {
            name,
            pool,
            workload: "round_trip",
            workers,
            units: trips.trips,
            parameter: trips.gap.as_micros() as usize,
            expected: trips.trips as u64,
        },
    )));
    contestants.push(raw_socket::three_wake_ups(trips));
    contestants.push(raw_socket::two_wake_ups(trips));
    Point::new(format!("{name}, {}", count(workers, "worker")), workers as f64, contestants)
        .group(name)
        .promise(Promise::NoSlowerThan("procspawn"))
        .promise(Promise::AtMostTimes(raw_socket::THREE_WAKE_UPS, 1.5))
        .promise(Promise::FasterThan("procspawn", 2.0))
}
