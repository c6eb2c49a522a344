//! `as_completed` and `wait` over ever more futures: does one more cost the same?

use concurrent_futures_bench_suite::workloads::{FanIn, Gathering};
use concurrent_futures_bench_suite::{Comparison, Promise, floor, measure};

/// Few futures are repeated until a run has about as many.
const AT_LEAST: usize = 20_000;

fn main() {
    measure(|session| {
        let sizes = [1_000, 10_000, 100_000, 1_000_000].map(|size| session.units(size, size / 500));
        let at_least = session.units(AT_LEAST, 1);
        let by =
            [("as_completed", Gathering::AsCompleted), ("wait", Gathering::Wait), ("one by one", Gathering::OneByOne)];
        by.map(|(name, by)| fan_in(name, by, sizes, at_least)).into()
    });
}

fn fan_in(name: &str, by: Gathering, sizes: [usize; 4], at_least: usize) -> Comparison {
    Comparison::new(format!("submit and gather, {name}, 2 workers"), "future", move || {
        let repeats = |size: usize| (at_least / size).max(1);
        let ours = sizes.map(|futures| FanIn { futures, by, repeats: repeats(futures) }.case(2));
        let floors = sizes.map(|tasks| floor::memory(tasks, repeats(tasks)));
        ours.into_iter().chain(floors).collect()
    })
    .promise(Promise::Power(1.1))
}
