//! How long one task takes from the submit to its result in hand.

use std::time::Duration;

use concurrent_futures_bench_suite::contenders::cases;
use concurrent_futures_bench_suite::workloads::RoundTrip;
use concurrent_futures_bench_suite::{Comparison, Promise, Session, floor, measure};

fn main() {
    measure(|session| {
        let back_to_back = RoundTrip { trips: session.units(1_000, 10), gap: Duration::ZERO };
        let with_gaps = RoundTrip { trips: session.units(100, 10), gap: Duration::from_micros(200) };
        let questions = [("back to back", back_to_back), ("200 us gaps", with_gaps)];
        questions.iter().flat_map(|&(name, trips)| [1, 2].map(|workers| round_trip(name, trips, workers))).collect()
    });
}

fn round_trip(name: &str, trips: RoundTrip, workers: usize) -> Comparison {
    let title = format!("round trip, {name}, {}", Session::count(workers, "worker"));
    Comparison::new(title, "trip", move || {
        let mut cases = cases(workers, &trips);
        cases.push(floor::park_ping_pong(trips));
        cases.push(floor::condvar_ping_pong(trips));
        cases
    })
    .promise(Promise::NoSlower)
}
