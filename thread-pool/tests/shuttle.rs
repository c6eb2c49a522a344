//! Random schedules of the whole pool: growth, nested waits and shutdown races.
//!
//! `RUSTFLAGS="--cfg concurrent_futures_shuttle" cargo test --release --test shuttle`; `SCHEDULES` says how many each
//! test tries. A failure prints the schedule, by which it can be replayed. Time is not modelled, so no test here uses a
//! timeout. A deadline, however long, passes whenever the schedule says.
#![cfg(concurrent_futures_shuttle)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use concurrent_futures_thread_pool::{
    ReturnWhen, Shutdown, TaskError, TaskOptions, ThreadPool, WhenFull, as_completed, blocking, wait,
};
use shuttle::thread;

const PREEMPTIONS: usize = 3;

fn explore(test: impl Fn() + Send + Sync + 'static) {
    let schedules: usize = std::env::var("SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let test = Arc::new(test);
    let same = test.clone();
    // Even chances at each step rarely let one thread run far ahead of another; few preemptions at random places do.
    shuttle::check_random(move || same(), schedules / 2);
    shuttle::check_pct(move || test(), schedules / 2, PREEMPTIONS);
}

/// Each task adds one here; each must have run exactly once.
fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}

fn count(runs: &Arc<AtomicUsize>) -> impl FnOnce() -> usize + Send + 'static {
    let runs = runs.clone();
    move || runs.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn r1_every_task_of_several_submitters_runs_exactly_once() {
    explore(|| {
        let pool = Arc::new(ThreadPool::new(2).unwrap());
        let runs = counter();
        let submitters: Vec<_> = (0..2)
            .map(|_| {
                let (pool, runs) = (pool.clone(), runs.clone());
                thread::spawn(move || {
                    let futures = [pool.spawn(count(&runs)), pool.spawn(count(&runs))];
                    futures.into_iter().for_each(|future| assert!(future.result().is_ok()));
                })
            })
            .collect();
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap());
        assert_eq!(runs.load(Ordering::Relaxed), 4);
        let stats = pool.stats();
        assert!(stats.workers <= 2 && stats.finished == 4, "{stats:?}");
    });
}

#[test]
fn r3_submitting_and_waiting_in_a_loop_uses_exactly_one_thread() {
    explore(|| {
        let pool = ThreadPool::new(3).unwrap();
        for turn in 0..4 {
            assert_eq!(pool.spawn(move || turn).result().unwrap(), turn);
            assert_eq!(pool.stats().workers, 1);
        }
    });
}

#[test]
fn r2_no_more_tasks_run_than_there_may_be_workers() {
    explore(|| {
        let pool = ThreadPool::new(2).unwrap();
        let running = counter();
        let futures: Vec<_> = (0..4)
            .map(|_| {
                let running = running.clone();
                pool.spawn(move || {
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    now
                })
            })
            .collect();
        assert!(futures.into_iter().all(|future| future.result().unwrap() <= 2));
    });
}

#[test]
fn r1_as_many_tasks_run_at_once_as_there_may_be_workers() {
    explore(|| {
        let pool = ThreadPool::new(3).unwrap();
        let barrier = Arc::new(shuttle::sync::Barrier::new(3));
        let futures = [0; 3].map(|_| {
            let barrier = barrier.clone();
            pool.spawn(move || barrier.wait().is_leader())
        });
        assert_eq!(futures.into_iter().filter(|future| *future.get().unwrap()).count(), 1);
    });
}

#[test]
fn r2_a_worker_that_comes_back_from_a_wait_leaves_the_queue_to_the_spare() {
    explore(|| {
        let pool = ThreadPool::new(1).unwrap();
        let handle = pool.handle();
        let serial = counter();
        let step = {
            let serial = serial.clone();
            move || {
                assert_eq!(serial.fetch_add(1, Ordering::SeqCst), 0, "two tasks run on a pool of one");
                thread::yield_now();
                serial.fetch_sub(1, Ordering::SeqCst);
            }
        };
        let outer = pool.spawn(move || {
            let steps = [0; 4].map(|_| handle.spawn(step.clone()));
            // Not an untimed wait for one future, which would run it in place: a spare takes over.
            assert_eq!(wait(&steps[..1], ReturnWhen::AllCompleted, None).done.len(), 1);
            steps
        });
        for step in outer.result().unwrap() {
            step.result().unwrap();
        }
        assert_eq!(pool.stats().blocked, 0);
    });
}

fn any_time() -> TaskOptions {
    TaskOptions::new().deadline(Duration::from_secs(1))
}

/// Nobody is absent any more from a pool that has ended.
fn assert_all_came_back(pool: &ThreadPool) {
    assert!(pool.shutdown(Shutdown::drain()).is_complete());
    let stats = pool.stats();
    assert_eq!((stats.workers, stats.blocked, stats.late), (0, 0, 0));
    assert_eq!(stats.submitted, stats.ended(), "{stats:?}");
}

