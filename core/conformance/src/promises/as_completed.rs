//! `as_completed`: each future as it ends. Needs workers.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use concurrent_futures_core::{AnyFuture, ExecutorExt, Future, as_completed};

use super::tasks::{Mortal, pass, pass_and_fail, square};
use crate::{Backend, Gate, Gatekeeper};

/// W-26. CPython `test_no_timeout`: those that fail and those that are cancelled are yielded like the others.
pub fn every_future_is_yielded_once<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    keeper.open();
    let futures: Vec<Future<u64>> = (0..50)
        .map(|n| match n % 5 {
            0 => executor.submit_fallible(pass_and_fail, (keeper.gate(), n)),
            _ => executor.submit(square, n),
        })
        .collect();
    let cancelled = (0..50).filter(|n| n % 7 == 1 && futures[*n].cancel()).count();
    let (mut values, mut failed) = (Vec::new(), 0);
    for future in as_completed(&futures) {
        assert!(future.done());
        match future.get() {
            Ok(value) => values.push(*value),
            Err(_) => failed += 1,
        }
    }
    let (ended_well, distinct) = (values.len(), values.into_iter().collect::<HashSet<u64>>().len());
    assert_eq!((ended_well, ended_well + failed), (distinct, 50));
    assert!((10..=10 + cancelled).contains(&failed), "{failed} failed, {cancelled} were cancelled");
}

/// W-26: in the order of their ends.
pub fn futures_come_in_the_order_of_their_ends<B: Backend>(backend: &B) {
    let executor = backend.make(4);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..4).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    keeper.await_arrivals(4);
    let mut completed = as_completed(&futures);
    for n in [2, 0, 3, 1] {
        keeper.open_for(n);
        assert_eq!(completed.next().unwrap().get().unwrap(), &n);
    }
    assert!(completed.next().is_none());
}

/// W-26: those that are done already come first.
pub fn what_is_done_already_comes_first<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let slow = executor.submit(pass, (keeper.gate(), 0));
    let done: Vec<Future<u64>> = (1..5).map(|n| executor.submit(square, n)).collect();
    done.iter().for_each(Future::wait);
    let mut completed = as_completed(std::iter::once(&slow).chain(&done));
    for future in completed.by_ref().take(4) {
        assert_ne!(future.id(), slow.id());
    }
    keeper.open();
    assert_eq!(completed.next().unwrap().id(), slow.id());
}

/// W-27. CPython `test_duplicate_futures`.
pub fn a_future_given_twice_is_yielded_once<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit(square, 1);
    assert_eq!(as_completed([&future, &future]).count(), 1);
    assert_eq!(as_completed([("a", &future), ("b", &future)]).count(), 2);
}

/// W-29. CPython `test_free_reference_yielded_future`: with a bound of nothing, and while others are not done.
pub fn what_was_yielded_is_not_kept<B: Backend>(backend: &B) {
    fn pass_and_give((gate, n): (Gate, u64)) -> Mortal {
        gate.pass(n);
        Mortal::new(n)
    }
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let mut completed = as_completed((0..4).map(|n| executor.submit(pass_and_give, (keeper.gate(), n))));
    for n in 0..4 {
        keeper.open_for(n);
        let future = match completed.next_timeout(Duration::ZERO) {
            Ok(future) => future.expect("it is not the end"),
            Err(_) => completed.next().expect("it is not the end"),
        };
        let life = Arc::downgrade(&future.get().unwrap().life);
        drop(future);
        // The worker that has just released it may hold the task for one moment more.
        while life.upgrade().is_some() {
            thread::yield_now();
        }
    }
    assert!(completed.next().is_none());
}

