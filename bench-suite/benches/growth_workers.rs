//! The question `growth_workers`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("growth_workers");
}
