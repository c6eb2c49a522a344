//! Without an import `Future` is the trait in Rust's prelude.

use concurrent_futures_thread_pool::ThreadPool;

fn start(pool: &ThreadPool) -> Future<u64> {
    pool.spawn(|| 1)
}

fn main() {}
