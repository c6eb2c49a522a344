//! A closure with what it captures stays in its process, whether the `spawn` of other executors is imported or not.

use concurrent_futures_process_pool::{ProcessPool, SpawnExt};

fn length(pool: &ProcessPool, text: String) -> usize {
    pool.spawn(move || text.len()).result().unwrap()
}

fn length_by_handle(pool: &ProcessPool, text: String) -> usize {
    pool.handle().spawn(move || text.len()).result().unwrap()
}

fn main() {}
