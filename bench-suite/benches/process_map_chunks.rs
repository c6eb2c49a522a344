//! The question `process_map_chunks`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("process_map_chunks");
}
