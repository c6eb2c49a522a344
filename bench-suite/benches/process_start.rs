//! The question `process_start`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("process_start");
}
