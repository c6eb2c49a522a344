//! What a builder says without a worker.

use std::panic::catch_unwind;
use std::thread::available_parallelism;

use concurrent_futures_process_pool::{ProcessPool, WhenFull, worker_entry};

worker_entry!();

#[test]
fn e21_by_default_there_is_a_worker_for_each_core_of_the_process() {
    let pool = ProcessPool::builder().build().unwrap();
    assert_eq!(pool.stats().max_workers, available_parallelism().unwrap().get());
}

#[test]
fn p41_a_limit_of_no_tasks_is_refused_at_once() {
    assert!(catch_unwind(|| ProcessPool::builder().max_tasks_per_worker(0)).is_err());
    assert!(catch_unwind(|| ProcessPool::builder().max_pending(0, WhenFull::Block)).is_err());
}
