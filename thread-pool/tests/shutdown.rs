//! The end of a pool: D1 to D3 of `src/lifecycle.rs`, S-01 to S-09 and S-12 of Python's executors and their relatives.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use common::{Door, Event, Recorder, assert_adds_up, assert_shut_down, bounded, hold, pool};
use concurrent_futures_thread_pool::{
    Future, QueueKind, ReturnWhen, Shutdown, TaskError, TaskOptions, ThreadPool, WhenFull, as_completed, task, wait,
};

const AT_ONCE: Duration = Duration::ZERO;

/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(3_600);

/// S-01 and S-09; CPython `test_hang_issue12364`.
#[test]
fn s01_drain_waits_until_everything_that_was_taken_has_ended() {
    bounded(|| {
        let pool = pool(3);
        let futures: Vec<_> = (0..50_u64).map(|number| pool.spawn(move || number)).collect();
        let report = pool.shutdown(Shutdown::drain());
        assert!(report.is_complete() && report.finished == 50, "{report:?}");
        assert!(futures.iter().all(Future::done));
        assert!(futures.into_iter().map(|future| future.result().unwrap()).eq(0..50));
        assert_eq!(pool.stats().workers, 0);
    });
}

/// S-02 and S-03; CPython `test_shutdown_no_wait`.
#[test]
fn s02_a_drain_that_waits_for_nothing_returns_at_once_and_goes_on() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let queued = [pool.spawn(|| 1), pool.spawn(|| 2)];
        let report = pool.shutdown(Shutdown::drain().within(AT_ONCE));
        assert_eq!((report.still_running, report.still_pending, report.finished), (1, 2, 0));
        assert!(!report.is_complete());
        assert_shut_down(&pool.spawn(|| 3).result().unwrap_err());
        held.release();
        assert_eq!(queued.map(|future| future.result().unwrap()), [1, 2]);
        assert!(pool.shutdown(Shutdown::drain()).is_complete(), "a later one really waits");
        assert_eq!(pool.stats().workers, 0);
    });
}

/// S-12, D3.
#[test]
fn d3_within_bounds_the_wait_and_makes_nothing_harsher() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let inner = door.clone();
        let running = pool.spawn(move || {
            inner.pass();
            task::current().is_cancelled()
        });
        door.await_arrivals(1);
        let report = pool.shutdown(Shutdown::drain().within(Duration::from_millis(1)));
        assert_eq!(report.still_running, 1);
        let report = pool.shutdown(Shutdown::kill(LONG).within(Duration::from_millis(1)));
        assert_eq!((report.still_running, report.abandoned), (1, 0));
        door.open();
        assert!(running.result().unwrap(), "the kill has asked it to stop, and waits for its end");
    });
}

/// S-03.
#[test]
fn s03_shutdowns_may_come_in_any_order_and_any_number() {
    bounded(|| {
        let hows = [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(AT_ONCE), Shutdown::kill(LONG)];
        let hows: Vec<_> = hows.iter().flat_map(|how| [*how, how.within(AT_ONCE)]).collect();
        for first in &hows {
            for second in &hows {
                let pool = pool(2);
                let futures: Vec<_> = (0..10).map(|number| pool.spawn(move || number)).collect();
                pool.shutdown(*first);
                pool.shutdown(*second);
                assert_shut_down(&pool.spawn(|| 1).result().unwrap_err());
                futures.iter().for_each(Future::wait);
                assert!(pool.shutdown(Shutdown::drain()).is_complete());
                assert_adds_up(pool.stats());
            }
        }
    });
}

/// S-04; CPython `test_cancel_futures`, and W-25: in Python waiters may hang here.
#[test]
fn s04_cancel_pending_cancels_what_waits_for_every_kind_of_wait_and_lets_run_what_runs() {
    bounded(|| {
        let pool = pool(5);
        let held: Vec<_> = (0..5).map(|_| hold(&pool)).collect();
        let queued: Vec<_> = (0..45).map(|number| pool.spawn(move || number)).collect();
        thread::scope(|scope| {
            let shutdown = scope.spawn(|| pool.shutdown(Shutdown::cancel_pending()));
            let waited = wait(&queued, ReturnWhen::AllCompleted, None);
            assert_eq!((waited.done.len(), waited.not_done.len()), (45, 0));
            assert!(as_completed(&queued).all(Future::cancelled));
            assert!(held.iter().all(|held| held.future().running()));
            held.into_iter().for_each(common::Held::release);
            let report = shutdown.join().unwrap();
            assert_eq!((report.finished, report.cancelled, report.abandoned), (5, 45, 0));
            assert!(report.is_complete());
        });
    });
}

