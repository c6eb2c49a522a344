//! One function over many items: what an item costs above the plain loop, and how the work is spread.

use concurrent_futures_bench_suite::contenders::{MapWorkload, map_cases};
use concurrent_futures_bench_suite::workloads::{
    Mandelbrot, Map, MapSlice, Microsecond, sequential_map, sequential_map_slice,
};
use concurrent_futures_bench_suite::{Case, Comparison, Promise, Session, measure};

const WORKERS: [usize; 2] = [1, 2];

fn main() {
    measure(|session| {
        let trivial = session.units(1_000_000, 2_000);
        let short = session.units(20_000, 200);
        let image = Mandelbrot { size: session.units(300, 16), limit: 300 };
        let micro = Microsecond::calibrated();
        let microsecond = move |n| micro.work(n);

        let mut comparisons = Vec::new();
        for workers in WORKERS {
            let map = Map { items: trivial, function: next };
            let floor = move || sequential_map(trivial, next);
            comparisons.push(question("map, trivial items", workers, map, floor).promise(Promise::AboveFloor(10.0)));

            let map = MapSlice { items: trivial, function: next };
            let floor = move || sequential_map_slice(trivial, next);
            comparisons.push(question("map_slice, trivial items", workers, map, floor).promise(Promise::AtMost(1.5)));

            let map = Map { items: short, function: microsecond };
            let floor = move || sequential_map(short, microsecond);
            comparisons.push(question("map, items of 1 us", workers, map, floor).promise(Promise::AtMost(1.05)));

            let map = MapSlice { items: short, function: microsecond };
            let floor = move || sequential_map_slice(short, microsecond);
            comparisons.push(question("map_slice, items of 1 us", workers, map, floor).promise(Promise::AtMost(1.05)));

            let floor = move || image.sequential();
            comparisons.push(question("map, Mandelbrot rows", workers, image, floor).promise(Promise::NoSlower));
        }
        comparisons
    });
}

fn question(
    name: &str,
    workers: usize,
    workload: impl MapWorkload + 'static,
    floor: impl Fn() -> Case + 'static,
) -> Comparison {
    Comparison::new(format!("{name}, {}", Session::count(workers, "worker")), "item", move || {
        let mut cases = map_cases(workers, &workload);
        cases.push(floor());
        cases
    })
}

fn next(n: u64) -> u64 {
    n.wrapping_add(1)
}
