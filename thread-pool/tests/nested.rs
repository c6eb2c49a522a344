//! Waiting inside tasks: no acyclic wait deadlocks, also with one worker; a cycle panics in the task that closes it.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::hint::black_box;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use common::{Recorder, assert_adds_up, bounded, hold, panic_text, pool};
use concurrent_futures_thread_pool::{
    Future, MapOptions, PoolHandle, ReturnWhen, Shutdown, TaskError, TaskOptions, ThreadPool, as_completed, blocking,
    wait,
};

/// Far longer than anything here takes: a wait that has a timeout and isn't meant to use it.
const AMPLE: Duration = Duration::from_secs(50);

fn descend(handle: &PoolHandle, depth: u64) -> u64 {
    if depth == 0 {
        return 0;
    }
    let next = handle.clone();
    handle.spawn(move || descend(&next, depth - 1)).result().unwrap() + 1
}

/// E-19, X-30: what deadlocks in Python's documentation.
#[test]
fn one_worker_is_enough_for_a_thousand_tasks_that_wait_for_each_other() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        assert_eq!(pool.spawn(move || descend(&handle, 1_000)).result().unwrap(), 1_000);
        pool.shutdown(Shutdown::drain());
        assert_eq!(pool.stats().finished, 1_001);
        assert_adds_up(pool.stats());
    });
}

fn descend_with_large_frames(handle: &PoolHandle, depth: u64) -> u64 {
    let frame = [depth as u8; 4096];
    let below = match depth {
        0 => 0,
        _ => {
            let next = handle.clone();
            handle.spawn(move || descend_with_large_frames(&next, depth - 1)).result().unwrap() + 1
        }
    };
    assert!(black_box(&frame).iter().all(|byte| *byte == depth as u8));
    below
}

/// What runs in place is bounded by bytes of stack, not by depth.
#[test]
fn a_small_stack_and_large_frames_are_enough_too() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).stack_size(256 << 10).build().unwrap();
        let handle = pool.handle();
        assert_eq!(pool.spawn(move || descend_with_large_frames(&handle, 1_000)).result().unwrap(), 1_000);
    });
}

#[test]
fn an_untimed_wait_runs_a_queued_task_of_its_pool_on_the_same_thread() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        let nested = pool.spawn(move || {
            let inner = handle.spawn(|| thread::current().id());
            (inner.result().unwrap(), thread::current().id())
        });
        let (inner, outer) = nested.result().unwrap();
        assert_eq!(inner, outer);
        assert_eq!(pool.stats().workers, 1, "it stays serial");
    });
}

#[test]
fn a_timed_wait_does_not_run_the_task_in_place_and_a_spare_runs_it() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        let nested = pool.spawn(move || {
            let inner = handle.spawn(|| thread::current().id());
            let inner = inner.result_timeout(AMPLE).expect("a spare worker runs it").unwrap();
            (inner, thread::current().id())
        });
        let (inner, outer) = nested.result().unwrap();
        assert_ne!(inner, outer);
    });
}

#[test]
fn a_spare_that_is_not_needed_any_more_leaves() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = ThreadPool::builder().max_workers(1).observer(recorder.clone()).build().unwrap();
        let handle = pool.handle();
        pool.spawn(move || handle.spawn(|| ()).wait_timeout(AMPLE)).result().unwrap();
        recorder.await_departures(1);
        assert_eq!(pool.stats().workers, 1);
    });
}

#[test]
fn two_workers_may_wait_for_each_others_queued_tasks() {
    bounded(|| {
        for _ in 0..200 {
            let pool = pool(2);
            let barrier = Arc::new(Barrier::new(2));
            let (to_right, from_left) = channel();
            let (to_left, from_right) = channel();
            let party = |number: u64, give: Sender<Future<u64>>, take: Receiver<Future<u64>>| {
                let (handle, barrier) = (pool.handle(), barrier.clone());
                move || {
                    barrier.wait();
                    give.send(handle.spawn(move || number)).unwrap();
                    take.recv().unwrap().result().unwrap()
                }
            };
            let left = pool.spawn(party(1, to_right, from_right));
            let right = pool.spawn(party(2, to_left, from_left));
            assert_eq!((left.result().unwrap(), right.result().unwrap()), (2, 1));
        }
    });
}

