//! Tasks that run on after their deadline: their futures have ended, and nobody else's waits for them.
//!
//! Most of them hang until a task that waits behind them has run: that is what a pool that doesn't heal never does.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::{Door, Recorder, assert_adds_up, bounded, hold, pool};
use concurrent_futures_thread_pool::{
    Future, MapOptions, Shutdown, State, TaskError, TaskOptions, ThreadPool, WhenFull, blocking, task,
};

fn soon() -> TaskOptions {
    TaskOptions::new().deadline(Duration::from_millis(1))
}

/// A task with a deadline that hangs until the door is open.
fn hangs(pool: &ThreadPool, door: &Door) -> Future<()> {
    let door = door.clone();
    pool.spawn_with(soon(), move || door.pass())
}

#[track_caller]
fn assert_late<T>(outcome: Result<T, TaskError>) {
    let name = outcome.err().map(|error| error.name());
    assert_eq!(name, Some("DeadlineExceeded"));
}

/// How many workers are blocked, and how many late.
fn absent(pool: &ThreadPool) -> (usize, usize) {
    (pool.stats().blocked, pool.stats().late)
}

#[test]
fn r5_what_waits_behind_a_task_that_hangs_beyond_its_deadline_runs() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let hung = hangs(&pool, &door);
        let behind: Vec<_> = (0..100).map(|n| pool.spawn(move || n)).collect();
        assert!(behind.into_iter().map(|future| future.result().unwrap()).eq(0..100));
        assert_late(hung.result());
        assert_eq!((pool.stats().workers, absent(&pool)), (2, (0, 1)));
        door.open();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(absent(&pool), (0, 0));
        assert_adds_up(pool.stats());
    });
}

#[test]
fn r5_whoever_hears_that_a_task_is_late_finds_its_place_free() {
    bounded(|| {
        for _ in 0..50 {
            let pool = pool(1);
            let door = Door::default();
            assert_late(hangs(&pool, &door).result());
            assert_eq!(absent(&pool), (0, 1));
            assert_eq!(pool.spawn(|| 5).result().unwrap(), 5);
            door.open();
        }
    });
}

#[test]
fn r5_a_pool_heals_from_one_task_after_the_other_that_hangs() {
    bounded(|| {
        let pool = pool(2);
        let door = Door::default();
        let hung: Vec<_> = (0..20).map(|_| hangs(&pool, &door)).collect();
        hung.into_iter().for_each(|future| assert_late(future.result()));
        assert_eq!(absent(&pool), (0, 20));
        assert_eq!(pool.spawn(|| 5).result().unwrap(), 5);
        assert_eq!(pool.stats().workers, 21, "one that has nothing to do, and no more");
        door.open();
        pool.shutdown(Shutdown::drain());
        assert_adds_up(pool.stats());
    });
}

#[test]
fn r2_a_late_worker_that_comes_back_takes_no_job_from_who_took_over_and_leaves() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = ThreadPool::builder().max_workers(1).observer(recorder.clone()).build().unwrap();
        let door = Door::default();
        assert_late(hangs(&pool, &door).result());
        let held = hold(&pool);
        let behind = pool.spawn(|| 5);
        door.open();
        recorder.await_departures(1);
        assert_eq!((behind.state(), pool.stats().workers), (State::Pending, 1));
        held.release();
        assert_eq!(behind.result().unwrap(), 5);
    });
}

#[test]
fn r5_beyond_max_blocked_a_late_worker_keeps_its_place() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(2).max_blocked(1).build().unwrap();
        let door = Door::default();
        let hung: Vec<_> = (0..3).map(|_| hangs(&pool, &door)).collect();
        let behind = pool.spawn(|| 5);
        hung.into_iter().for_each(|future| assert_late(future.result()));
        assert_eq!((pool.stats().workers, absent(&pool)), (3, (0, 3)));
        assert_eq!(behind.state(), State::Pending, "it waits, and the numbers say for whom");
        door.open();
        assert_eq!(behind.result().unwrap(), 5);
    });
}

