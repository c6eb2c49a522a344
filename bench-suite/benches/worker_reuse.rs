//! The question `worker_reuse`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("worker_reuse");
}
