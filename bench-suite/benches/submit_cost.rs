//! The question `submit_cost`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("submit_cost");
}