#[test]
fn r5_what_waits_behind_a_task_that_hangs_beyond_its_deadline_runs() {
    explore(|| {
        let pool = ThreadPool::new(1).unwrap();
        let (send, sent) = shuttle::sync::mpsc::channel();
        // It hangs until a task that waits behind it has run.
        let hung = pool.spawn_with(any_time(), move || sent.recv().unwrap());
        let behind = [pool.spawn(|| ()), pool.spawn(move || send.send(()).unwrap())];
        behind.into_iter().for_each(|future| future.result().unwrap());
        drop(hung.result());
        assert_all_came_back(&pool);
    });
}

#[test]
fn r5_a_task_that_returns_as_its_deadline_passes_leaves_no_worker_absent() {
    explore(|| {
        let pool = ThreadPool::new(2).unwrap();
        let futures = [0; 3].map(|_| pool.spawn_with(any_time(), || ()));
        let ends = futures.map(|future| future.result().err().map(|error| error.name()));
        assert!(ends.iter().all(|end| end.is_none_or(|name| name == "DeadlineExceeded")), "{ends:?}");
        assert_all_came_back(&pool);
    });
}

#[test]
fn r2_a_late_worker_that_comes_back_leaves_the_queue_to_who_took_over() {
    explore(|| {
        let pool = ThreadPool::new(1).unwrap();
        let serial = counter();
        let late = pool.spawn_with(any_time(), thread::yield_now);
        let steps = [0; 3].map(|_| {
            let serial = serial.clone();
            pool.spawn(move || {
                assert_eq!(serial.fetch_add(1, Ordering::SeqCst), 0, "two tasks run on a pool of one");
                thread::yield_now();
                serial.fetch_sub(1, Ordering::SeqCst);
            })
        });
        steps.into_iter().for_each(|step| step.result().unwrap());
        drop(late.result());
        assert_all_came_back(&pool);
    });
}

#[test]
fn r5_a_worker_that_blocks_as_its_task_grows_late_counts_once() {
    explore(|| {
        let pool = ThreadPool::new(1).unwrap();
        let handle = pool.handle();
        let waits = pool.spawn_with(any_time(), move || {
            let inner = [handle.spawn_with(any_time(), thread::yield_now), handle.spawn(|| ())];
            wait(&inner, ReturnWhen::AllCompleted, None);
            blocking(thread::yield_now);
            inner.into_iter().for_each(|future| drop(future.result()));
        });
        pool.spawn(|| ()).result().unwrap();
        drop(waits.result());
        assert_all_came_back(&pool);
    });
}

#[test]
fn l2_a_task_whose_cancel_succeeded_never_runs() {
    explore(|| {
        let pool = ThreadPool::new(1).unwrap();
        let runs = counter();
        let future = pool.spawn(count(&runs));
        let cancelled = future.cancel();
        match future.result() {
            Ok(_) => assert!(!cancelled),
            Err(TaskError::Cancelled) => assert!(cancelled),
            Err(other) => panic!("{other:?}"),
        }
        drop(pool);
        assert_eq!(runs.load(Ordering::Relaxed), usize::from(!cancelled));
    });
}

#[test]
fn nested_waits_complete_on_one_worker() {
    explore(|| {
        let pool = ThreadPool::new(1).unwrap();
        let handle = pool.handle();
        let outer = pool.spawn(move || {
            let inner = handle.clone();
            let middle = handle.spawn(move || inner.spawn(|| 1).result().unwrap() + 1);
            middle.result().unwrap() + 1
        });
        assert_eq!(outer.result().unwrap(), 3);
    });
}

#[test]
fn two_tasks_that_wait_for_what_the_other_has_queued_complete() {
    explore(|| {
        let pool = ThreadPool::new(2).unwrap();
        let tasks: Vec<_> = (0..2)
            .map(|number| {
                let handle = pool.handle();
                pool.spawn(move || {
                    let queued = [handle.spawn(move || number), handle.spawn(move || number + 1)];
                    wait(&queued, ReturnWhen::AllCompleted, None).done.len()
                })
            })
            .collect();
        assert!(tasks.into_iter().all(|task| task.result().unwrap() == 2));
        assert_eq!(pool.stats().blocked, 0);
    });
}

