//! A task has one parameter: a tuple for several values, the unit for none.

use concurrent_futures_core::Executor;

fn add(a: u64, b: u64) -> u64 {
    a + b
}

fn sum(executor: &dyn Executor) {
    let _ = executor.submit(add, (1, 2));
    let _ = executor.submit(|| 3, ());
}

fn main() {}
