//! Borrowing: `scope` doesn't return before its tasks have dropped what they borrowed, and not as if nothing were wrong
//! where one has failed unseen; `map_slice` loses no result and
//! drops none twice. T-20.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use common::{Door, assert_adds_up, assert_shut_down, bounded, hold, panic_text, pool};
use concurrent_futures_thread_pool::{
    AnyFuture, ReturnWhen, Shutdown, TaskError, TaskOptions, ThreadPool, WhenFull, task, wait,
};

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

/// What a scope panics with because of its tasks.
fn panic_of_scope(scope: impl FnOnce()) -> Option<String> {
    catch_unwind(AssertUnwindSafe(scope)).err().map(|payload| *payload.downcast::<String>().expect("a text"))
}

fn bad() -> TaskOptions {
    TaskOptions::new().label("bad")
}

#[test]
fn a_scope_whose_task_panicked_unseen_panics_with_its_message_when_all_have_ended() {
    bounded(|| {
        let pool = pool(2);
        let door = Door::default();
        let ended = AtomicBool::new(false);
        let text = panic_of_scope(|| {
            pool.scope(|scope| {
                scope.spawn(|| {
                    door.pass();
                    ended.store(true, Ordering::Relaxed);
                });
                scope.spawn_with(bad(), || panic!("the half that is missing"));
                scope.spawn(|| door.open());
            });
        });
        let text = text.expect("nobody looked");
        assert!(text.contains("`bad`") && text.contains("the half that is missing"), "{text}");
        assert!(ended.into_inner());
    });
}

#[test]
fn a_scope_that_fails_tells_the_failure_of_the_first_spawn() {
    bounded(|| {
        let pool = pool(1);
        for _ in 0..200 {
            let text = panic_of_scope(|| {
                pool.scope(|scope| (0..3).for_each(|n| drop(scope.spawn(move || assert!(n == 0, "number {n}")))));
            });
            assert!(text.is_some_and(|text| text.contains("number 1")));
        }
    });
}

#[test]
fn a_scope_whose_task_was_refused_unseen_panics_and_says_why() {
    bounded(|| {
        let full = ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::Reject).build().unwrap();
        let held = hold(&full);
        let text = panic_of_scope(|| {
            full.scope(|scope| {
                let queued = scope.spawn(|| ());
                scope.spawn(|| ());
                held.release();
                queued.result().unwrap();
            });
        });
        assert!(text.is_some_and(|text| text.contains("max_pending (1)")));
        let ended = pool(1);
        ended.shutdown(Shutdown::drain());
        let text = panic_of_scope(|| ended.scope(|scope| drop(scope.spawn(|| ()))));
        assert!(text.is_some_and(|text| text.contains("shut down")));
    });
}

#[test]
fn a_failure_that_somebody_looked_at_is_not_passed_on_by_the_scope() {
    bounded(|| {
        let pool = pool(1);
        let (tell, told) = channel();
        pool.scope(|scope| {
            let fail = || scope.spawn(|| panic!("as this test wants it"));
            assert!(matches!(fail().result(), Err(TaskError::Panicked(_))));
            assert!(fail().as_future().error().is_some());
            let called = fail();
            called.as_future().add_done_callback(move |outcome| tell.send(outcome.is_err()).unwrap());
        });
        assert!(told.recv().unwrap());
    });
}

#[test]
fn a_failure_that_was_only_waited_for_is_passed_on() {
    bounded(|| {
        let pool = pool(1);
        let text = panic_of_scope(|| {
            pool.scope(|scope| {
                let failed = scope.spawn(|| panic!("as this test wants it"));
                wait([failed.as_future()], ReturnWhen::AllCompleted, None);
                failed.wait();
            });
        });
        assert!(text.is_some_and(|text| text.contains("as this test wants it")));
    });
}

#[test]
fn a_task_that_the_user_cancelled_is_no_failure_of_the_scope_and_one_that_a_shutdown_did_is() {
    bounded(|| {
        for shuts_down in [false, true] {
            let pool = pool(1);
            let text = panic_of_scope(|| {
                pool.scope(|scope| {
                    let held = hold(&pool);
                    let (mine, other) = (scope.spawn(|| ()), scope.spawn_with(bad(), || ()));
                    assert!(mine.as_future().cancel());
                    if shuts_down {
                        pool.shutdown(Shutdown::cancel_pending().within(Duration::ZERO));
                        assert!(other.as_future().cancelled());
                    } else {
                        assert!(other.as_future().canceller().cancel());
                    }
                    held.release();
                });
            });
            assert_eq!(text.is_some_and(|text| text.contains("was cancelled")), shuts_down);
        }
    });
}

