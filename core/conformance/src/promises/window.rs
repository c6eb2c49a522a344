//! `map` while its tasks run: what begins when, what a deadline ends, what a drop cancels. Needs workers.

use std::time::{Duration, Instant};

use concurrent_futures_core::{DeadlineOf, ExecutorExt, Future, MapOptions, TaskError};

use super::tasks::{announce, pass, square, until_stopped};
use crate::{Backend, Gate, Gatekeeper, LIMIT};

/// Occupies `workers` workers until their gate opens.
fn occupy<B: Backend>(executor: &B::Executor, keeper: &Gatekeeper, workers: usize) -> Vec<Future<u64>> {
    let futures = (0..workers).map(|_| executor.submit(pass, (keeper.gate(), 1000))).collect();
    keeper.await_arrivals(workers);
    futures
}

/// W-12. CPython `test_map_submits_without_iteration`: the tasks run though nobody iterates.
pub fn tasks_run_before_anybody_iterates<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    let results = executor.map(announce, (0..10).map(|n| (gate, n)));
    keeper.await_arrivals(10);
    assert_eq!(results.count(), 10);
}

/// W-12, M2: a slow item doesn't keep those behind it from running.
pub fn a_slow_item_holds_nobody_up<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    (1..20).for_each(|n| keeper.open_for(n));
    let results = executor.map_with(MapOptions::new().chunk_size(1), pass, (0..20).map(|n| (gate, n)));
    keeper.await_arrivals(20);
    keeper.open_for(0);
    let values: Result<Vec<u64>, _> = results.collect();
    assert_eq!(values.unwrap(), (0..20).collect::<Vec<u64>>());
}

/// W-23. Mpi4py `map_unordered`: what is done is yielded, whoever is slow.
pub fn unordered_yields_what_is_done<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    (1..6).for_each(|n| keeper.open_for(n));
    let options = MapOptions::new().unordered().chunk_size(1);
    let mut results = executor.map_with(options, pass, (0..6).map(|n| (gate, n)));
    let mut quick: Vec<u64> = results.by_ref().take(5).map(Result::unwrap).collect();
    quick.sort_unstable();
    assert_eq!(quick, [1, 2, 3, 4, 5]);
    keeper.open();
    assert_eq!(results.next().unwrap().unwrap(), 0);
    assert!(results.next().is_none());
}

/// M5, W-14. CPython `test_map_timeout`; pebble `map_timeout`: what is late is late, and then the map ends.
pub fn a_late_item_yields_deadline_exceeded<B: Backend>(backend: &B) {
    let executor = backend.make(3);
    executor.submit(square, 1).wait();
    for options in [MapOptions::new(), MapOptions::new().unordered()] {
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        keeper.open_for(0);
        keeper.open_for(1);
        let options = options.deadline(Duration::from_millis(100));
        let mut results = executor.map_with(options, pass, (0..3).map(|n| (gate, n)));
        let mut late = 0;
        for n in 0..3 {
            match results.next().expect("every item that was pulled yields something") {
                Ok(value) => assert!(value < 2, "nobody opened for {value}"),
                Err(TaskError::DeadlineExceeded(error)) => {
                    assert_eq!((error.of(), error.limit()), (DeadlineOf::Map, Duration::from_millis(100)));
                    late += 1;
                }
                Err(error) => panic!("item {n}: {error:?}"),
            }
        }
        assert!(late >= 1, "one could not be in time");
        assert!(results.next().is_none() && results.next().is_none());
    }
}

/// M5, W-14. CPython `test_executor_map_current_future_cancel`: what the deadline finds waiting never runs, the item that
/// is waited for included, and each of them says why.
pub fn what_waits_at_the_deadline_never_runs<B: Backend>(backend: &B) {
    for (chunk, limit) in [(1, 20), (4, 20), (1, 0), (4, 0)] {
        let executor = backend.make(2);
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let busy = occupy::<B>(&executor, &keeper, 2);
        let options = MapOptions::new().deadline(Duration::from_millis(limit)).chunk_size(chunk);
        let results: Vec<_> = executor.map_with(options, announce, (0..10).map(|n| (gate, n))).collect();
        let least = if limit == 0 { 1 } else { 10 };
        assert!((least..=10).contains(&results.len()), "{} in chunks of {chunk}", results.len());
        for (n, result) in results.iter().enumerate() {
            let is_late = matches!(result, Err(TaskError::DeadlineExceeded(_)));
            assert!(is_late, "item {n} in chunks of {chunk}: {result:?}");
        }
        keeper.open();
        busy.into_iter().for_each(|future| assert!(future.result().is_ok()));
        executor.submit(square, 2).wait();
        drop(executor);
        assert_eq!(keeper.arrivals(), [1000, 1000], "in chunks of {chunk}");
    }
}

/// M5: unordered, the same.
pub fn what_waits_at_the_deadline_never_runs_unordered<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    let busy = occupy::<B>(&executor, &keeper, 1);
    let options = MapOptions::new().deadline(Duration::from_millis(20)).unordered();
    let results: Vec<_> = executor.map_with(options, announce, (0..10).map(|n| (gate, n))).collect();
    let late = results.iter().filter(|result| matches!(result, Err(TaskError::DeadlineExceeded(_)))).count();
    assert_eq!((results.len(), late), (10, 10), "{results:?}");
    keeper.open();
    busy.into_iter().for_each(|future| assert!(future.result().is_ok()));
    drop(executor);
    assert_eq!(keeper.arrivals(), [1000]);
}

