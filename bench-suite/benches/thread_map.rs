//! The question `thread_map`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("thread_map");
}
