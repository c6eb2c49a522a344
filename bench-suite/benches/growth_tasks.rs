//! The question `growth_tasks`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("growth_tasks");
}
