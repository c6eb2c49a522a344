//! On `dyn Executor` a function captures nothing: what it needs travels in the argument.

use concurrent_futures_core::Executor;

fn scale(executor: &dyn Executor, factor: u64) -> u64 {
    executor.submit(|n: u64| n * factor, 5).result().unwrap()
}

fn main() {}