#[test]
fn a_task_may_wait_for_another_pool_that_waits_for_its_own() {
    bounded(|| {
        let (here, there) = (pool(1), pool(1));
        let (to_here, to_there) = (here.handle(), there.handle());
        let nested = here.spawn(move || {
            let there = to_there.spawn(move || to_here.spawn(|| 3).result().unwrap() + 2);
            there.result().unwrap() + 1
        });
        assert_eq!(nested.result().unwrap(), 6);
    });
}

/// A task that waits for whichever future it is sent, and tells what came of it.
fn waits_for_sent(pool: &ThreadPool, label: &'static str) -> (Future<Result<(), TaskError>>, Sender<WaitsForSent>) {
    let (send, sent) = channel::<WaitsForSent>();
    let options = TaskOptions::new().label(label);
    let future = pool.spawn_with(options, move || sent.recv().unwrap().0.result().unwrap_or_else(Err));
    (future, send)
}

struct WaitsForSent(Future<Result<(), TaskError>>);

/// Makes two tasks wait for each other; returns the panic of the one that closed the circle, as the other has seen it.
fn circle(one: &ThreadPool, other: &ThreadPool) -> String {
    let (left, to_left) = waits_for_sent(one, "left");
    let (right, to_right) = waits_for_sent(other, "right");
    let (tell, told) = channel();
    for future in [&left, &right] {
        let tell = tell.clone();
        future.add_done_callback(move |outcome| {
            let seen = outcome.cloned().map_err(Clone::clone);
            tell.send(seen).unwrap();
        });
    }
    to_left.send(WaitsForSent(right)).unwrap();
    to_right.send(WaitsForSent(left)).unwrap();
    let outcomes = [told.recv().unwrap(), told.recv().unwrap()];
    let closed: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    let heard: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()?.as_ref().err()).collect();
    assert_eq!((closed.len(), heard.len()), (1, 1), "{outcomes:?}");
    assert_eq!(panic_text(closed[0]), panic_text(heard[0]), "the other is told why");
    panic_text(closed[0])
}

fn assert_names_the_circle(text: &str) {
    assert!(text.contains("never end") && text.contains("`left`") && text.contains("`right`"), "{text}");
    assert!(text.contains("waits for"), "{text}");
}

///
#[test]
fn x30_the_task_that_closes_a_circle_of_waits_panics_and_names_it() {
    bounded(|| {
        for workers in [1, 2] {
            let pool = pool(workers);
            for _ in 0..50 {
                assert_names_the_circle(&circle(&pool, &pool));
            }
            assert_eq!(pool.spawn(|| 1).result().unwrap(), 1, "the rest goes on");
        }
    });
}

#[test]
fn x30_a_circle_over_two_pools_is_found_too() {
    bounded(|| {
        let (here, there) = (pool(1), pool(1));
        for _ in 0..50 {
            assert_names_the_circle(&circle(&here, &there));
        }
        assert_eq!((here.spawn(|| 1).result().unwrap(), there.spawn(|| 2).result().unwrap()), (1, 2));
    });
}

#[test]
fn x30_a_task_that_waits_for_itself_panics() {
    bounded(|| {
        let pool = pool(2);
        let (itself, send) = waits_for_sent(&pool, "narcissus");
        let (tell, told) = channel();
        itself.add_done_callback(move |outcome| tell.send(outcome.unwrap_err().clone()).unwrap());
        send.send(WaitsForSent(itself)).unwrap();
        let text = panic_text(&told.recv().unwrap());
        assert_eq!(text.matches("`narcissus`").count(), 2, "{text}");
    });
}

