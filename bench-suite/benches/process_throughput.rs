//! The question `process_throughput`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("process_throughput");
}