#[test]
fn a_panic_of_the_body_comes_before_those_of_the_tasks() {
    bounded(|| {
        let pool = pool(1);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|scope| {
                scope.spawn(|| panic!("a task, as this test wants it")).wait();
                panic!("the body");
            });
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"the body"));
    });
}

#[test]
fn a_task_that_is_late_unseen_is_passed_on_when_it_has_ended() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let text = panic_of_scope(|| {
            pool.scope(|scope| {
                scope.spawn_with(bad().deadline(Duration::from_millis(1)), || door.pass()).wait();
                door.open();
            });
        });
        assert!(text.is_some_and(|text| text.contains("deadline")));
    });
}

/// A panic in a destructor that runs while another unwinds would end the program.
#[test]
fn a_scope_in_a_destructor_of_what_unwinds_ends_nothing() {
    struct Cleans<'a>(&'a ThreadPool, &'a AtomicBool);
    impl Drop for Cleans<'_> {
        fn drop(&mut self) {
            self.0.scope(|scope| scope.spawn(|| panic!("a task, as this test wants it")).wait());
            self.1.store(true, Ordering::Relaxed);
        }
    }
    bounded(|| {
        let (pool, cleaned) = (pool(1), AtomicBool::new(false));
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _cleans = Cleans(&pool, &cleaned);
            panic!("the first");
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"the first"));
        assert!(cleaned.into_inner());
    });
}

/// The callbacks of a task may wait for what comes after the scope.
#[test]
fn a_scope_waits_for_no_callback_of_its_tasks() {
    bounded(|| {
        let pool = pool(1);
        let (tell, told) = channel::<()>();
        let (heard, hears) = channel();
        let door = Door::default();
        pool.scope(|scope| {
            scope.spawn(|| door.pass()).as_future().add_done_callback(move |_| {
                told.recv().unwrap();
                heard.send(()).unwrap();
            });
            door.open();
        });
        tell.send(()).unwrap();
        hears.recv().unwrap();
    });
}

fn squares(pool: &ThreadPool, count: u64) {
    let items: Vec<u64> = (0..count).collect();
    let squares = pool.map_slice(&items, |n| n * n).unwrap();
    assert!(squares.into_iter().eq((0..count).map(|n| n * n)), "{count} items");
}

#[test]
fn map_slice_gives_every_result_in_its_place() {
    bounded(|| {
        for workers in [1, 2, 5] {
            let pool = pool(workers);
            [0, 1, 2, 3, 1_000, 100_003].into_iter().for_each(|count| squares(&pool, count));
            assert_adds_up(pool.stats());
        }
    });
}

#[test]
fn map_slice_takes_what_is_neither_copy_nor_sized_alike() {
    bounded(|| {
        let pool = pool(3);
        let words: Vec<String> = (0..1_000).map(|n| "x".repeat(n % 7)).collect();
        let suffix = String::from("!");
        let results: Vec<Result<Box<str>, usize>> = pool
            .map_slice(&words, |word| if word.is_empty() { Err(0) } else { Ok(format!("{word}{suffix}").into()) })
            .unwrap();
        for (word, result) in words.iter().zip(results) {
            let expected = if word.is_empty() { Err(0) } else { Ok(format!("{word}!").into_boxed_str()) };
            assert_eq!(result, expected);
        }
        let nothing: Vec<()> = pool.map_slice(&words, |_| ()).unwrap();
        assert_eq!(nothing.len(), 1_000, "values without a size");
    });
}

#[test]
fn results_of_map_slice_may_borrow_from_the_slice() {
    bounded(|| {
        let pool = pool(2);
        let lines = ["a b a".to_owned(), "b".to_owned()];
        let counts: Vec<HashMap<&str, usize>> = pool
            .map_slice(&lines, |line| {
                let mut counts = HashMap::new();
                line.split(' ').for_each(|word| *counts.entry(word).or_insert(0) += 1);
                counts
            })
            .unwrap();
        assert_eq!(counts, [HashMap::from([("a", 2), ("b", 1)]), HashMap::from([("b", 1)])]);
        let named: Vec<&str> = pool.map_slice(&lines, String::as_str).unwrap();
        assert_eq!(named, ["a b a", "b"]);
    });
}

