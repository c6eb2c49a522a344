//! The bounded queue: how many tasks may wait, and what a submit does then. T-14, X-32.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use common::{Event, Recorder, assert_adds_up, bounded, hold, rejection};
use concurrent_futures_thread_pool::{
    Executor, MapOptions, QueueKind, Reason, Shutdown, TaskOptions, ThreadPool, WhenFull,
};

fn pool(workers: usize, pending: usize, when_full: WhenFull) -> ThreadPool {
    ThreadPool::builder().max_workers(workers).max_pending(pending, when_full).build().unwrap()
}

#[test]
fn a_full_queue_rejects_and_names_its_limit() {
    bounded(|| {
        let pool = pool(1, 2, WhenFull::Reject);
        let held = hold(&pool);
        let queued = [pool.spawn(|| 1), pool.spawn(|| 2)];
        let error = pool.spawn(|| 3).result().unwrap_err();
        assert_eq!(rejection(&error), &Reason::QueueFull { limit: 2 });
        assert!(error.to_string().contains("max_pending (2) is reached"), "{error}");
        held.release();
        assert_eq!(queued.map(|future| future.result().unwrap()), [1, 2]);
        assert_eq!(pool.spawn(|| 4).result().unwrap(), 4);
    });
}

#[test]
fn a_full_queue_lets_the_submitter_run_the_task() {
    bounded(|| {
        let pool = pool(1, 1, WhenFull::CallerRuns);
        let held = hold(&pool);
        let queued = pool.spawn(|| thread::current().id());
        let ran_here = pool.spawn(|| thread::current().id());
        assert!(ran_here.done());
        assert_eq!(ran_here.result().unwrap(), thread::current().id());
        let failed = pool.spawn(|| panic!("contained")).result().map(|(): ()| ());
        assert!(failed.is_err(), "a panic is the task's, not the caller's");
        held.release();
        assert_ne!(queued.result().unwrap(), thread::current().id());
        pool.shutdown(Shutdown::drain());
        let refused = pool.spawn(|| thread::current().id()).result().unwrap_err();
        assert_eq!(rejection(&refused), &Reason::ShutDown);
        assert_adds_up(pool.stats());
    });
}

/// E-03: who retries what a full queue rejected must learn that nothing will ever be taken again.
#[test]
fn a_full_queue_that_was_shut_down_says_so() {
    bounded(|| {
        for when_full in [WhenFull::Reject, WhenFull::CallerRuns, WhenFull::Block] {
            let pool = pool(1, 1, when_full);
            let held = hold(&pool);
            let queued = pool.spawn(|| 1);
            pool.shutdown(Shutdown::drain().within(Duration::ZERO));
            let refused = pool.spawn(|| 2).result().unwrap_err();
            assert_eq!(rejection(&refused), &Reason::ShutDown, "{when_full:?}");
            held.release();
            assert_eq!(queued.result().unwrap(), 1);
        }
    });
}

/// Submits from another thread to a full pool; returns when that submit has come as far as the queue.
fn with_a_blocked_submitter(
    unblock: impl FnOnce(&ThreadPool, common::Held, concurrent_futures_thread_pool::Future<u8>),
) {
    let recorder = Recorder::default();
    let pool = ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::Block).observer(recorder.clone());
    let pool = pool.build().unwrap();
    let held = hold(&pool);
    let queued = pool.spawn(|| 1);
    assert_eq!(pool.capacity(), Some(0));
    thread::scope(|scope| {
        let (tell, told) = channel();
        let pool = &pool;
        let blocked = scope.spawn(move || {
            let future = pool.spawn(|| 2);
            tell.send(()).unwrap();
            future.result()
        });
        let is_submit = |event: &&Event| matches!(event, Event::Submitted(..));
        recorder.await_that(|events| events.iter().filter(is_submit).count() == 3);
        assert!(told.try_recv().is_err(), "there is no room yet");
        unblock(pool, held, queued);
        assert_eq!(told.recv(), Ok(()));
        assert_eq!(blocked.join().unwrap().unwrap(), 2);
    });
    pool.shutdown(Shutdown::drain());
    assert_adds_up(pool.stats());
}

#[test]
fn a_blocked_submit_goes_on_when_a_task_starts() {
    bounded(|| {
        with_a_blocked_submitter(|_, held, queued| {
            held.release();
            assert_eq!(queued.result().unwrap(), 1);
        });
    });
}

#[test]
fn a_blocked_submit_goes_on_when_a_queued_task_is_cancelled() {
    bounded(|| {
        with_a_blocked_submitter(|pool, held, queued| {
            assert!(queued.cancel());
            // The room is free again, though the only worker is still occupied.
            while pool.capacity() != Some(0) {
                thread::yield_now();
            }
            assert!(held.future().running());
            held.release();
        });
    });
}

#[test]
fn a_task_that_waits_in_place_makes_room_too() {
    bounded(|| {
        let pool = pool(1, 1, WhenFull::Block);
        let handle = pool.handle();
        let sum = pool.spawn(move || (0..100_u64).map(|n| handle.spawn(move || n).result().unwrap()).sum::<u64>());
        assert_eq!(sum.result().unwrap(), 4_950);
    });
}

#[test]
fn a_submit_from_the_pools_own_task_never_blocks() {
    bounded(|| {
        let pool = pool(1, 1, WhenFull::Block);
        let handle = pool.handle();
        let futures = pool.spawn(move || (0..100_u64).map(|n| handle.spawn(move || n)).collect::<Vec<_>>());
        let futures = futures.result().unwrap();
        assert!(futures.into_iter().map(|future| future.result().unwrap()).eq(0..100));
    });
}

