//! `Shutdown::kill`: what runs is asked to stop, and given up after the grace. S-10 to S-13, X-50.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::{Door, Event, Recorder, TellsDrop, assert_adds_up, bounded, hold, pool, rejection};
use concurrent_futures_thread_pool::{Future, MapOptions, Reason, Shutdown, TaskError, ThreadPool, task};

const AT_ONCE: Duration = Duration::ZERO;

/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(3_600);

fn until_cancelled() {
    while !task::current().is_cancelled() {
        thread::yield_now();
    }
}

#[test]
fn a_kill_comes_later_though_the_shutdown_began_in_a_task() {
    bounded(|| {
        let pool = pool(1);
        let (handle, door) = (pool.handle(), Door::default());
        let inner = door.clone();
        let hangs = pool.spawn(move || {
            handle.shutdown(Shutdown::drain().kill_after(Duration::from_millis(10), AT_ONCE));
            inner.pass();
        });
        assert!(matches!(hangs.result(), Err(TaskError::Abandoned(_))));
        door.open();
    });
}

#[test]
fn a_kill_later_than_any_clock_can_tell_holds_up_nobody() {
    bounded(|| {
        let pool = pool(1);
        let future = pool.spawn(|| 5);
        assert!(pool.shutdown(Shutdown::drain().kill_after(Duration::MAX, Duration::MAX)).is_complete());
        assert_eq!(future.result().unwrap(), 5);
    });
}

#[test]
fn s05_a_task_that_kills_its_own_pool_is_given_up_itself() {
    bounded(|| {
        let pool = Arc::new(pool(1));
        let (handle, done) = (pool.handle(), Door::default());
        let inner = done.clone();
        let suicide = pool.spawn(move || {
            handle.shutdown(Shutdown::kill(AT_ONCE));
            inner.pass();
        });
        assert!(matches!(suicide.result(), Err(TaskError::Abandoned(_))));
        done.open();
    });
}

/// S-10.
#[test]
fn s10_killing_a_pool_that_never_began_or_is_broken_does_nothing() {
    bounded(|| {
        assert!(pool(2).shutdown(Shutdown::kill(AT_ONCE)).is_complete());
        let broken = ThreadPool::builder().max_workers(1).initializer(|| Err("unfit")).build().unwrap();
        broken.spawn(|| ()).result().unwrap_err();
        assert!(broken.shutdown(Shutdown::kill(AT_ONCE)).is_complete());
        assert!(matches!(rejection(&broken.spawn(|| ()).result().unwrap_err()), Reason::Broken(_)));
    });
}

#[test]
fn a_task_that_ends_within_the_grace_of_a_kill_keeps_its_outcome() {
    bounded(|| {
        let pool = pool(3);
        let door = Door::default();
        let (one, other, third) = (door.clone(), door.clone(), door.clone());
        let returns = pool.spawn(move || {
            one.pass();
            until_cancelled();
            5
        });
        let checks = pool.spawn_fallible(move || {
            other.pass();
            until_cancelled();
            task::current().check().map(|()| 6)
        });
        let fails = pool.spawn_fallible(move || {
            third.pass();
            until_cancelled();
            Err::<(), _>("a failure of its own")
        });
        let queued = pool.spawn(|| 7);
        door.await_arrivals(3);
        door.open();
        let report = pool.shutdown(Shutdown::kill(LONG));
        assert_eq!((report.abandoned, report.finished, report.cancelled), (0, 2, 2), "{report:?}");
        assert!(report.is_complete());
        assert_eq!(returns.result().unwrap(), 5);
        assert!(checks.result().unwrap_err().is_cancelled(), "it ended since it was asked to");
        assert!(matches!(fails.result(), Err(TaskError::Failed(_))));
        assert!(queued.result().unwrap_err().is_cancelled());
    });
}

