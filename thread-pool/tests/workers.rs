//! Who works: when threads start and end, what they are called, and what they run first.
//! R1 to R4 are the promises of `src/roster.rs`.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::collections::{BTreeSet, HashSet};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use common::{Door, Recorder, TellsDrop, assert_adds_up, bounded, hold, panic_text, pool};
use concurrent_futures_thread_pool::{BuildError, QueueKind, Shutdown, TaskOptions, ThreadPool};

fn own_name() -> String {
    thread::current().name().expect("a worker has a name").to_owned()
}

/// T-01; CPython `test_idle_thread_reuse`.
#[test]
fn t01_submitting_and_waiting_three_times_starts_one_thread() {
    bounded(|| {
        let pool = pool(4);
        for _ in 0..3 {
            pool.submit(|n: u64| n * 2, 21).result().unwrap();
        }
        assert_eq!(pool.stats().workers, 1);
    });
}

/// R3, however the submitter and the worker are interleaved.
#[test]
fn r3_submitting_and_waiting_ten_thousand_times_uses_one_thread() {
    bounded(|| {
        for kind in [QueueKind::Locked, QueueKind::LockFree] {
            let pool = ThreadPool::builder().max_workers(4).queue(kind).build().unwrap();
            let threads: HashSet<_> =
                (0..10_000).map(|_| pool.spawn(|| thread::current().id()).result().unwrap()).collect();
            assert_eq!((threads.len(), pool.stats().workers), (1, 1), "{kind:?}");
        }
    });
}

/// T-02 and R2; CPython `test_saturation`.
#[test]
fn t02_fifteen_times_four_blocked_tasks_make_exactly_four_threads() {
    bounded(|| {
        let pool = pool(4);
        let door = Door::default();
        let futures: Vec<_> = (0..15 * 4)
            .map(|_| {
                let door = door.clone();
                pool.spawn(move || {
                    door.pass();
                    own_name()
                })
            })
            .collect();
        door.await_arrivals(4);
        let stats = pool.stats();
        assert_eq!((stats.workers, stats.idle, stats.pending, door.arrivals()), (4, 0, 56, 4));
        door.open();
        let names: BTreeSet<String> = futures.into_iter().map(|future| future.result().unwrap()).collect();
        assert!(names.len() <= 4, "{names:?}");
    });
}

/// CPython `test_threads_terminate`.
#[test]
fn three_tasks_make_three_threads_and_a_shutdown_ends_them() {
    bounded(|| {
        let pool = pool(5);
        let held: Vec<_> = (0..3).map(|_| hold(&pool)).collect();
        assert_eq!(pool.stats().workers, 3);
        held.into_iter().for_each(common::Held::release);
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(pool.stats().workers, 0);
    });
}