#[test]
fn r5_a_worker_that_is_blocked_when_its_task_grows_late_counts_once() {
    bounded(|| {
        let pool = pool(1);
        let (door, (send, sent)) = (Door::default(), channel::<()>());
        let inner = door.clone();
        let hung = pool.spawn_with(soon(), move || {
            let _ = blocking(|| sent.recv());
            inner.pass();
        });
        // A spare works already when the deadline passes.
        assert_late(hung.result());
        assert_eq!(absent(&pool), (0, 1));
        let held = hold(&pool);
        let behind = pool.spawn(|| 5);
        drop(send);
        door.await_arrivals(1);
        assert_eq!((pool.stats().workers, behind.state(), absent(&pool)), (2, State::Pending, (0, 1)));
        held.release();
        assert_eq!(behind.result().unwrap(), 5);
        door.open();
    });
}

#[test]
fn r5_a_late_worker_that_blocks_counts_once() {
    bounded(|| {
        let pool = pool(1);
        let (begin, begun) = channel();
        let (send, sent) = channel::<()>();
        let hung = pool.spawn_with(soon(), move || {
            while !task::current().is_cancelled() {
                thread::yield_now();
            }
            blocking(|| {
                begin.send(()).unwrap();
                let _ = sent.recv();
            });
        });
        assert_late(hung.result());
        begun.recv().unwrap();
        let held = hold(&pool);
        let behind = pool.spawn(|| 5);
        assert_eq!((pool.stats().workers, behind.state(), absent(&pool)), (2, State::Pending, (0, 1)));
        held.release();
        assert_eq!(behind.result().unwrap(), 5);
        drop(send);
        pool.shutdown(Shutdown::drain());
        assert_eq!(absent(&pool), (0, 0));
    });
}

#[test]
fn r5_what_waits_behind_a_task_that_hangs_on_top_of_another_runs() {
    bounded(|| {
        let pool = pool(1);
        let (door, handle) = (Door::default(), pool.handle());
        let (inner, opens) = (door.clone(), door.clone());
        let outer = pool.spawn(move || {
            let awaited = handle.spawn_with(soon(), move || inner.pass());
            // It runs in place, so this wait lasts as long as it does.
            let behind = handle.spawn(move || opens.open());
            (awaited.result(), behind)
        });
        let (awaited, behind) = outer.result().unwrap();
        assert_late(awaited);
        behind.result().unwrap();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(absent(&pool), (0, 0));
    });
}

#[test]
fn r5_what_waits_behind_a_task_that_its_submitter_runs_on_a_worker_runs() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::CallerRuns).build().unwrap();
        let (door, handle) = (Door::default(), pool.handle());
        let (inner, opens) = (door.clone(), door.clone());
        let outer = pool.spawn(move || {
            let behind = handle.spawn(move || opens.open());
            // The queue is full, so it runs here.
            (handle.spawn_with(soon(), move || inner.pass()), behind)
        });
        let (hung, behind) = outer.result().unwrap();
        assert_late(hung.result());
        behind.result().unwrap();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(absent(&pool), (0, 0));
    });
}

#[test]
fn a_task_that_hangs_in_its_submitter_is_no_workers() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::CallerRuns).build().unwrap();
        let held = hold(&pool);
        let queued = pool.spawn(|| ());
        let late = pool.spawn_with(soon(), || {
            while !task::current().is_cancelled() {
                thread::yield_now();
            }
        });
        assert_late(late.result());
        assert_eq!(absent(&pool), (0, 0));
        assert_eq!(queued.state(), State::Pending);
        held.release();
        queued.result().unwrap();
    });
}

#[test]
fn r5_the_items_of_a_map_behind_one_that_hangs_run() {
    bounded(|| {
        for options in [MapOptions::new(), MapOptions::new().chunk_size(4)] {
            let pool = pool(1);
            let door = Door::default();
            let function = move |n: u32| match n {
                0 => door.pass(),
                9 => door.open(),
                _ => {}
            };
            let mut results = pool.map_with(options.task(soon()), function, 0..10);
            assert_late(results.next().unwrap());
            assert!(results.all(|result| result.is_ok()));
        }
    });
}

