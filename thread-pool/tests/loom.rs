//! Every schedule, within a bound, of a pool of one worker: the idle and wake protocol with its fences.
//!
//! `RUSTFLAGS="--cfg concurrent_futures_loom" cargo test --release --test loom`. Loom explores weak memory too, which
//! no run on real hardware shows. Time is not modelled.
#![cfg(concurrent_futures_loom)]

use concurrent_futures_thread_pool::{Shutdown, ThreadPool};

fn explore(preemptions: usize, test: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.max_branches = 20_000;
    builder.check(test);
}

#[test]
fn r1_a_submit_wakes_a_worker_that_goes_to_sleep() {
    explore(2, || {
        let pool = ThreadPool::new(1).unwrap();
        // The second submit meets the worker anywhere between running, searching and parked.
        assert_eq!(pool.spawn(|| 1).result().unwrap(), 1);
        assert_eq!(pool.spawn(|| 2).result().unwrap(), 2);
        assert_eq!(pool.stats().workers, 1);
    });
}

#[test]
fn d1_a_drain_meets_the_worker_anywhere_and_it_leaves() {
    explore(2, || {
        let pool = ThreadPool::new(1).unwrap();
        let future = pool.spawn(|| 1);
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(future.result().unwrap(), 1);
    });
}
