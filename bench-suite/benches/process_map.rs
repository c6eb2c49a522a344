//! The question `process_map`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("process_map");
}
