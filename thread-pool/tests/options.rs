//! What is asked of one task, and what a running task knows about itself: deadline, retries, label, abort.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use common::{Door, TellsDrop, assert_adds_up, bounded, hold, panic_text, pool};
use concurrent_futures_thread_pool::{DeadlineOf, MapOptions, Shutdown, TaskError, TaskOptions, task};

const LONG: Duration = Duration::from_secs(3_600);

fn until_cancelled() {
    while !task::current().is_cancelled() {
        thread::yield_now();
    }
}

#[test]
fn a_task_that_outruns_its_deadline_fails_and_its_late_result_is_dropped() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let inner = door.clone();
        let (late, told) = TellsDrop::new("late");
        let limit = Duration::from_millis(1);
        let options = TaskOptions::new().deadline(limit).label("slow");
        let future = pool.spawn_with(options, move || {
            until_cancelled();
            inner.pass();
            late
        });
        match future.result().map(|_| ()) {
            Err(TaskError::DeadlineExceeded(error)) => {
                assert_eq!((error.of(), error.limit()), (DeadlineOf::Task, limit));
                assert!(error.to_string().contains("`slow`"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        door.await_arrivals(1);
        assert!(told.try_recv().is_err(), "the thread runs on");
        door.open();
        assert_eq!(told.recv(), Ok("late"));
        assert_eq!(pool.spawn(|| 1).result().unwrap(), 1);
        pool.shutdown(Shutdown::drain());
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.failed, stats.finished), (2, 1, 1), "one outcome for each");
    });
}

#[test]
fn a_deadline_counts_from_the_start_and_not_from_the_submission() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let submitted = Instant::now();
        let limit = Duration::from_millis(20);
        let options = TaskOptions::new().deadline(limit);
        let future = pool.spawn_with(options, || task::current().deadline().unwrap());
        // Not done when the limit has passed since the submission: it waits, and nothing else.
        assert!(!future.wait_timeout(limit * 2));
        held.release();
        match future.result() {
            Ok(deadline) => assert!(deadline >= submitted + limit * 3),
            // A machine that stops for so long after the start is no failure.
            Err(error) => assert_eq!(error.name(), "DeadlineExceeded"),
        }
    });
}

/// It sees its flag only after the outcome is decided, so what it returns then comes too late, however quick it is.
#[test]
fn a_task_that_stops_at_its_deadline_has_exceeded_it_and_was_not_cancelled() {
    bounded(|| {
        let pool = pool(2);
        for _ in 0..500 {
            let soon = || TaskOptions::new().deadline(Duration::from_micros(10));
            let returns = pool.spawn_with(soon(), until_cancelled);
            let checks = pool.submit_fallible_with(
                soon(),
                |()| {
                    until_cancelled();
                    task::current().check()
                },
                (),
            );
            assert_eq!(returns.result().unwrap_err().name(), "DeadlineExceeded");
            assert_eq!(checks.result().unwrap_err().name(), "DeadlineExceeded");
        }
    });
}

#[test]
fn a_task_within_its_deadline_is_not_disturbed() {
    bounded(|| {
        let pool = pool(2);
        let options = TaskOptions::new().deadline(LONG);
        let futures: Vec<_> = (0..100_u64).map(|n| pool.submit_with(options.clone(), |n| n, n)).collect();
        assert!(futures.into_iter().map(|future| future.result().unwrap()).eq(0..100));
        assert_adds_up(pool.stats());
    });
}

#[test]
fn earlier_deadlines_pass_before_later_ones_whatever_their_order() {
    bounded(|| {
        let pool = pool(3);
        let spawn = |limit| pool.spawn_with(TaskOptions::new().deadline(limit), until_cancelled);
        let late = spawn(LONG);
        let (soon, sooner) = (spawn(Duration::from_millis(20)), spawn(Duration::from_millis(1)));
        assert_eq!(soon.result().unwrap_err().name(), "DeadlineExceeded");
        assert_eq!(sooner.result().unwrap_err().name(), "DeadlineExceeded");
        assert!(late.running());
        late.abort(Duration::ZERO);
        late.result().unwrap();
    });
}

#[test]
fn each_item_of_a_map_has_its_own_deadline() {
    bounded(|| {
        let pool = pool(2);
        let options = MapOptions::new().task(TaskOptions::new().deadline(Duration::from_millis(300)));
        let work = |n: u64| {
            if n == 1 {
                until_cancelled();
            }
            n
        };
        let outcomes: Vec<_> = pool.map_with(options, work, 0..4).collect();
        assert!(matches!(outcomes[1], Err(TaskError::DeadlineExceeded(_))), "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3, "{outcomes:?}");
    });
}

/// W-14; CPython `test_executor_map_current_future_cancel`.
#[test]
fn a_maps_deadline_keeps_the_rest_from_running() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let options = MapOptions::new().deadline(Duration::from_millis(1));
        let (tell, told) = channel();
        let mut items = pool.map_with(options, move |n: u64| tell.send(n).unwrap(), 0..10);
        let first = items.next().unwrap().unwrap_err();
        assert!(matches!(&first, TaskError::DeadlineExceeded(error) if error.of() == DeadlineOf::Map), "{first:?}");
        assert!(items.all(|item| matches!(item, Err(TaskError::DeadlineExceeded(_)))));
        held.release();
        pool.shutdown(Shutdown::drain());
        assert!(told.try_recv().is_err(), "none has run");
    });
}

