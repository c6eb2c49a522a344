//! `map_slice` borrows, loses no result and drops none twice. T-20.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use common::{Door, assert_adds_up, assert_shut_down, bounded, panic_text, pool};
use concurrent_futures_thread_pool::{Shutdown, TaskError, ThreadPool, WhenFull, task};

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
