//! Nothing borrowed leaves a scope before the scope has ended.

use concurrent_futures_thread_pool::ThreadPool;

fn main() {
    let pool = ThreadPool::new(1).unwrap();
    let mut escaped = None;
    pool.scope(|scope| {
        let shorter = String::from("gone before the task");
        escaped = Some(scope.spawn(|| shorter.len()));
    });
}
