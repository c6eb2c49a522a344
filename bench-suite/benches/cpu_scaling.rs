//! The question `cpu_scaling`, by criterion.

fn main() {
    concurrent_futures_bench_suite::bench::bench("cpu_scaling");
}
