//! The question `process_recovery`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("process_recovery");
}