/// M5: an item that runs is stopped, as an abort without grace stops it: where its worker can't be ended, the item sees
/// that it was asked. So the executor ends too.
pub fn the_deadline_of_a_map_ends_what_runs<B: Backend>(backend: &B) {
    let limit = Duration::from_millis(50);
    for options in [MapOptions::new(), MapOptions::new().unordered(), MapOptions::new().chunk_size(3)] {
        let executor = backend.make(2);
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let options = options.deadline(limit);
        let results = executor.map_fallible_with(options.clone(), until_stopped, (0..6).map(|n| (gate, n)));
        // Nobody looks whether the deadline has passed before both run.
        keeper.await_arrivals(2);
        let results: Vec<_> = results.collect();
        assert_eq!(results.len(), 6, "{options:?}");
        for (n, result) in results.iter().enumerate() {
            let Err(TaskError::DeadlineExceeded(error)) = result else { panic!("item {n}, {options:?}: {result:?}") };
            assert_eq!((error.of(), error.limit()), (DeadlineOf::Map, limit));
        }
        assert_eq!(executor.submit(square, 3).result().unwrap(), 9, "{options:?}");
        drop(executor);
        assert_eq!(keeper.arrivals().len(), 2, "what had not begun never runs, {options:?}");
    }
}

/// M5: after the deadline nothing more is pulled, so an endless input ends.
pub fn a_deadline_ends_an_endless_input<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    let options = MapOptions::new().deadline(Duration::from_millis(20)).buffer_size(5);
    let results: Vec<_> = executor.map_with(options, pass, (0..).map(|n| (gate, n))).collect();
    assert!(!results.is_empty() && results.len() <= 5, "{} items", results.len());
    assert!(results.iter().all(Result::is_err));
    keeper.open();
}

/// M5: where only input is left that was never pulled, one item says so; collected, the map is no success.
pub fn a_deadline_never_looks_like_success<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    for options in [MapOptions::new(), MapOptions::new().unordered(), MapOptions::new().chunk_size(2)] {
        let nothing: Result<Vec<u64>, TaskError> =
            executor.map_with(options.clone().deadline(Duration::ZERO), square, 0..10).collect();
        assert!(matches!(nothing, Err(TaskError::DeadlineExceeded(_))), "{nothing:?}");

        let limit = Duration::from_millis(300);
        let begun = Instant::now();
        let mut results = executor.map_with(options.deadline(limit).buffer_size(2), square, 0..);
        let mut last = results.next().expect("there is always more");
        while begun.elapsed() <= limit {
            std::thread::yield_now();
        }
        for result in results.by_ref() {
            last = result;
        }
        assert!(matches!(last, Err(TaskError::DeadlineExceeded(_))), "{last:?}");
        assert!(results.next().is_none());
    }
    let empty: Result<Vec<u64>, TaskError> =
        executor.map_with(MapOptions::new().deadline(Duration::ZERO), square, []).collect();
    assert!(empty.unwrap().is_empty(), "of no input none is left");
}

/// M4, W-16. CPython `test_map_close`: dropping the results cancels what has not begun, with chunks as well.
pub fn dropping_the_results_cancels_what_has_not_begun<B: Backend>(backend: &B) {
    for chunk in [1, 3] {
        let executor = backend.make(1);
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let results = executor.map_with(MapOptions::new().chunk_size(chunk), pass, (0..12).map(|n| (gate, n)));
        keeper.await_arrivals(1);
        drop(results);
        keeper.open();
        assert_eq!(executor.submit(square, 3).result().unwrap(), 9);
        drop(executor);
        assert_eq!(keeper.arrivals(), [0], "in chunks of {chunk}");
    }
}

/// W-16: breaking out of the loop is a drop.
pub fn leaving_the_loop_cancels_the_rest<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    keeper.open_for(0);
    let results = executor.map_with(MapOptions::new().chunk_size(1), pass, (0..100).map(|n| (gate, n)));
    for result in results {
        // What is begun by now may go on; nobody opens for what comes then.
        keeper.await_arrivals(2);
        if result.unwrap() == 0 {
            break;
        }
    }
    keeper.open();
    drop(executor);
    assert_eq!(keeper.arrivals(), [0, 1]);
}

/// A task's own deadline ends its item and no other, where the executor has deadlines.
pub fn a_tasks_own_deadline_ends_its_item_only<B: Backend>(backend: &B) {
    use concurrent_futures_core::{Reason, TaskOptions};

    fn pass_if_odd((gate, n): (Gate, u64)) -> u64 {
        if !n.is_multiple_of(2) {
            gate.pass(n);
        }
        n
    }
    let executor = backend.make(4);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    let options = MapOptions::new().task(TaskOptions::new().deadline(Duration::from_millis(300)));
    for (n, result) in (0..).zip(executor.map_with(options, pass_if_odd, (0..4).map(|n| (gate, n)))) {
        match result {
            Ok(value) => assert!(value == n && n.is_multiple_of(2), "item {n} gave {value}"),
            Err(TaskError::DeadlineExceeded(error)) => assert_eq!(error.of(), DeadlineOf::Task),
            Err(TaskError::Rejected(rejected)) => {
                assert_eq!(rejected.reason(), &Reason::Unsupported { option: "deadline" });
            }
            Err(error) => panic!("item {n}: {error:?}"),
        }
    }
    keeper.open();
}

/// W-14: what the deadline let pass is yielded, though it is asked for later.
pub fn what_was_in_time_is_yielded_after_the_deadline<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    let options = MapOptions::new().deadline(LIMIT);
    let results = executor.map_with(options, announce, (0..10).map(|n| (gate, n)));
    keeper.await_arrivals(10);
    assert_eq!(results.filter(Result::is_ok).count(), 10);
}
