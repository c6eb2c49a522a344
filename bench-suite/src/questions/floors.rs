use crate::effort::Effort;
use crate::floor;
use crate::processes::raw_socket;
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::RoundTrip;
use std::time::Duration;

const KIB: usize = 1024;

pub(super) const QUESTION: Question = Question {
    id: "floors",
    title: "What does this machine itself need?",
    method: "The primitives that every pool is made of, alone. No pool can be faster.",
    measure: Measure::NanosPer("operation"),
    axis: Axis { name: "", logarithmic: true },
    plot: Plot::Bars,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let many = effort.units(1_000_000, 1_000);
    let trips = RoundTrip { trips: effort.units(500, 10), gap: Duration::ZERO };
    let instructions = vec![floor::counter(many), floor::clock(many), floor::malloc(many)];
    let copies = vec![
        floor::copy("floor: copy 4 KiB", 4 * KIB, effort.units(10_000, 10)),
        floor::copy("floor: copy 1 MiB", 1024 * KIB, effort.units(100, 2)),
    ];
    let trips = vec![
        floor::spin_ping_pong(trips),
        floor::park_ping_pong(trips),
        floor::condvar_ping_pong(trips),
        floor::channel_of_bytes(trips),
        raw_socket::two_wake_ups(trips),
    ];
    let starts = vec![floor::thread_start(effort.units(100, 2)), floor::process_start(effort.units(10, 1))];
    let points = [("instructions", instructions), ("copies", copies), ("there and back", trips), ("starts", starts)];
    points.into_iter().map(|(name, floors)| Point::new(name, 0.0, floors).group(name)).collect()
}