/// W-28. CPython `test_future_times_out`, `test_correct_timeout_exception_msg`: exactly what is done comes, and the rest is
/// counted.
pub fn a_bounded_wait_yields_what_is_done_and_counts_the_rest<B: Backend>(backend: &B) {
    let executor = backend.make(4);
    let keeper = Gatekeeper::new();
    let quick: Vec<Future<u64>> = (0..2).map(|n| executor.submit(square, n)).collect();
    quick.iter().for_each(Future::wait);
    let slow: Vec<Future<u64>> = (0..2).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    for timeout in [Duration::ZERO, Duration::from_millis(5)] {
        let mut completed = as_completed(quick.iter().chain(&slow));
        for _ in 0..2 {
            let future = completed.next_timeout(timeout).expect("two are done").expect("two are left");
            assert!(future.done());
        }
        let timed_out = completed.next_timeout(timeout).expect_err("nobody opened the gate");
        assert_eq!(timed_out.into_inner(), 2, "of four futures two are not done");
        assert_eq!(completed.remaining(), 2);
    }
    keeper.open();
    assert!(slow.into_iter().all(|future| future.result().is_ok()));
}

/// W-28: after a wait that ended early the iteration goes on.
pub fn a_bounded_wait_that_ends_early_loses_nothing<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let mut completed = as_completed([executor.submit(pass, (keeper.gate(), 3))]);
    assert!(completed.next_timeout(Duration::ZERO).is_err());
    assert!(completed.next_timeout(Duration::from_millis(1)).is_err());
    keeper.open();
    assert_eq!(completed.next().unwrap().result().unwrap(), 3);
    assert!(completed.next_timeout(Duration::ZERO).expect("the end is no timeout").is_none());
}

/// W-25: a cancelled future is done at once, though no worker has met it.
pub fn a_cancelled_future_is_yielded<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let slow = executor.submit(pass, (keeper.gate(), 1));
    let waiting = executor.submit(square, 2);
    let mut completed = as_completed([&slow, &waiting]);
    assert!(waiting.cancel());
    assert_eq!(completed.next().unwrap().id(), waiting.id());
    keeper.open();
    assert_eq!(completed.next().unwrap().id(), slow.id());
}

/// W-31: more futures may be added while it runs. CPython has no such thing.
pub fn futures_are_added_on_the_way<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let mut completed = as_completed([executor.submit(square, 2)]);
    let mut seen = Vec::new();
    while let Some(future) = completed.next() {
        let value = future.result().unwrap();
        seen.push(value);
        if value < 1000 {
            completed.push(executor.submit(square, value));
        }
    }
    assert_eq!(seen, [4, 16, 256, 65536]);
}

/// W-30: what is left can be taken back, and is as it was.
pub fn what_is_left_is_taken_back<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    keeper.open_for(0);
    let mut completed = as_completed((0..3).map(|n| executor.submit(pass, (keeper.gate(), n))));
    assert_eq!(completed.next().unwrap().result().unwrap(), 0);
    let left = completed.into_remaining();
    keeper.open();
    let mut values: Vec<u64> = left.into_iter().map(|future| future.result().unwrap()).collect();
    values.sort_unstable();
    assert_eq!(values, [1, 2]);
}

/// W-30: an iteration that is given up leaves the futures alone.
pub fn giving_up_leaves_the_futures_alone<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..4).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    for _ in 0..3 {
        let mut completed = as_completed(&futures);
        assert!(completed.next_timeout(Duration::ZERO).is_err());
    }
    keeper.open();
    assert_eq!(as_completed(&futures).count(), 4);
}

/// W-01: futures of several executors and types, and keyed.
pub fn futures_of_many_executors_and_types_are_yielded<B: Backend>(backend: &B) {
    let (here, there) = (backend.make(1), backend.make(1));
    let number = here.submit(square, 1);
    let text = there.submit(|n: u64| n.to_string(), 2);
    let both: [(&str, &dyn AnyFuture); 2] = [("number", &number), ("text", &text)];
    let mut keys: Vec<&str> = as_completed(both).map(|(key, _)| key).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["number", "text"]);
}
