//! The question `thread_throughput`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("thread_throughput");
}
