//! The question `thread_open_loop`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("thread_open_loop");
}