#[test]
fn a_task_that_ignores_a_kill_is_abandoned_and_its_late_result_dropped() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = ThreadPool::builder().max_workers(1).observer(recorder.clone()).build().unwrap();
        let door = Door::default();
        let inner = door.clone();
        let (late, told) = TellsDrop::new("late result");
        let ignores = pool.spawn(move || {
            inner.pass();
            late
        });
        let queued = pool.spawn(|| 1);
        door.await_arrivals(1);
        let report = pool.shutdown(Shutdown::kill(AT_ONCE));
        assert_eq!((report.abandoned, report.still_running, report.cancelled), (1, 1, 1), "{report:?}");
        assert_eq!(report.killed, 0, "nobody can kill a thread");
        assert!(!report.is_complete());
        let id = ignores.id();
        assert!(matches!(ignores.result().map(|_| ()), Err(TaskError::Abandoned(_))));
        assert!(queued.result().unwrap_err().is_cancelled());
        door.open();
        assert_eq!(told.recv(), Ok("late result"));
        recorder.await_departures(1);
        let report = pool.shutdown(Shutdown::drain());
        assert_eq!((report.abandoned, report.still_running), (1, 0), "its thread has ended: {report:?}");
        let ends = |event: &&Event| matches!(event, Event::Finished(ended, tally) if *ended == id && tally.failed == 1);
        assert_eq!(recorder.events().iter().filter(ends).count(), 1, "{:?}", recorder.events());
        assert_adds_up(pool.stats());
    });
}

#[test]
fn a_kill_that_waits_for_nothing_goes_on_in_the_background() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let report = pool.shutdown(Shutdown::kill(Duration::from_millis(1)).within(AT_ONCE));
        assert!(!report.is_complete());
        assert!(matches!(held.future().error(), Some(TaskError::Abandoned(_))));
        assert_eq!(pool.shutdown(Shutdown::drain()).abandoned, 1);
    });
}

/// what a worker has taken from the queue and not yet begun is killed like the rest.
#[test]
fn x50_a_kill_gives_up_whatever_has_begun_at_that_moment() {
    bounded(|| {
        for round in 0..2_000 {
            let end = Arc::new(AtomicBool::new(false));
            let pool = pool(2);
            let futures: Vec<_> = (0..3)
                .map(|_| {
                    let end = end.clone();
                    pool.spawn(move || {
                        while !end.load(Ordering::Relaxed) {
                            thread::yield_now();
                        }
                    })
                })
                .collect();
            for _ in 0..round % 50 {
                thread::yield_now();
            }
            pool.shutdown(Shutdown::kill(AT_ONCE));
            futures.iter().for_each(Future::wait);
            end.store(true, Ordering::Relaxed);
            assert_adds_up(pool.stats());
        }
    });
}

#[test]
fn reports_taken_while_a_kill_gives_tasks_up_are_sane() {
    bounded(|| {
        for _ in 0..200 {
            let pool = pool(4);
            let held: Vec<_> = (0..4).map(|_| hold(&pool)).collect();
            pool.shutdown(Shutdown::kill(Duration::from_micros(50)).within(AT_ONCE));
            loop {
                let report = pool.shutdown(Shutdown::drain().within(AT_ONCE));
                assert!(report.finished == 0 && report.abandoned <= 4, "{report:?}");
                if report.abandoned == 4 {
                    break;
                }
            }
            drop(held);
        }
    });
}

#[test]
fn a_killed_map_yields_an_outcome_for_every_item() {
    bounded(|| {
        let pool = pool(2);
        let door = Door::default();
        let inner = door.clone();
        let options = MapOptions::new().chunk_size(10).buffer_size(100);
        let items = pool.map_with(
            options,
            move |n: u64| {
                if n == 3 {
                    inner.pass();
                }
                n
            },
            0..100,
        );
        door.await_arrivals(1);
        pool.shutdown(Shutdown::kill(AT_ONCE));
        let outcomes: Vec<_> = items.collect();
        assert_eq!(outcomes.len(), 100);
        assert!(outcomes[..10].iter().all(|item| matches!(item, Err(TaskError::Abandoned(_)))), "{outcomes:?}");
        door.open();
    });
}

#[test]
fn d3_a_kill_leaves_a_worker_behind_that_is_stuck_in_a_callback() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let (inner, begin) = (door.clone(), Door::default());
        let begun = begin.clone();
        let future = pool.spawn(move || begun.pass());
        future.add_done_callback(move |_| inner.pass());
        begin.open();
        door.await_arrivals(1);
        // The task has ended, its worker runs foreign code; nobody can stop that, and the kill doesn't wait for it.
        pool.shutdown(Shutdown::kill(AT_ONCE));
        door.open();
        future.result().unwrap();
    });
}
