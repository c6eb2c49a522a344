//! An `Arc` of a pool is no executor: neither boxed as one, nor for generic code that owns its executor.

use std::sync::Arc;

use concurrent_futures_core::Executor;
use concurrent_futures_thread_pool::ThreadPool;

struct Owns<E: Executor> {
    executor: E,
}

fn boxed(pool: Arc<ThreadPool>) -> Box<dyn Executor> {
    Box::new(pool)
}

fn owned(pool: Arc<ThreadPool>) {
    let _ = Owns { executor: pool };
}

fn cured(pool: ThreadPool) -> (Box<dyn Executor>, Owns<Arc<dyn Executor>>) {
    let handle = Box::new(pool.handle());
    let pool: Arc<dyn Executor> = Arc::new(pool);
    (handle, Owns { executor: pool })
}

fn main() {}
