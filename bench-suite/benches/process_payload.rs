//! The question `process_payload`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("process_payload");
}