/// S-05 and F-52; pebble's `stop_stopped_function` and `stop_stopped_callback`.
#[test]
fn s05_from_inside_a_task_or_a_callback_a_shutdown_only_starts() {
    bounded(|| {
        for how in [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(LONG)] {
            let inside = Arc::new(pool(2));
            let handle = inside.clone();
            let report = inside.spawn(move || handle.shutdown(how)).result().unwrap();
            assert_eq!(report.still_running, 1, "{how:?}: the task itself");
            assert_shut_down(&inside.spawn(|| 1).result().unwrap_err());
            assert!(inside.shutdown(Shutdown::drain()).is_complete());

            let inside = Arc::new(pool(2));
            let handle = inside.clone();
            let (tell, told) = channel();
            let held = hold(&*inside);
            held.future().add_done_callback(move |_| {
                handle.shutdown(how);
                tell.send(()).unwrap();
            });
            held.release();
            assert_eq!(told.recv(), Ok(()));
            assert_shut_down(&inside.spawn(|| 1).result().unwrap_err());
            assert!(inside.shutdown(Shutdown::drain()).is_complete());
        }
    });
}

/// S-06; CPython `test_shutdown_race_issue12456`.
#[test]
fn s06_one_task_more_than_workers_and_a_shutdown_do_not_hang() {
    bounded(|| {
        for _ in 0..200 {
            let pool = pool(3);
            let futures: Vec<_> = (0..4).map(|_| pool.spawn(|| ())).collect();
            pool.shutdown(Shutdown::drain());
            futures.into_iter().for_each(|future| future.result().unwrap());
        }
    });
}

/// S-07; CPython `test_hang_gh94440`.
#[test]
fn s07_submit_cancel_and_shutdown_do_not_hang() {
    bounded(|| {
        for _ in 0..200 {
            let pool = pool(1);
            let future = pool.spawn(|| ());
            let cancelled = future.cancel();
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
            assert_eq!(future.cancelled(), cancelled);
            assert_adds_up(pool.stats());
        }
    });
}

#[test]
fn a_submitter_that_is_blocked_wakes_with_a_rejection() {
    bounded(|| {
        for how in [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(LONG)] {
            let recorder = Recorder::default();
            let pool = ThreadPool::builder()
                .max_workers(1)
                .max_pending(1, WhenFull::Block)
                .observer(recorder.clone())
                .build()
                .unwrap();
            let held = hold(&pool);
            let queued = pool.spawn(|| 1);
            thread::scope(|scope| {
                let blocked = scope.spawn(|| pool.spawn(|| 2).result());
                let is_submit = |event: &&Event| matches!(event, Event::Submitted(..));
                recorder.await_that(|events| events.iter().filter(is_submit).count() == 3);
                pool.shutdown(how.within(AT_ONCE));
                assert_shut_down(&blocked.join().unwrap().unwrap_err());
            });
            held.release();
            queued.wait();
            pool.shutdown(Shutdown::drain());
            assert_adds_up(pool.stats());
        }
    });
}

/// D1 and X-50.
#[test]
fn d1_every_future_ends_when_submits_race_with_a_shutdown() {
    bounded(|| {
        let hows = [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(LONG)];
        for round in 0..300 {
            let kind = if round % 2 == 0 { QueueKind::Locked } else { QueueKind::LockFree };
            let pool = ThreadPool::builder().max_workers(2).queue(kind).build().unwrap();
            thread::scope(|scope| {
                let submitters: Vec<_> = (0..2)
                    .map(|_| scope.spawn(|| (0..50).map(|n| pool.submit(|n: u64| n, n)).collect::<Vec<_>>()))
                    .collect();
                let report = pool.shutdown(hows[round % 3]);
                for future in submitters.into_iter().flat_map(|submitter| submitter.join().unwrap()) {
                    match future.result() {
                        Ok(_) | Err(TaskError::Cancelled) => {}
                        Err(error) => assert_shut_down(&error),
                    }
                }
                assert_eq!(report.abandoned, 0);
            });
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
            assert_adds_up(pool.stats());
        }
    });
}

/// D2: joined, not only on its way out.
#[test]
fn d2_after_a_complete_shutdown_the_thread_locals_of_the_workers_are_gone() {
    std::thread_local! {
        static KEPT: OnceLock<Arc<()>> = const { OnceLock::new() };
    }
    bounded(|| {
        for _ in 0..200 {
            let pool = pool(2);
            let kept = Arc::new(());
            let shared = kept.clone();
            pool.spawn(move || KEPT.with(|slot| slot.set(shared))).result().unwrap().unwrap();
            assert_eq!(Arc::strong_count(&kept), 2);
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
            assert_eq!(Arc::strong_count(&kept), 1);
        }
    });
}

/// D2 and S-20: workers, spares and the timer's thread.
#[cfg(target_os = "linux")]
#[test]
fn d2_after_a_complete_shutdown_no_thread_of_the_pool_is_left() {
    bounded(|| {
        for round in 0..50 {
            let pool = ThreadPool::builder().max_workers(2).thread_name_prefix("d2-left").build().unwrap();
            let handle = pool.handle();
            pool.spawn_with(TaskOptions::new().deadline(LONG), move || handle.spawn(|| ()).wait_timeout(LONG))
                .result()
                .unwrap();
            assert!(common::threads_named("d2-left") > 0);
            if round % 2 == 0 {
                assert!(pool.shutdown(Shutdown::drain()).is_complete());
            } else {
                drop(pool);
            }
            // Joined, a thread may be listed for a moment yet.
            while common::threads_named("d2-left") > 0 {
                thread::yield_now();
            }
        }
    });
}