#[test]
fn d1_a_submit_that_races_with_a_drain_runs_or_is_rejected() {
    explore(|| {
        let pool = Arc::new(ThreadPool::new(2).unwrap());
        let runs = counter();
        let submitter = {
            let (pool, runs) = (pool.clone(), runs.clone());
            thread::spawn(move || {
                let futures = [pool.spawn(count(&runs)), pool.spawn(count(&runs))];
                futures.into_iter().filter(|future| future.get().is_ok()).count()
            })
        };
        let report = pool.shutdown(Shutdown::drain());
        assert!(report.is_complete(), "{report:?}");
        let succeeded = submitter.join().unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), succeeded);
        let stats = pool.stats();
        assert_eq!(stats.submitted, stats.ended(), "{stats:?}");
    });
}

#[test]
fn d1_cancel_pending_leaves_no_future_open() {
    explore(|| {
        let pool = ThreadPool::new(1).unwrap();
        let runs = counter();
        let futures: Vec<_> = (0..3).map(|_| pool.spawn(count(&runs))).collect();
        let report = pool.shutdown(Shutdown::cancel_pending());
        assert!(report.is_complete(), "{report:?}");
        assert!(futures.iter().all(|future| future.done()));
        let cancelled = futures.iter().filter(|future| future.cancelled()).count();
        assert_eq!(cancelled + runs.load(Ordering::Relaxed), 3);
        assert_eq!(report.cancelled, cancelled as u64);
    });
}

#[test]
fn d1_a_kill_ends_every_future_and_no_task_twice() {
    explore(|| {
        let pool = ThreadPool::new(2).unwrap();
        let runs = counter();
        let futures: Vec<_> = (0..3).map(|_| pool.spawn(count(&runs))).collect();
        pool.shutdown(Shutdown::kill(Duration::ZERO));
        let mut returned = 0;
        for future in futures {
            match future.result() {
                Ok(_) => returned += 1,
                Err(TaskError::Cancelled | TaskError::Abandoned(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(returned <= runs.load(Ordering::Relaxed) && runs.load(Ordering::Relaxed) <= 3);
    });
}

#[test]
fn concurrent_shutdowns_all_return() {
    explore(|| {
        let pool = Arc::new(ThreadPool::new(2).unwrap());
        let future = pool.spawn(|| 1);
        let other = pool.clone();
        let second = thread::spawn(move || other.shutdown(Shutdown::cancel_pending()));
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert!(second.join().unwrap().is_complete());
        assert!(future.done());
        drop(future);
    });
}

#[test]
fn d1_a_drain_ends_though_another_shutdown_empties_the_queue() {
    explore(|| {
        let pool = Arc::new(ThreadPool::new(1).unwrap());
        let (submits, drains, cancels) = (pool.clone(), pool.clone(), pool.clone());
        let submitter = thread::spawn(move || submits.spawn(|| ()));
        let drainer = thread::spawn(move || drains.shutdown(Shutdown::drain()));
        let canceller = thread::spawn(move || cancels.shutdown(Shutdown::cancel_pending()));
        let future = submitter.join().unwrap();
        assert!(drainer.join().unwrap().is_complete() && canceller.join().unwrap().is_complete());
        assert!(future.done());
        drop(future.result());
    });
}

#[test]
fn d1_a_submitter_that_waits_for_room_is_let_in_or_rejected() {
    explore(|| {
        let pool = Arc::new(ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::Block).build().unwrap());
        let runs = counter();
        let submitter = {
            let (pool, runs) = (pool.clone(), runs.clone());
            thread::spawn(move || {
                let futures = [0; 3].map(|_| pool.spawn(count(&runs)));
                futures.into_iter().filter(|future| future.get().is_ok()).count()
            })
        };
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(submitter.join().unwrap(), runs.load(Ordering::Relaxed));
    });
}

#[test]
fn a_task_that_starts_or_is_cancelled_makes_room_for_a_submitter_that_waits() {
    explore(|| {
        let pool = ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::Block).build().unwrap();
        let futures = [0; 4].map(|number| pool.spawn(move || number));
        futures[3].cancel();
        assert!(futures.into_iter().all(|future| future.get().is_ok() || future.cancelled()));
    });
}

#[test]
fn l4_as_completed_yields_each_future_once() {
    explore(|| {
        let pool = ThreadPool::new(2).unwrap();
        let futures: Vec<_> = (0..3).map(|number| pool.spawn(move || number)).collect();
        let mut numbers: Vec<i32> = as_completed(futures).map(|future| future.result().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
    });
}

#[test]
fn m3_every_item_of_a_map_runs_exactly_once_also_where_chunks_are_shared() {
    explore(|| {
        let pool = ThreadPool::new(2).unwrap();
        let runs = counter();
        let counted = runs.clone();
        let items = pool.map(
            move |number: u32| {
                counted.fetch_add(1, Ordering::Relaxed);
                number
            },
            0..5,
        );
        assert_eq!(items.collect::<Result<Vec<_>, _>>().unwrap(), [0, 1, 2, 3, 4]);
        assert_eq!(runs.load(Ordering::Relaxed), 5);
    });
}