/// M5: also where it is one of several in a chunk; what has not begun never runs.
#[test]
fn r5_what_waits_behind_an_item_that_hangs_beyond_the_deadline_of_its_map_runs() {
    bounded(|| {
        for chunk in [1, 3] {
            let pool = pool(1);
            let door = Door::default();
            let passes = door.clone();
            let options = MapOptions::new().chunk_size(chunk).deadline(Duration::from_millis(100));
            let mut results = pool.map_with(options, move |_: u32| passes.pass(), 0..3);
            door.await_arrivals(1);
            let behind = pool.spawn(|| 5);
            assert!(results.all(|result| result.is_err_and(|error| error.name() == "DeadlineExceeded")));
            assert_eq!(behind.result().unwrap(), 5);
            assert_eq!((absent(&pool), door.arrivals()), ((0, 1), 1), "in chunks of {chunk}");
            door.open();
            drop(results);
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
            assert_eq!((absent(&pool), door.arrivals()), ((0, 0), 1), "in chunks of {chunk}");
            let stats = pool.stats();
            assert_eq!((stats.finished, stats.cancelled, stats.submitted), (1, 3, 4), "{stats:?}");
        }
    });
}

/// M5: an item that looks ends with its map, also in a part that its chunk has given to another worker.
#[test]
fn m5_a_part_that_was_given_away_is_asked_to_stop_too() {
    bounded(|| {
        let pool = pool(2);
        let (begun, stopped) = (Arc::new(Mutex::new(HashSet::new())), Arc::new(AtomicUsize::new(0)));
        let (threads, ends) = (begun.clone(), stopped.clone());
        let item = move |_: u32| {
            threads.lock().unwrap().insert(thread::current().id());
            // Short, until the other worker has taken a part of them.
            if threads.lock().unwrap().len() == 2 {
                while task::current().check().is_ok() {
                    thread::yield_now();
                }
                ends.fetch_add(1, Ordering::SeqCst);
            }
        };
        let options = MapOptions::new().chunk_size(1_000_000).buffer_size(1_000_000).deadline(Duration::from_millis(1));
        let mut results = pool.map_with(options, item, 0..1_000_000);
        // The other worker has done with this, and looks for something to do.
        pool.spawn(|| ()).result().unwrap();
        while begun.lock().unwrap().len() < 2 {
            thread::yield_now();
        }
        assert!(results.next().unwrap().is_err());
        drop(results);
        drop(pool);
        assert_eq!(stopped.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn r5_a_scope_waits_for_its_late_task_and_nobody_else_does() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let (hung, other) = pool.scope(|scope| {
            let hung = scope.spawn_with(soon(), || door.pass());
            let other = scope.spawn(|| door.open());
            (hung.result(), other.result())
        });
        assert_late(hung);
        other.unwrap();
        assert_eq!(door.arrivals(), 1);
    });
}

#[test]
fn d1_a_drain_runs_what_waits_behind_a_task_that_hangs_and_says_that_it_still_runs() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let hung = hangs(&pool, &door);
        door.await_arrivals(1);
        let behind: Vec<_> = (0..10).map(|n| pool.spawn(move || n)).collect();
        pool.shutdown(Shutdown::drain().within(Duration::ZERO));
        assert!(behind.into_iter().map(|future| future.result().unwrap()).eq(0..10));
        assert_late(hung.result());
        let report = pool.shutdown(Shutdown::drain().within(Duration::from_millis(1)));
        assert_eq!((report.is_complete(), report.still_running), (false, 1));
        door.open();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
    });
}

#[test]
fn an_abort_of_a_task_that_ignores_it_leaves_its_worker_its_place() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        assert!(!held.future().abort(Duration::ZERO));
        let behind = pool.spawn(|| 5);
        assert_eq!((pool.stats().workers, absent(&pool), behind.state()), (1, (0, 0), State::Pending));
        held.release();
        assert_eq!(behind.result().unwrap(), 5);
    });
}

/// Whatever the timer and the workers do at the same moment, each late worker comes back once.
#[test]
fn r5_tasks_that_return_as_their_deadline_passes_leave_no_worker_absent() {
    bounded(|| {
        let pool = pool(2);
        let limit = Duration::from_micros(20);
        let futures: Vec<_> = (0..5_000)
            .map(|_| {
                pool.spawn_with(TaskOptions::new().deadline(limit), move || {
                    let due = task::current().deadline();
                    while due.is_some_and(|due| std::time::Instant::now() < due) {}
                })
            })
            .collect();
        futures.iter().for_each(Future::wait);
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(absent(&pool), (0, 0));
        assert_eq!(pool.stats().workers, 0);
        assert_adds_up(pool.stats());
    });
}