#[test]
fn a_submit_that_blocks_on_another_pools_worker_lets_a_spare_take_over() {
    bounded(|| {
        let full = Arc::new(pool(1, 1, WhenFull::Block));
        let other = ThreadPool::new(1).unwrap();
        let held = hold(&*full);
        let queued = full.spawn(|| 1);
        let submits = full.clone();
        let blocked = other.spawn(move || submits.spawn(|| 2).result().unwrap());
        // This runs only if somebody takes the blocked worker's place, and it makes the room.
        let unblocks = other.spawn(move || held.release());
        unblocks.result().unwrap();
        assert_eq!((queued.result().unwrap(), blocked.result().unwrap()), (1, 2));
    });
}

#[test]
fn capacity_tells_how_many_tasks_it_takes_now() {
    bounded(|| {
        assert_eq!(ThreadPool::new(1).unwrap().capacity(), None, "no bound");
        let pool = pool(1, 3, WhenFull::Reject);
        assert_eq!(pool.capacity(), Some(3));
        let held = hold(&pool);
        assert_eq!(pool.capacity(), Some(3), "what runs takes no room");
        let futures: Vec<_> = (0..3).map(|_| pool.spawn(|| ())).collect();
        assert_eq!((pool.capacity(), pool.handle().capacity()), (Some(0), Some(0)));
        assert!(futures[1].cancel());
        assert_eq!(pool.capacity(), Some(1), "a cancelled task makes room though it stands in the queue");
        held.release();
        pool.shutdown(Shutdown::drain());
        assert_eq!(pool.capacity(), Some(3));
    });
}

#[test]
fn map_on_a_bounded_pool_yields_everything_whatever_it_does_when_full() {
    bounded(|| {
        for when_full in [WhenFull::Block, WhenFull::Reject, WhenFull::CallerRuns] {
            for kind in [QueueKind::Locked, QueueKind::LockFree] {
                for pending in [1, 2, 7] {
                    let pool = ThreadPool::builder().max_workers(2).max_pending(pending, when_full).queue(kind);
                    let pool = pool.build().unwrap();
                    let ordered: Vec<u64> = pool.map(|n: u64| n * n, 0..2_000).map(Result::unwrap).collect();
                    assert!(ordered.into_iter().eq((0..2_000).map(|n| n * n)), "{when_full:?} {kind:?} {pending}");
                    let options = MapOptions::new().unordered().chunk_size(5);
                    let mut unordered: Vec<u64> =
                        pool.map_with(options, |n: u64| n, 0..500).map(Result::unwrap).collect();
                    unordered.sort_unstable();
                    assert!(unordered.into_iter().eq(0..500), "{when_full:?} {kind:?} {pending}");
                    pool.shutdown(Shutdown::drain());
                    assert_adds_up(pool.stats());
                }
            }
        }
    });
}

#[test]
fn map_inside_a_task_of_a_bounded_pool_yields_everything() {
    bounded(|| {
        for when_full in [WhenFull::Block, WhenFull::Reject, WhenFull::CallerRuns] {
            let pool = Arc::new(pool(1, 1, when_full));
            let inner = pool.clone();
            let sum = pool.spawn(move || inner.map(|n: u64| n, 0..1_000).map(Result::unwrap).sum::<u64>());
            assert_eq!(sum.result().unwrap(), 499_500, "{when_full:?}");
        }
    });
}

#[test]
fn a_task_that_the_submitter_runs_keeps_its_deadline() {
    bounded(|| {
        let pool = pool(1, 1, WhenFull::CallerRuns);
        let held = hold(&pool);
        let queued = pool.spawn(|| ());
        let options = TaskOptions::new().deadline(Duration::from_millis(1));
        let late = pool.spawn_with(options, || {
            while !concurrent_futures_thread_pool::task::current().is_cancelled() {
                thread::yield_now();
            }
        });
        let error = late.result().unwrap_err();
        assert_eq!(error.name(), "DeadlineExceeded");
        held.release();
        queued.result().unwrap();
    });
}

/// As a submit from the pool's own task is let in, so is one that waits for room first: it would wait for itself.
#[test]
fn a_task_that_awaits_room_in_its_own_pool_is_let_in() {
    bounded(|| {
        let pool = pool(1, 1, WhenFull::Block);
        let handle = pool.handle();
        let sum = pool.spawn(move || {
            let nested: Vec<_> =
                (1..=3).map(|n| futures_lite::future::block_on(handle.ready()).unwrap().spawn(move || n)).collect();
            nested.into_iter().map(|future| future.result().unwrap()).sum::<u64>()
        });
        assert_eq!(sum.result().unwrap(), 6);
    });
}

/// The room that a slot holds is for one task, whatever the policy says of others.
#[test]
fn a_slot_lets_one_task_in_and_the_next_enters_as_ever() {
    bounded(|| {
        let pool = pool(1, 1, WhenFull::Reject);
        let held = hold(&pool);
        let slot = futures_lite::future::block_on(pool.ready()).unwrap();
        assert_eq!(rejection(&pool.spawn(|| 0).result().unwrap_err()), &Reason::QueueFull { limit: 1 });
        let first = slot.spawn(|| 1);
        assert_eq!(rejection(&slot.spawn(|| 2).result().unwrap_err()), &Reason::QueueFull { limit: 1 });
        held.release();
        assert_eq!(first.result().unwrap(), 1);
        assert_eq!(slot.spawn(|| 3).result().unwrap(), 3);
        assert_adds_up(pool.stats());
    });
}
