//! The question `thread_map_chunks`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("thread_map_chunks");
}