/// The callback of `outer` runs `inner` in place; `inner` and `peer` wait for each other.
#[test]
fn x30_a_circle_is_found_behind_a_task_that_a_callback_waits_for() {
    bounded(|| {
        let pool = pool(2);
        let handle = pool.handle();
        let (send, sent) = channel::<Arc<Future<()>>>();
        let (begin, begun) = channel();
        let peer = Arc::new(pool.spawn_with(TaskOptions::new().label("peer"), move || {
            begin.send(()).unwrap();
            sent.recv().unwrap().wait();
        }));
        begun.recv().unwrap();
        let outer = hold(&pool);
        let (tell, told) = channel();
        let for_peer = peer.clone();
        outer.future().add_done_callback(move |_| {
            let own = Arc::new(OnceLock::new());
            let (itself, peer) = (own.clone(), for_peer);
            let inner = Arc::new(handle.spawn_with(TaskOptions::new().label("inner"), move || {
                send.send(Arc::clone(itself.get().unwrap())).unwrap();
                peer.wait();
            }));
            own.set(inner.clone()).unwrap();
            inner.wait();
            tell.send(inner).unwrap();
        });
        outer.release();
        let inner = told.recv().unwrap();
        let texts: Vec<String> =
            [&peer, &inner].into_iter().filter_map(|future| future.error()).map(panic_text).collect();
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].contains("`peer`") && texts[0].contains("`inner`"), "{texts:?}");
    });
}

#[test]
fn beyond_max_blocked_an_untimed_wait_panics_and_names_the_limit() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).max_blocked(1).build().unwrap();
        let handle = pool.handle();
        let outer = pool.spawn(move || {
            let deeper = handle.clone();
            let inner = handle.spawn(move || {
                let innermost = deeper.spawn(|| 1);
                wait([innermost], ReturnWhen::AllCompleted, None).done.len()
            });
            // `wait` never runs anything in place, so this blocks one worker, and `inner` would be the second.
            wait([&inner], ReturnWhen::AllCompleted, None);
            inner.result().map_err(|error| panic_text(&error))
        });
        let text = outer.result().unwrap().unwrap_err();
        assert!(text.contains("1 workers") && text.contains("max_blocked"), "{text}");
        assert_eq!(pool.spawn(|| 1).result().unwrap(), 1);
    });
}

#[test]
fn beyond_max_blocked_a_timed_wait_goes_on_without_a_spare() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).max_blocked(0).build().unwrap();
        let handle = pool.handle();
        let outer = pool.spawn(move || {
            let inner = handle.spawn(|| 5);
            let inner = inner.result_timeout(Duration::from_millis(1)).expect_err("no spare may run it").into_inner();
            (inner.result().unwrap(), blocking(|| 2))
        });
        assert_eq!(outer.result().unwrap(), (5, 2), "in place it needs no spare, and a closure just runs");
        assert_eq!(pool.stats().workers, 1);
    });
}

#[test]
fn a_task_that_says_that_it_blocks_lets_another_run() {
    bounded(|| {
        let pool = pool(1);
        let (send, sent) = channel();
        let waits = pool.spawn(move || blocking(|| sent.recv().unwrap()));
        let sends = pool.spawn(move || send.send(thread::current().id()).unwrap());
        let other = waits.result().unwrap();
        sends.result().unwrap();
        assert_ne!(other, thread::current().id());
    });
}

#[test]
fn outside_any_pool_blocking_just_calls() {
    assert_eq!(blocking(|| 5), 5);
}

