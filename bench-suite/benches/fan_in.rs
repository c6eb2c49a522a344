//! `as_completed` and `wait` over ever more futures: does one more cost the same?

use concurrent_futures_bench_suite::workloads::{FanIn, Gathering};
use concurrent_futures_bench_suite::{Comparison, Promise, floor, measure};

/// Few futures are repeated until a run has about as many.
const AT_LEAST: usize = 100_000;

fn main() {
    measure(|session| {
        let sizes = [1_000, 10_000, 100_000, 1_000_000].map(|size| session.units(size, size / 500));
        let at_least = session.units(AT_LEAST, 1);
        let by = [("as_completed", Gathering::AsCompleted), ("wait", Gathering::Wait)];
        by.map(|(name, by)| fan_in(name, by, sizes, at_least)).into()
    });
}

fn fan_in(name: &str, by: Gathering, sizes: [usize; 4], at_least: usize) -> Comparison {
    Comparison::new(format!("{name}, 2 workers"), "future", move || {
        let ours = sizes.map(|futures| FanIn { futures, by }.case(2, (at_least / futures).max(1)));
        let floors = sizes.map(|tasks| floor::memory(tasks, (at_least / tasks).max(1)));
        ours.into_iter().chain(floors).collect()
    })
    .promise(Promise::Power(1.1))
}