/// R2.
#[test]
fn r2_never_more_tasks_run_than_there_may_be_workers() {
    bounded(|| {
        let pool = pool(3);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let futures: Vec<_> = (0..2_000)
            .map(|_| {
                let (now, most) = (now.clone(), most.clone());
                pool.spawn(move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::yield_now();
                    now.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        futures.into_iter().for_each(|future| future.result().unwrap());
        assert!(most.load(Ordering::SeqCst) <= 3);
        assert!(pool.stats().workers <= 3);
    });
}

/// R1 and E-13; loky `test_thread_safety`: ten threads mix submit, map and cancel.
#[test]
fn r1_no_task_is_forgotten_when_many_threads_submit() {
    bounded(|| {
        for kind in [QueueKind::Locked, QueueKind::LockFree] {
            let pool = ThreadPool::builder().max_workers(3).queue(kind).build().unwrap();
            thread::scope(|scope| {
                for submitter in 0..10_u64 {
                    let pool = &pool;
                    scope.spawn(move || {
                        for round in 0..200 {
                            let value = submitter * 1_000 + round;
                            let cancelled = pool.submit(|n: u64| n, value);
                            let was_cancelled = cancelled.cancel();
                            assert_eq!(pool.submit(|n: u64| n + 1, value).result().unwrap(), value + 1);
                            match cancelled.result() {
                                Ok(n) => assert!(n == value && !was_cancelled),
                                Err(error) => assert!(error.is_cancelled() && was_cancelled),
                            }
                        }
                        let mapped: Vec<u64> = pool.map(|n: u64| n * n, 0..100).map(Result::unwrap).collect();
                        assert!(mapped.into_iter().eq((0..100).map(|n| n * n)));
                    });
                }
            });
            pool.shutdown(Shutdown::drain());
            assert_adds_up(pool.stats());
            assert_eq!(pool.stats().submitted, 10 * (2 * 200 + 100), "{kind:?}");
        }
    });
}

/// E-10 and Q2.
#[test]
fn q2_one_worker_starts_tasks_in_the_order_of_their_submission() {
    bounded(|| {
        for kind in [QueueKind::Locked, QueueKind::LockFree] {
            let pool = ThreadPool::builder().max_workers(1).queue(kind).build().unwrap();
            let held = hold(&pool);
            let order = Arc::new(Mutex::new(Vec::new()));
            for number in 0..500 {
                let order = order.clone();
                pool.spawn(move || order.lock().unwrap().push(number)).detach();
            }
            held.release();
            pool.shutdown(Shutdown::drain());
            assert!(order.lock().unwrap().iter().copied().eq(0..500), "{kind:?}");
        }
    });
}

/// E-08.
#[test]
fn e08_a_pool_that_nobody_used_has_no_threads() {
    bounded(|| {
        let pool = pool(4);
        assert_eq!(pool.stats().workers, 0);
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(pool.stats().submitted, 0);
    });
}

/// T-04; CPython `test_thread_names_assigned`.
#[test]
fn t04_threads_are_called_by_the_prefix_and_a_number() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(5).thread_name_prefix("SpecialPool").build().unwrap();
        let barrier = Arc::new(Barrier::new(5));
        let futures: Vec<_> = (0..5)
            .map(|_| {
                let barrier = barrier.clone();
                pool.spawn(move || {
                    barrier.wait();
                    own_name()
                })
            })
            .collect();
        let names: BTreeSet<String> = futures.into_iter().map(|future| future.result().unwrap()).collect();
        assert!(names.into_iter().eq((0..5).map(|number| format!("SpecialPool_{number}"))));
    });
}

/// T-04; CPython `test_thread_names_default`.
#[test]
fn t04_without_a_prefix_threads_are_called_by_the_number_of_their_pool() {
    bounded(|| {
        let number_of = |pool: &ThreadPool| -> usize {
            let name = pool.spawn(own_name).result().unwrap();
            let number = name.strip_prefix("ThreadPool-").and_then(|rest| rest.strip_suffix("_0"));
            number.unwrap_or_else(|| panic!("{name}")).parse().unwrap_or_else(|_| panic!("{name}"))
        };
        let (first, second) = (pool(1), pool(1));
        assert_ne!(number_of(&first), number_of(&second));
    });
}

/// T-05.
#[test]
fn t05_threads_keep_their_names_when_the_pool_is_gone() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).thread_name_prefix("kept").build().unwrap();
        let door = Door::default();
        let inner = door.clone();
        let name = pool.spawn(move || {
            inner.pass();
            own_name()
        });
        door.await_arrivals(1);
        pool.shutdown(Shutdown::drain().within(Duration::ZERO));
        drop(pool);
        door.open();
        assert_eq!(name.result().unwrap(), "kept_0");
    });
}

#[test]
fn a_task_may_use_the_stack_that_was_asked_for() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).stack_size(16 << 20).build().unwrap();
        let deep = pool.spawn(|| {
            let large = [1_u8; 8 << 20];
            black_box(&large).iter().map(|byte| u64::from(*byte)).sum::<u64>()
        });
        assert_eq!(deep.result().unwrap(), 8 << 20);
    });
}

#[test]
fn a_stack_too_small_for_any_task_is_refused() {
    let error = ThreadPool::builder().max_workers(1).stack_size(1024).build().unwrap_err();
    assert!(matches!(&error, BuildError::InvalidOption(text) if text.contains("1024")), "{error}");
}

/// E-06; CPython `test_max_workers_negative`.
#[test]
fn e06_a_pool_of_no_workers_is_refused() {
    assert!(matches!(ThreadPool::new(0), Err(BuildError::ZeroWorkers)));
    assert!(matches!(ThreadPool::builder().max_workers(0).build(), Err(BuildError::ZeroWorkers)));
}

/// E-21; CPython `test_default_workers`.
#[test]
fn e21_by_default_there_is_a_worker_for_each_core_of_the_process() {
    let pool = ThreadPool::builder().build().unwrap();
    assert_eq!(pool.stats().max_workers, thread::available_parallelism().unwrap().get());
}