/// Counts how many of its kind live.
struct Counted<'a>(&'a AtomicI64);

impl<'a> Counted<'a> {
    fn new(live: &'a AtomicI64) -> Self {
        live.fetch_add(1, Ordering::Relaxed);
        Self(live)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn map_slice_leaks_no_result_and_drops_none_twice() {
    bounded(|| {
        let pool = pool(3);
        let items: Vec<usize> = (0..10_007).collect();
        let (live, made) = (AtomicI64::new(0), AtomicUsize::new(0));
        let results = pool.map_slice(&items, |_| Counted::new(&live)).unwrap();
        assert_eq!(live.load(Ordering::Relaxed), 10_007);
        drop(results);
        assert_eq!(live.load(Ordering::Relaxed), 0);
        for place in [0, 1, 5_000, 10_006] {
            let outcome = pool.map_slice(&items, |item| {
                assert!(*item != place, "in the middle");
                made.fetch_add(1, Ordering::Relaxed);
                Counted::new(&live)
            });
            let text = panic_text(&outcome.map(|_| ()).unwrap_err());
            assert_eq!(text, "in the middle");
            assert_eq!(live.load(Ordering::Relaxed), 0, "after a panic at {place}");
        }
        assert!(made.into_inner() < 4 * 10_007, "nothing further is begun after a panic");
    });
}

#[test]
fn map_slice_runs_on_several_threads() {
    bounded(|| {
        let pool = pool(2);
        let barrier = Barrier::new(2);
        let threads = pool.map_slice(&[1, 2], |_| {
            barrier.wait();
            thread::current().id()
        });
        let threads = threads.unwrap();
        assert_ne!(threads[0], threads[1]);
    });
}

#[test]
fn map_slice_inside_a_task_of_the_same_pool_completes() {
    bounded(|| {
        for workers in [1, 2] {
            let pool = Arc::new(pool(workers));
            let inner = pool.clone();
            pool.spawn(move || squares(&inner, 10_000)).result().unwrap();
        }
    });
}

#[test]
fn map_slice_after_a_shutdown_is_rejected_and_drops_nothing_it_has_not_made() {
    bounded(|| {
        let pool = pool(2);
        pool.shutdown(Shutdown::drain());
        let called = AtomicBool::new(false);
        let outcome = pool.map_slice(&[1, 2, 3], |n| {
            called.store(true, Ordering::Relaxed);
            n.to_string()
        });
        assert_shut_down(&outcome.unwrap_err());
        assert!(!called.into_inner());
    });
}

#[test]
fn map_slice_on_a_bounded_pool_is_done_by_whoever_got_in() {
    bounded(|| {
        for when_full in [WhenFull::Block, WhenFull::CallerRuns] {
            let pool = ThreadPool::builder().max_workers(4).max_pending(1, when_full).build().unwrap();
            squares(&pool, 10_000);
        }
    });
}

/// A kill gives up the futures; the borrowed slice is safe until the last runner is out.
#[test]
fn map_slice_in_a_killed_pool_waits_and_fails() {
    bounded(|| {
        let pool = Arc::new(pool(2));
        let door = Door::default();
        let (tell, told) = channel();
        let (killer, opener) = (pool.clone(), door.clone());
        let live = AtomicI64::new(0);
        let order = Mutex::new(tell);
        thread::scope(|scope| {
            scope.spawn(move || {
                opener.await_arrivals(2);
                killer.shutdown(Shutdown::kill(Duration::ZERO));
                opener.open();
            });
            let items = [1; 100];
            let outcome = pool.map_slice(&items, |_| {
                door.pass();
                order.lock().unwrap().send(task::current().is_cancelled()).unwrap();
                Counted::new(&live)
            });
            assert!(matches!(outcome.map(|_| ()), Err(TaskError::Abandoned(_))));
        });
        assert!(told.try_iter().count() >= 2);
        assert_eq!(live.into_inner(), 0);
    });
}
