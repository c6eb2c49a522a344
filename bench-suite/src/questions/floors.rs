use crate::effort::Effort;
use crate::floor;
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::RoundTrip;
use std::time::Duration;

pub(super) const QUESTION: Question = Question {
    id: "floors",
    title: "What does this machine itself need?",
    method: "The primitives that every pool is made of, alone. No pool can be faster.",
    measure: Measure::NanosPer("operation"),
    axis: Axis { name: "", logarithmic: true },
    plot: Plot::Bars,
    brief: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let many = effort.units(1_000_000, 1_000);
    let trips = RoundTrip { trips: effort.units(500, 10), gap: Duration::ZERO };
    let primitives = vec![
        floor::malloc(many),
        floor::clock(many),
        floor::counter(many),
        floor::park_ping_pong(trips),
        floor::condvar_ping_pong(trips),
    ];
    vec![Point::new("floors", 0.0, primitives)]
}
