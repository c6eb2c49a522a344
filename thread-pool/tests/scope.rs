//! Borrowing: `scope` doesn't return before its tasks have dropped what they borrowed. T-20.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::{Door, assert_shut_down, bounded, hold, panic_text, pool};
use concurrent_futures_thread_pool::{AnyFuture, ReturnWhen, Shutdown, TaskError, TaskOptions, wait};

#[test]
fn tasks_of_a_scope_borrow_and_change_what_the_caller_owns() {
    bounded(|| {
        let pool = pool(2);
        let words = ["one".to_owned(), "three".to_owned()];
        let mut lengths = vec![0; 2];
        let total = AtomicUsize::new(0);
        pool.scope(|scope| {
            for (word, length) in words.iter().zip(&mut lengths) {
                let total = &total;
                let _ = scope.spawn(move || {
                    *length = word.len();
                    total.fetch_add(word.len(), Ordering::Relaxed);
                });
            }
        });
        assert_eq!(
            (lengths, total.into_inner()),
            (vec![3, 5], 8),
            "a dropped future detaches, and is still waited for"
        );
    });
}

#[test]
fn a_scope_returns_after_its_tasks_have_dropped_what_they_captured() {
    struct Borrows<'a>(&'a AtomicUsize);
    impl Drop for Borrows<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    bounded(|| {
        let pool = pool(2);
        for _ in 0..500 {
            let dropped = AtomicUsize::new(0);
            pool.scope(|scope| {
                for _ in 0..4 {
                    let borrows = Borrows(&dropped);
                    let _ = scope.spawn(move || borrows.0.load(Ordering::Relaxed));
                }
            });
            assert_eq!(dropped.into_inner(), 4);
        }
    });
}

#[test]
fn scopes_nest() {
    bounded(|| {
        for workers in [1, 3] {
            let pool = pool(workers);
            let numbers = [1_u64, 2, 3, 4];
            let sum = pool.scope(|outer| {
                let halves: Vec<_> = numbers
                    .chunks(2)
                    .map(|half| {
                        let pool = &pool;
                        outer.spawn(move || {
                            pool.scope(|inner| {
                                let parts: Vec<_> = half.iter().map(|n| inner.spawn(move || n * 10)).collect();
                                parts.into_iter().map(|part| part.result().unwrap()).sum::<u64>()
                            })
                        })
                    })
                    .collect();
                halves.into_iter().map(|half| half.result().unwrap()).sum::<u64>()
            });
            assert_eq!(sum, 100, "{workers} workers");
        }
    });
}

#[test]
fn a_task_of_a_scope_may_spawn_in_that_scope() {
    bounded(|| {
        let pool = pool(1);
        let count = AtomicUsize::new(0);
        pool.scope(|scope| {
            let _ = scope.spawn(|| {
                for _ in 0..10 {
                    let _ = scope.spawn(|| count.fetch_add(1, Ordering::Relaxed));
                }
            });
        });
        assert_eq!(count.into_inner(), 10);
    });
}

#[test]
fn a_panic_in_the_body_cancels_what_waits_and_waits_for_what_runs() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let (ran, ended) = (AtomicBool::new(false), AtomicBool::new(false));
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|scope| {
                let _ = scope.spawn(|| {
                    door.pass();
                    ended.store(true, Ordering::Relaxed);
                });
                door.await_arrivals(1);
                let queued = scope.spawn(|| ran.store(true, Ordering::Relaxed));
                // Only the cancellation of what waits lets the running task end.
                let opener = door.clone();
                queued.as_future().add_done_callback(move |_| opener.open());
                panic!("the body");
            });
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"the body"));
        assert!(ended.into_inner() && !ran.into_inner());
    });
}

#[test]
fn a_panic_in_a_task_of_a_scope_is_the_error_of_its_future() {
    bounded(|| {
        let pool = pool(2);
        let text = String::from("borrowed");
        let (failed, fine) = pool.scope(|scope| {
            let failed = scope.spawn_with(TaskOptions::new().label("bad"), || {
                assert!(text.is_empty(), "not {text}");
                5
            });
            let fine = scope.spawn(|| text.len());
            (failed.result().unwrap_err(), fine.result().unwrap())
        });
        assert_eq!((panic_text(&failed), fine), ("not borrowed".to_owned(), 8));
        assert!(failed.to_string().contains("`bad`"));
    });
}

#[test]
fn tasks_of_a_scope_can_be_cancelled_and_waited_for_together() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let number = 5;
        pool.scope(|scope| {
            let (one, other) = (scope.spawn(|| number + 1), scope.spawn(|| number + 2));
            assert!(other.as_future().cancel());
            held.release();
            let futures: [&dyn AnyFuture; 2] = [one.as_future(), other.as_future()];
            assert_eq!(wait(futures, ReturnWhen::AllCompleted, None).done.len(), 2);
            assert_eq!(one.result().unwrap(), 6);
            assert!(other.result().unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn a_scope_inside_a_task_of_the_only_worker_completes() {
    bounded(|| {
        let pool = Arc::new(pool(1));
        let inner = pool.clone();
        let sum = pool.spawn(move || {
            let numbers = [1, 2, 3];
            inner.scope(|scope| {
                let _ = scope.spawn(|| numbers.len());
                let futures: Vec<_> = numbers.iter().map(|n| scope.spawn(move || n * 2)).collect();
                futures.into_iter().map(|future| future.result().unwrap()).sum::<i32>()
            })
        });
        assert_eq!(sum.result().unwrap(), 12);
    });
}

#[test]
fn a_scope_waits_for_its_tasks_though_the_pool_was_killed() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let ended = AtomicBool::new(false);
        thread::scope(|threads| {
            let opener = door.clone();
            pool.scope(|scope| {
                let running = scope.spawn(|| {
                    door.pass();
                    ended.store(true, Ordering::Relaxed);
                });
                let queued = scope.spawn(|| ());
                door.await_arrivals(1);
                assert_eq!(pool.shutdown(Shutdown::kill(Duration::ZERO)).abandoned, 1);
                assert!(matches!(running.result(), Err(TaskError::Abandoned(_))), "its future has ended");
                assert!(queued.result().unwrap_err().is_cancelled());
                assert!(!ended.load(Ordering::Relaxed), "its borrow has not");
                threads.spawn(move || opener.open());
            });
            assert!(ended.load(Ordering::Relaxed));
        });
    });
}

#[test]
fn a_scope_in_a_pool_that_takes_nothing_returns_and_its_futures_say_why() {
    bounded(|| {
        let pool = pool(1);
        pool.shutdown(Shutdown::drain());
        let number = 1;
        let error = pool.scope(|scope| scope.spawn(|| number).result().unwrap_err());
        assert_shut_down(&error);
    });
}
