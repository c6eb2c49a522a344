//! The end of a pool: D1 to D3 of `src/lifecycle.rs`, S-01 to S-17 of Python's executors and their relatives.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use common::{Door, Event, Recorder, TellsDrop, assert_adds_up, assert_shut_down, bounded, hold, pool, rejection};
use concurrent_futures_thread_pool::{
    Executor, Future, MapOptions, QueueKind, Reason, ReturnWhen, Shutdown, SpawnExt, TaskError, TaskOptions,
    ThreadPool, WhenFull, as_completed, task, wait,
};

const AT_ONCE: Duration = Duration::ZERO;
/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(3_600);

fn until_cancelled() {
    while !task::current().is_cancelled() {
        thread::yield_now();
    }
}

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
        assert_eq!((report.still_running, report.killed), (1, 0));
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
            assert_eq!((report.finished, report.cancelled, report.killed), (5, 45, 0));
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
        assert_eq!((report.killed, report.finished, report.cancelled), (0, 2, 2), "{report:?}");
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
        assert_eq!((report.killed, report.still_running, report.cancelled), (1, 1, 1), "{report:?}");
        assert!(!report.is_complete());
        let id = ignores.id();
        assert!(matches!(ignores.result().map(|_| ()), Err(TaskError::Abandoned(_))));
        assert!(queued.result().unwrap_err().is_cancelled());
        door.open();
        assert_eq!(told.recv(), Ok("late result"));
        recorder.await_departures(1);
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
        assert_eq!(pool.shutdown(Shutdown::drain()).killed, 1);
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
                assert!(report.finished == 0 && report.killed <= 4, "{report:?}");
                if report.killed == 4 {
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

/// E-17 and E-16; CPython `test_del_shutdown` and `test_context_manager_shutdown`.
#[test]
fn e17_dropping_the_pool_waits_for_what_was_submitted() {
    bounded(|| {
        let futures: Vec<_> = {
            let pool = pool(2);
            (0..50_u64).map(|number| pool.spawn(move || number)).collect()
        };
        assert!(futures.iter().all(Future::done));
        assert!(futures.into_iter().map(|future| future.result().unwrap()).eq(0..50));
    });
}

/// A task that runs until another future is done, which is queued behind it: only a cancel can end both.
fn runs_until_the_next_is_cancelled(pool: &ThreadPool) -> (Future<()>, Arc<Future<()>>) {
    let slot: Arc<OnceLock<Arc<Future<()>>>> = Arc::default();
    let queued_behind = slot.clone();
    let (begin, begun) = channel();
    let running = pool.spawn(move || {
        begin.send(()).unwrap();
        while !queued_behind.get().is_some_and(|queued| queued.done()) {
            thread::yield_now();
        }
    });
    begun.recv().unwrap();
    let queued = Arc::new(pool.spawn(|| ()));
    assert!(slot.set(queued.clone()).is_ok());
    (running, queued)
}

#[test]
fn dropping_the_pool_while_a_panic_unwinds_cancels_what_waits() {
    bounded(|| {
        let mut futures = None;
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let pool = pool(1);
            futures = Some(runs_until_the_next_is_cancelled(&pool));
            panic!("unwinds through the pool");
        }));
        assert!(unwound.is_err());
        let (running, queued) = futures.unwrap();
        running.result().unwrap();
        assert!(queued.cancelled());
    });
}

#[test]
fn on_drop_says_how_the_pool_ends() {
    bounded(|| {
        let build = |how| ThreadPool::builder().max_workers(1).on_drop(how).build().unwrap();
        let cancels = build(Shutdown::cancel_pending());
        let (running, queued) = runs_until_the_next_is_cancelled(&cancels);
        drop(cancels);
        assert!(running.done() && queued.cancelled());

        let kills = build(Shutdown::kill(AT_ONCE));
        let held = hold(&kills);
        drop(kills);
        assert!(matches!(held.future().error(), Some(TaskError::Abandoned(_))));

        let leaves = build(Shutdown::drain().within(AT_ONCE));
        let held = hold(&leaves);
        let queued = leaves.spawn(|| 5);
        drop(leaves);
        assert!(held.future().running());
        held.release();
        assert_eq!(queued.result().unwrap(), 5);
    });
}

#[test]
fn after_an_explicit_shutdown_the_drop_waits_no_more() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        pool.shutdown(Shutdown::drain().within(AT_ONCE));
        drop(pool);
        assert!(held.future().running());
        held.release();
    });
}

#[test]
fn a_pool_whose_last_owner_is_its_own_task_ends_without_hanging() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = Arc::new(ThreadPool::builder().max_workers(1).observer(recorder.clone()).build().unwrap());
        let (go, going) = channel::<()>();
        let own = pool.clone();
        let last = pool.spawn(move || {
            going.recv().unwrap_err();
            drop(own);
            7
        });
        drop(pool);
        drop(go);
        assert_eq!(last.result().unwrap(), 7);
        recorder.await_departures(1);
    });
}

#[test]
fn a_pool_whose_last_owner_is_an_unwanted_result_ends_without_hanging() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = Arc::new(ThreadPool::builder().max_workers(1).observer(recorder.clone()).build().unwrap());
        let (go, going) = channel::<()>();
        let own = pool.clone();
        pool.spawn(move || {
            going.recv().unwrap_err();
            own
        })
        .detach();
        let queued = pool.spawn(|| 8);
        drop(pool);
        drop(go);
        assert_eq!(queued.result().unwrap(), 8);
        recorder.await_departures(1);
    });
}

#[test]
fn a_pool_whose_last_owner_is_a_rejected_task_ends_without_hanging() {
    bounded(|| {
        let recorder = Recorder::default();
        let door = Door::default();
        let inner = door.clone();
        let initializer = move || {
            inner.pass();
            Err("unfit")
        };
        let pool = ThreadPool::builder().max_workers(1).initializer(initializer).observer(recorder.clone());
        let pool = Arc::new(pool.build().unwrap());
        let own = pool.clone();
        let rejected = pool.spawn(move || drop(own));
        drop(pool);
        door.open();
        assert!(matches!(rejection(&rejected.result().unwrap_err()), Reason::Broken(_)));
        recorder.await_departures(1);
    });
}

/// E-03; CPython `test_run_after_shutdown`.
#[test]
fn e03_a_handle_outlives_its_pool_and_is_refused() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        assert_eq!(handle.spawn(|| 1).result().unwrap(), 1);
        drop(pool);
        assert_shut_down(&handle.spawn(|| 1).result().unwrap_err());
        assert_eq!(handle.stats().workers, 0);
        assert!(handle.shutdown(Shutdown::drain()).is_complete());
        assert_adds_up(handle.stats());
    });
}

#[test]
fn while_the_pool_is_dropped_its_tasks_go_on_and_what_they_submit_is_refused() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        let (begin, begun) = channel();
        let refused = pool.spawn(move || {
            begin.send(()).unwrap();
            loop {
                if let Err(error) = handle.spawn(|| ()).result() {
                    return error;
                }
            }
        });
        begun.recv().unwrap();
        drop(pool);
        assert_shut_down(&refused.result().unwrap());
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
                assert_eq!(report.killed, 0);
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
