//! What `map` takes is owned; `map_slice` borrows.

use concurrent_futures_thread_pool::ThreadPool;

fn lengths(pool: &ThreadPool) -> Vec<usize> {
    let words = vec![String::from("one"), String::from("three")];
    pool.map(|word: &String| word.len(), &words).map(Result::unwrap).collect()
}

fn main() {}
