//! How long one task takes to another process and back.

use std::time::Duration;

use concurrent_futures_bench_suite::processes::pinned::{measure_pinned_too, title};
use concurrent_futures_bench_suite::processes::python::{self, EXECUTOR, POOL, Work};
use concurrent_futures_bench_suite::processes::{self, raw_socket};
use concurrent_futures_bench_suite::workloads::RoundTrip;
use concurrent_futures_bench_suite::{Comparison, Promise, Session};

fn main() {
    processes::begin();
    measure_pinned_too(|session| {
        let back_to_back = RoundTrip { trips: session.units(500, 10), gap: Duration::ZERO };
        let with_gaps = RoundTrip { trips: session.units(100, 10), gap: Duration::from_micros(200) };
        vec![
            round_trip("back to back", back_to_back, 1),
            round_trip("back to back", back_to_back, 2),
            round_trip("200 us gaps", with_gaps, 1),
        ]
    });
}

fn round_trip(name: &str, trips: RoundTrip, workers: usize) -> Comparison {
    let title = title(&format!("process round trip, {name}, {}", Session::count(workers, "worker")));
    Comparison::new(title, "trip", move || {
        let mut cases = processes::cases(workers, &trips);
        cases.extend(python::cases([("ProcessPoolExecutor.submit", EXECUTOR), ("Pool.apply", POOL)].map(
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
        cases.push(raw_socket::three_wake_ups(trips));
        cases.push(raw_socket::two_wake_ups(trips));
        cases
    })
    .promise(Promise::NoSlowerThan("procspawn"))
    .promise(Promise::AtMostTimes(raw_socket::THREE_WAKE_UPS, 1.5))
    .promise(Promise::FasterThan("procspawn", 2.0))
}
