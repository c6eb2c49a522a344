//! The question `process_round_trip`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("process_round_trip");
}
