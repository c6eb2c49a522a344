//! The question `thread_round_trip`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("thread_round_trip");
}
