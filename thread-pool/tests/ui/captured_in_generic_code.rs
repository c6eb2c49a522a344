//! In generic code the trait's methods are taken, also where the executor is a pool of threads.

use concurrent_futures_core::{Executor, ExecutorExt};
use concurrent_futures_thread_pool::ThreadPool;

fn scale(executor: &impl Executor, factor: u64) -> u64 {
    executor.submit(move |n: u64| n * factor, 5).result().unwrap()
}

fn main() {
    scale(&ThreadPool::new(1).unwrap(), 10);
}
