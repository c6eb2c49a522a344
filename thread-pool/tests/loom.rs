//! Every schedule, within a bound, of a pool of one worker: the idle and wake protocol with its fences.
//!
//! `RUSTFLAGS="--cfg concurrent_futures_loom" cargo test --release --test loom`. Loom explores weak memory too, which
//! no run on real hardware shows. Time is not modelled: a deadline passes whenever the schedule says.
#![cfg(concurrent_futures_loom)]

use std::time::Duration;

use concurrent_futures_thread_pool::{Shutdown, TaskOptions, ThreadPool};

fn explore(preemptions: usize, test: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.max_branches = 20_000;
    builder.check(test);
}

/// As [`explore`], of a model with so many threads that more preemptions take too long, whoever asks for them.
fn explore_at_most(preemptions: usize, test: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(builder.preemption_bound.map_or(preemptions, |asked| asked.min(preemptions)));
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

/// The task hangs until one that waits behind it has run.
#[test]
fn r5_a_submit_meets_a_worker_that_grows_late() {
    explore_at_most(2, || {
        let pool = ThreadPool::new(1).unwrap();
        let (send, sent) = loom::sync::mpsc::channel();
        let options = TaskOptions::new().deadline(Duration::from_secs(1));
        let hung = pool.spawn_with(options, move || sent.recv().unwrap());
        pool.spawn(move || send.send(()).unwrap()).result().unwrap();
        drop(hung.result());
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(pool.stats().late, 0);
    });
}

#[test]
fn r5_a_task_returns_as_its_deadline_passes() {
    explore(2, || {
        let pool = ThreadPool::new(1).unwrap();
        let options = TaskOptions::new().deadline(Duration::from_secs(1));
        drop(pool.spawn_with(options, || ()).result());
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(pool.stats().late, 0);
    });
}
