//! The question `thread_gather`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("thread_gather");
}
