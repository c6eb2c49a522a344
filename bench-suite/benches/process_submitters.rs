//! The question `process_submitters`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("process_submitters");
}