#[test]
fn two_tasks_run_on_two_threads() {
    bounded(|| {
        let pool = pool(2);
        let barrier = Arc::new(Barrier::new(2));
        let meet = |barrier: Arc<Barrier>| {
            move || {
                barrier.wait();
                thread::current().id()
            }
        };
        let (one, other) = (pool.spawn(meet(barrier.clone())), pool.spawn(meet(barrier)));
        assert_ne!(one.result().unwrap(), other.result().unwrap());
    });
}

/// T-06; CPython `test_initializer`.
#[test]
fn t06_the_initializer_runs_once_in_each_thread_before_its_first_task() {
    std::thread_local! {
        static RUNS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(2).initializer(|| RUNS.set(RUNS.get() + 1)).build().unwrap();
        let barrier = Arc::new(Barrier::new(2));
        for _ in 0..10 {
            let meet = |barrier: Arc<Barrier>| {
                move || {
                    barrier.wait();
                    RUNS.get()
                }
            };
            let (one, other) = (pool.spawn(meet(barrier.clone())), pool.spawn(meet(barrier.clone())));
            assert_eq!((one.result().unwrap(), other.result().unwrap()), (1, 1));
        }
    });
}

/// T-13.
#[test]
fn t13_threads_without_work_leave_after_their_keep_alive_and_come_back() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = ThreadPool::builder()
            .max_workers(2)
            .keep_alive(Duration::from_millis(1))
            .observer(recorder.clone())
            .build()
            .unwrap();
        for round in 1..=3 {
            let (one, other) = (hold(&pool), hold(&pool));
            assert_eq!(pool.stats().workers, 2);
            one.release();
            other.release();
            recorder.await_departures(2 * round);
            assert_eq!(pool.stats().workers, 0);
        }
    });
}

/// R1. Loky `worker_timeout_mock`, `worker_timeout_shutdown_no_deadlock`: threads that leave as soon as they may, while
/// work arrives, and while the pool ends.
#[test]
fn t13_no_task_is_forgotten_where_threads_leave_at_once() {
    bounded(|| {
        for (kind, keep_alive) in [
            (QueueKind::Locked, Duration::ZERO),
            (QueueKind::Locked, Duration::from_micros(20)),
            (QueueKind::LockFree, Duration::ZERO),
            (QueueKind::LockFree, Duration::from_micros(20)),
        ] {
            for _ in 0..20 {
                let builder = ThreadPool::builder().max_workers(2).queue(kind).keep_alive(keep_alive);
                let pool = builder.build().unwrap();
                for n in 0..20 {
                    assert_eq!(pool.submit(|n: u64| n + 1, n).result().unwrap(), n + 1, "{kind:?} {keep_alive:?}");
                }
                let futures: Vec<_> = (0..5).map(|n| pool.submit(|n: u64| n, n)).collect();
                assert!(pool.shutdown(Shutdown::drain()).is_complete());
                assert!(futures.into_iter().map(|future| future.result().unwrap()).eq(0..5));
                assert_eq!(pool.stats().workers, 0);
            }
        }
    });
}

/// T-18 and E-11.
#[test]
fn e11_a_panic_fails_its_own_task_and_its_thread_lives_on() {
    bounded(|| {
        let pool = pool(1);
        let before = pool.spawn(|| thread::current().id()).result().unwrap();
        let line = line!() + 1;
        let failed = pool.spawn_with(TaskOptions::new().label("oven"), || panic!("too hot")).result().map(|(): ()| ());
        let error = failed.unwrap_err();
        assert_eq!(panic_text(&error), "too hot");
        let text = error.to_string();
        assert!(text.contains("oven") && text.contains(&format!("workers.rs:{line}:")), "{text}");
        assert_eq!(pool.spawn(|| thread::current().id()).result().unwrap(), before);
    });
}

/// E-14; CPython `test_no_stale_references`.
#[test]
fn e14_what_a_task_took_and_gave_is_gone_while_the_pool_is_idle() {
    bounded(|| {
        let pool = pool(1);
        let (argument, argument_told) = TellsDrop::new("argument");
        let (result, result_told) = TellsDrop::new("result");
        pool.submit(move |_argument| result, argument).detach();
        assert_eq!(argument_told.recv(), Ok("argument"));
        assert_eq!(result_told.recv(), Ok("result"), "nobody wanted the result");
    });
}

/// E-15.
#[test]
fn e15_a_task_whose_future_was_dropped_still_runs() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let (tell, told) = channel();
        drop(pool.spawn(move || tell.send(5).unwrap()));
        held.release();
        assert_eq!(told.recv(), Ok(5));
    });
}