#[test]
fn retries_are_accepted_and_a_panic_is_not_retried() {
    bounded(|| {
        let pool = pool(1);
        let options = TaskOptions::new().retries(3);
        let attempt = pool.spawn_with(options.clone(), || task::current().attempt());
        assert_eq!(attempt.result().unwrap(), 1);
        let failed = pool.spawn_with(options, || panic!("once")).result().map(|(): ()| ());
        assert_eq!(panic_text(&failed.unwrap_err()), "once");
        assert_eq!(pool.stats().submitted, 2);
    });
}

#[test]
fn a_label_is_in_every_error_of_its_task() {
    bounded(|| {
        let pool = pool(1);
        let labelled = || TaskOptions::new().label("resize");
        let panicked = pool.spawn_with(labelled(), || panic!("x")).result().map(|(): ()| ()).unwrap_err();
        let failed =
            pool.submit_fallible_with(labelled(), |n: u8| Err::<u8, _>(format!("{n}")), 1).result().unwrap_err();
        let late = pool.spawn_with(labelled().deadline(Duration::ZERO), until_cancelled).result().unwrap_err();
        for error in [panicked, failed, late] {
            assert!(error.to_string().contains("`resize`"), "{error}");
        }
    });
}

#[test]
fn a_task_knows_who_it_is() {
    bounded(|| {
        let pool = pool(1);
        assert!(task::current().id().is_none());
        let options = TaskOptions::new().label("knows").deadline(LONG);
        let future = pool.spawn_with(options, || {
            let me = task::current();
            (me.id(), me.label(), me.deadline().is_some(), me.attempt(), me.is_cancelled(), me.check().is_ok())
        });
        let id = future.id();
        let expected = (Some(id), Some("knows".to_owned()), true, 1, false, true);
        assert_eq!(future.result().unwrap(), expected);
    });
}

#[test]
fn a_task_that_runs_in_place_is_the_current_one_until_it_ends() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        let future = pool.spawn_with(TaskOptions::new().label("outer"), move || {
            let before = task::current();
            let inner = handle.spawn_with(TaskOptions::new().label("inner"), task::current);
            let inner_id = inner.id();
            let inner = inner.result().unwrap();
            let after = task::current();
            assert_eq!((inner.id(), before.id()), (Some(inner_id), after.id()));
            (before.label(), inner.label(), after.label())
        });
        let expected = ["outer", "inner", "outer"].map(|label| Some(label.to_owned()));
        assert_eq!(<[_; 3]>::from(future.result().unwrap()), expected);
    });
}

#[test]
fn each_task_of_a_chunk_has_an_id_of_its_own() {
    bounded(|| {
        let pool = pool(1);
        let options = MapOptions::new().chunk_size(10);
        let ids = pool.map_with(options, |_: u8| task::current().id().unwrap(), 0..50);
        let mut ids: Vec<_> = ids.map(Result::unwrap).collect();
        ids.dedup();
        assert_eq!(ids.len(), 50);
    });
}

#[test]
fn abort_of_a_queued_task_cancels_it() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let queued = pool.spawn(|| 1);
        assert!(queued.abort(LONG));
        assert!(queued.cancelled());
        held.release();
    });
}

#[test]
fn abort_of_a_running_task_sets_its_flag_and_answers_false() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let start = |door: Door| {
            move || {
                door.pass();
                until_cancelled();
                task::current().check().map(|()| 1)
            }
        };
        let stopped = pool.spawn_fallible(start(door.clone()));
        door.await_arrivals(1);
        assert!(!stopped.cancel(), "it has begun");
        assert!(!stopped.abort(Duration::ZERO), "and a thread can't be stopped");
        assert!(stopped.running());
        door.open();
        let canceller = stopped.canceller();
        assert!(stopped.result().unwrap_err().is_cancelled(), "it ended since it was asked to");
        assert!(!canceller.abort(LONG), "there is nothing left to abort");
        pool.shutdown(Shutdown::drain());
        assert_eq!(pool.stats().cancelled, 1);
    });
}

#[test]
fn a_task_that_succeeds_after_an_abort_keeps_its_outcome() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let inner = door.clone();
        let future = pool.spawn_fallible(move || {
            inner.pass();
            until_cancelled();
            let stopped = task::current().check().unwrap_err();
            Ok::<_, task::Stopped>(stopped.to_string())
        });
        door.await_arrivals(1);
        door.open();
        future.abort(LONG);
        assert_eq!(future.result().unwrap(), "the task was asked to stop");
    });
}

#[test]
fn a_task_that_fails_without_having_looked_has_failed_in_spite_of_an_abort() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let inner = door.clone();
        let future = pool.spawn_fallible(move || {
            inner.pass();
            Err::<(), _>("of its own accord")
        });
        door.await_arrivals(1);
        future.abort(LONG);
        door.open();
        assert!(matches!(future.result(), Err(TaskError::Failed(_))));
    });
}

#[test]
fn a_canceller_stops_a_task_that_somebody_else_owns() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let queued = pool.handle().spawn(|| 1);
        let canceller = queued.canceller();
        let owner = thread::spawn(move || queued.result());
        assert!(canceller.cancel() && canceller.cancel());
        assert!(owner.join().unwrap().unwrap_err().is_cancelled());
        held.release();
        // Counted when a worker has come to its place in the queue.
        pool.shutdown(Shutdown::drain());
        assert_eq!(pool.handle().stats().cancelled, 1);
    });
}
