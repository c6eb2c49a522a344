//! The question `process_open_loop`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("process_open_loop");
}