#[test]
fn wait_and_as_completed_inside_the_only_worker_see_all_tasks() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        let sums = pool.spawn(move || {
            let futures: Vec<_> = (0..20_u64).map(|number| handle.spawn(move || number)).collect();
            let waited = wait(futures, ReturnWhen::AllCompleted, None);
            assert!(waited.not_done.is_empty());
            let first: u64 = waited.done.into_iter().map(|future| future.result().unwrap()).sum();
            let futures = (0..20_u64).map(|number| handle.spawn(move || number));
            let second: u64 = as_completed(futures).map(|future| future.result().unwrap()).sum();
            (first, second)
        });
        assert_eq!(sums.result().unwrap(), (190, 190));
    });
}

#[test]
fn map_inside_a_task_of_the_same_pool_yields_everything() {
    bounded(|| {
        let pool = Arc::new(pool(1));
        let inner = pool.clone();
        let sums = pool.spawn(move || {
            let ordered: u64 = inner.map(|n: u64| n, 0..3_000).map(Result::unwrap).sum();
            let unordered = MapOptions::new().unordered();
            let unordered: u64 = inner.map_with(unordered, |n: u64| n, 0..3_000).map(Result::unwrap).sum();
            let deadline = MapOptions::new().deadline(AMPLE);
            let timed: u64 = inner.map_with(deadline, |n: u64| n, 0..300).map(Result::unwrap).sum();
            (ordered, unordered, timed)
        });
        assert_eq!(sums.result().unwrap(), (4_498_500, 4_498_500, 44_850));
    });
}

/// T-21: what a work-stealing wait does under a lock.
#[test]
fn t21_a_wait_in_place_never_runs_an_unrelated_task() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        let lock = Arc::new(Mutex::new(Vec::new()));
        let under_lock = lock.clone();
        let outer = pool.spawn(move || {
            let mut order = under_lock.lock().unwrap();
            let wants_it = under_lock.clone();
            let unrelated = handle.spawn(move || wants_it.lock().unwrap().push("unrelated"));
            let awaited = handle.spawn(|| "awaited");
            order.push(awaited.result().unwrap());
            drop(order);
            unrelated.result().unwrap();
        });
        outer.result().unwrap();
        assert_eq!(*lock.lock().unwrap(), ["awaited", "unrelated"]);
    });
}

/// Waits when it is dropped.
struct WaitsInDrop(PoolHandle, Sender<bool>);

impl Drop for WaitsInDrop {
    fn drop(&mut self) {
        let _ = self.1.send(self.0.spawn(|| ()).wait_timeout(AMPLE));
    }
}

/// E-14: the worker drops what nobody wants, after it has announced that it is free.
#[test]
fn a_destructor_of_an_unwanted_result_may_wait_for_a_task_of_the_only_worker() {
    bounded(|| {
        let pool = pool(1);
        let (tell, told) = channel();
        for count in [0, 3] {
            let held = hold(&pool);
            let (handle, tell) = (pool.handle(), tell.clone());
            pool.spawn(move || WaitsInDrop(handle, tell)).detach();
            let others: Vec<_> = (0..count).map(|number| pool.spawn(move || number)).collect();
            held.release();
            assert_eq!(told.recv(), Ok(true));
            assert!(others.into_iter().map(|future| future.result().unwrap()).eq(0..count));
        }
    });
}

#[test]
fn a_callback_added_by_a_callback_may_wait_for_a_task_of_the_only_worker() {
    bounded(|| {
        let pool = pool(1);
        for count in [0, 3] {
            let (release, released) = channel::<()>();
            let future = Arc::new(pool.spawn(move || released.recv().unwrap_err()));
            let others: Vec<_> = (0..count).map(|number| pool.spawn(move || number)).collect();
            let (again, handle) = (future.clone(), pool.handle());
            let (tell, told) = channel();
            future.add_done_callback(move |_| {
                again.add_done_callback(move |_| {
                    tell.send(handle.spawn(|| ()).wait_timeout(AMPLE)).unwrap();
                });
            });
            drop(release);
            assert_eq!(told.recv(), Ok(true));
            future.wait();
            assert!(others.into_iter().map(|future| future.result().unwrap()).eq(0..count));
        }
    });
}
