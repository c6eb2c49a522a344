//! The question `keep_alive`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("keep_alive");
}
