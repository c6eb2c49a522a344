//! An executor that mistreats its tasks, by many seeds: every future ends, nothing runs twice, and the numbers add up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use concurrent_futures_conformance::{ChaosExecutor, LIMIT, Mischief, watchdog};
use concurrent_futures_core::{
    Executor, ExecutorExt, Future, Map, MapOptions, ReturnWhen, Shutdown, SpawnExt, TaskError, as_completed,
    set_report_hook, wait,
};
use fastrand::Rng;

/// Failures that nobody looks at are the rule here, and would drown what a failing test says.
fn be_quiet() {
    set_report_hook(|_| ());
}

/// How often each task ran.
#[derive(Clone)]
struct Runs(Arc<Vec<AtomicUsize>>);

impl Runs {
    fn new(tasks: usize) -> Self {
        Self(Arc::new((0..tasks).map(|_| AtomicUsize::new(0)).collect()))
    }

    fn note(&self, task: usize) {
        self.0[task].fetch_add(1, Ordering::Relaxed);
    }

    fn of(&self, task: usize) -> usize {
        self.0[task].load(Ordering::Relaxed)
    }
}

const TASKS: usize = 60;

/// L1, L2, L7.
fn every_future_ends(seed: u64) {
    let mut lots = Rng::with_seed(seed);
    let executor = ChaosExecutor::new(lots.usize(1..4), seed);
    let runs = Runs::new(TASKS);
    let futures: Vec<Future<usize>> = (0..TASKS)
        .map(|task| {
            let runs = runs.clone();
            executor.spawn_fallible(move || {
                runs.note(task);
                if task.is_multiple_of(7) { Err("every seventh fails") } else { Ok(task) }
            })
        })
        .collect();
    let told = Arc::new(AtomicUsize::new(0));
    let mut cancelled = vec![false; TASKS];
    for (future, cancelled) in futures.iter().zip(&mut cancelled) {
        let told = told.clone();
        future.add_done_callback(move |_| {
            told.fetch_add(1, Ordering::Relaxed);
        });
        if lots.u8(0..4) == 0 {
            *cancelled = future.cancel();
        }
    }
    let waited = wait(futures, ReturnWhen::AllCompleted, None);
    assert!(waited.not_done.is_empty(), "{executor:?}");
    assert_eq!(told.load(Ordering::Relaxed), TASKS, "each callback is told once: {executor:?}");

    let (mut finished, mut failed, mut gone) = (0, 0, 0);
    for (task, future) in waited.done.into_iter().enumerate() {
        let ran = runs.of(task);
        assert!(ran <= 1, "task {task} ran {ran} times: {executor:?}");
        match future.result() {
            Ok(value) => {
                assert_eq!((value, ran), (task, 1), "{executor:?}");
                finished += 1;
            }
            Err(TaskError::Cancelled) => {
                assert!(cancelled[task] && ran == 0, "task {task} was cancelled: {executor:?}");
                gone += 1;
            }
            Err(_) => failed += 1,
        }
        assert!(!cancelled[task] || ran == 0, "task {task} was cancelled, and ran: {executor:?}");
    }
    assert_eq!(finished + failed + gone, TASKS);

    let report = executor.shutdown(Shutdown::drain());
    assert!(report.is_complete(), "{report:?} {executor:?}");
    let stats = executor.stats();
    assert_eq!(stats.submitted, TASKS as u64, "{executor:?}");
    assert_eq!(stats.submitted, stats.ended(), "{executor:?}");
}

