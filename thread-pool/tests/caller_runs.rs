//! What a submitter runs itself, since the queue was full, is the pool's as much as what a worker runs.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use common::{Door, assert_adds_up, bounded};
use concurrent_futures_thread_pool::{
    Executor, Future, Job, PoolHandle, Shutdown, TaskError, TaskOptions, ThreadPool, WhenFull, task,
};

#[test]
fn a_drain_waits_for_what_a_submitter_runs_itself() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::CallerRuns).build().unwrap();
        let pool = Arc::new(pool);
        let (busy, caller) = (Door::default(), Door::default());
        let (inner, in_caller) = (busy.clone(), caller.clone());
        let first = pool.spawn(move || inner.pass());
        busy.await_arrivals(1);
        let second = pool.spawn(|| ());
        let submits = pool.clone();
        let submitter = std::thread::spawn(move || submits.spawn(move || in_caller.pass()).result());
        caller.await_arrivals(1);
        busy.open();
        let report = pool.shutdown(Shutdown::drain().within(Duration::from_millis(50)));
        assert!(!report.is_complete(), "{report:?}");
        caller.open();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_adds_up(pool.stats());
        submitter.join().unwrap().unwrap();
        first.result().unwrap();
        second.result().unwrap();
    });
}

/// A task that needs a deadline or a kill to end.
fn stuck(pool: &ThreadPool, options: TaskOptions, door: &Door) -> Future<()> {
    let inner = door.clone();
    pool.spawn_with(options, move || inner.pass())
}

/// A pool whose one worker is busy and whose queue is full: who submits more runs it himself.
fn full_pool(door: &Door) -> (Arc<ThreadPool>, [Future<()>; 2]) {
    let pool = ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::CallerRuns).build().unwrap();
    let busy = stuck(&pool, TaskOptions::new(), door);
    door.await_arrivals(1);
    let queued = pool.spawn(|| ());
    (Arc::new(pool), [busy, queued])
}

#[test]
fn a_kill_reaches_what_a_submitter_runs_itself() {
    bounded(|| {
        let door = Door::default();
        let (pool, _futures) = full_pool(&door);
        let inner = door.clone();
        let (tx, rx) = mpsc::channel();
        let (future, job) = Job::new(None, move || {
            inner.pass();
            tx.send(task::current().is_cancelled()).unwrap();
        });
        let submits = pool.clone();
        let submitter = std::thread::spawn(move || submits.execute(job));
        door.await_arrivals(2);
        let report = pool.shutdown(Shutdown::kill(Duration::ZERO));
        assert_eq!((report.abandoned, report.cancelled, report.still_running), (2, 1, 2), "{report:?}");
        assert!(matches!(future.result(), Err(TaskError::Abandoned(_))));
        door.open();
        submitter.join().unwrap();
        assert!(rx.recv().unwrap(), "the task is told to stop");
        assert_adds_up(pool.stats());
    });
}

#[test]
fn what_a_worker_runs_as_a_submitter_still_runs_once() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::CallerRuns).build().unwrap();
        let handle = pool.handle();
        let door = Door::default();
        let inner = door.clone();
        let outer = pool.spawn(move || {
            let queued = handle.spawn(|| ());
            handle.spawn(move || inner.pass()).result().unwrap();
            queued
        });
        door.await_arrivals(1);
        let report = pool.shutdown(Shutdown::drain().within(Duration::ZERO));
        assert_eq!(report.still_running, 2, "{report:?}");
        door.open();
        outer.result().unwrap().result().unwrap();
    });
}

/// Each task submits the next; the last says so.
fn chain(handle: PoolHandle, left: usize, done: mpsc::Sender<()>) {
    match left {
        0 => done.send(()).unwrap(),
        _ => {
            let next = handle.clone();
            handle.spawn(move || chain(next, left - 1, done)).detach();
        }
    }
}

#[test]
fn a_chain_of_tasks_that_submitters_run_does_not_grow_the_stack() {
    bounded(|| {
        let door = Door::default();
        let (pool, _futures) = full_pool(&door);
        let (tx, rx) = mpsc::channel();
        chain(pool.handle(), 50_000, tx.clone());
        door.open();
        rx.recv().unwrap();
        // On a worker, which fills the queue itself.
        let handle = pool.handle();
        pool.spawn(move || {
            handle.spawn(|| ()).detach();
            chain(handle, 50_000, tx);
        })
        .detach();
        rx.recv().unwrap();
        pool.shutdown(Shutdown::drain());
        assert_adds_up(pool.stats());
    });
}
