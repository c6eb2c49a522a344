//! A future has one owner, and its value is moved out once; `get` looks as often as wanted.

use concurrent_futures_thread_pool::ThreadPool;

fn main() {
    let future = ThreadPool::new(1).unwrap().spawn(|| 1);
    let first = future.result();
    let second = future.result();
    drop((first, second));
}