/// M3: each item of a map ends once, in its place, whatever becomes of the chunk it is in.
fn every_item_of_a_map_ends(seed: u64) {
    let mut lots = Rng::with_seed(seed);
    let executor = ChaosExecutor::new(lots.usize(1..4), seed);
    let runs = Runs::new(TASKS);
    let mut options = MapOptions::new().chunk_size(lots.usize(1..12)).buffer_size(lots.usize(1..80));
    let is_ordered = lots.bool();
    if !is_ordered {
        options = options.unordered();
    }
    let count = runs.clone();
    let function = move |task| {
        count.note(task);
        task
    };
    let results: Vec<_> = Map::in_process(&executor, options, function, 0..TASKS).collect();
    assert_eq!(results.len(), TASKS, "{executor:?}");
    let mut seen = vec![false; TASKS];
    for (place, result) in results.into_iter().enumerate() {
        if let Ok(task) = result {
            assert!(!is_ordered || task == place, "item {task} in place {place}: {executor:?}");
            assert!(!std::mem::replace(&mut seen[task], true), "item {task} came twice: {executor:?}");
        }
    }
    for (task, seen) in seen.into_iter().enumerate() {
        let ran = runs.of(task);
        assert!(ran <= 1 && (!seen || ran == 1), "item {task} ran {ran} times: {executor:?}");
    }
}

/// X-50 while the executor is ended under its users.
fn every_future_ends_in_a_shutdown(seed: u64) {
    let mut lots = Rng::with_seed(seed);
    let executor = ChaosExecutor::new(lots.usize(1..4), seed);
    let how = match lots.u8(0..3) {
        0 => Shutdown::drain(),
        1 => Shutdown::cancel_pending(),
        _ => Shutdown::kill(LIMIT),
    };
    thread::scope(|scope| {
        let users: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let futures = (0..TASKS as u64).map(|n| executor.submit(|n| n, n));
                    as_completed(futures).filter(Future::done).count()
                })
            })
            .collect();
        (0..lots.u32(0..50)).for_each(|_| thread::yield_now());
        assert!(executor.shutdown(how).is_complete(), "{how:?} {executor:?}");
        for user in users {
            assert_eq!(user.join().unwrap(), TASKS, "{how:?} {executor:?}");
        }
    });
}

#[test]
fn every_future_ends_whatever_the_seed() {
    be_quiet();
    watchdog(LIMIT, "every_future_ends_whatever_the_seed", || (0..400).for_each(every_future_ends));
}

#[test]
fn every_item_of_a_map_ends_whatever_the_seed() {
    be_quiet();
    watchdog(LIMIT, "every_item_of_a_map_ends_whatever_the_seed", || (0..400).for_each(every_item_of_a_map_ends));
}

#[test]
fn every_future_ends_in_a_shutdown_whatever_the_seed() {
    be_quiet();
    watchdog(LIMIT, "every_future_ends_in_a_shutdown_whatever_the_seed", || {
        (0..200).for_each(every_future_ends_in_a_shutdown);
    });
}

/// L7: an executor that loses everything abandons everything.
#[test]
fn what_is_lost_is_abandoned() {
    be_quiet();
    let ways = [
        Mischief { lose: 1, ..Mischief::NONE },
        Mischief { lose_running: 1, ..Mischief::NONE },
        Mischief { panic_before: 1, ..Mischief::NONE },
        Mischief { panic_running: 1, ..Mischief::NONE },
    ];
    watchdog(LIMIT, "what_is_lost_is_abandoned", move || {
        for mischief in ways {
            let executor = ChaosExecutor::with_mischief(2, 1, mischief);
            let futures: Vec<Future<u64>> = (0..20).map(|n| executor.submit(|n| n, n)).collect();
            for future in futures {
                let outcome = future.result();
                assert!(matches!(outcome, Err(TaskError::Abandoned(_))), "{mischief:?}: {outcome:?}");
            }
        }
    });
}

/// M3: with nothing but splits, every item runs once and stands in its place.
#[test]
fn split_chunks_keep_their_order() {
    watchdog(LIMIT, "split_chunks_keep_their_order", || {
        for seed in 0..200 {
            let executor = ChaosExecutor::with_mischief(3, seed, Mischief { split: 1, reorder: 2, ..Mischief::NONE });
            let options = MapOptions::new().chunk_size(9);
            let results: Result<Vec<u64>, _> = executor.map_with(options, |n: u64| n, 0..100).collect();
            assert_eq!(results.unwrap(), (0..100).collect::<Vec<u64>>(), "{executor:?}");
        }
    });
}

/// The seed is what a failing test must tell.
#[test]
fn the_seed_shows() {
    assert!(format!("{:?}", ChaosExecutor::new(1, 4711)).contains("seed: 4711"));
}
