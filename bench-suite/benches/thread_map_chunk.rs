//! The question `thread_map_chunk`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("thread_map_chunk");
}
