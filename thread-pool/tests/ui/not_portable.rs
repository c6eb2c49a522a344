//! On `dyn Executor` arguments and results are serialisable.

use concurrent_futures_core::Executor;

struct Point {
    x: f64,
}

fn double(executor: &dyn Executor, point: Point) {
    let _ = executor.submit(|point: Point| point.x * 2.0, point);
}

fn main() {}
