//! `wait`: for the first, for the first failure, for all, for a while. Needs workers.

use std::time::Duration;

use concurrent_futures_core::{AnyFuture, ExecutorExt, Future, ReturnWhen, wait};

use super::tasks::{announce, pass, pass_and_fail, square};
use crate::{Backend, Gatekeeper};

/// W-03. CPython `test_all_completed`.
pub fn all_are_done_when_all_are_waited_for<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let futures = vec![
        executor.submit(square, 1),
        executor.submit_fallible(|n: u64| if n > 0 { Err("no") } else { Ok(n) }, 1),
        executor.submit(square, 2),
    ];
    let waited = wait(futures, ReturnWhen::AllCompleted, None);
    assert_eq!((waited.done.len(), waited.not_done.len()), (3, 0));
    assert!(waited.done.iter().all(Future::done));
}

/// W-04. CPython `test_first_completed`.
pub fn the_first_done_ends_the_wait<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let quick = executor.submit(pass, (keeper.gate(), 1));
    let slow = executor.submit(pass, (keeper.gate(), 2));
    keeper.open_for(1);
    let waited = wait([&quick, &slow], ReturnWhen::FirstCompleted, None);
    assert_eq!(ids(&waited.done), ids(&[&quick]));
    assert_eq!(ids(&waited.not_done), ids(&[&slow]));
    keeper.open();
    assert_eq!(slow.result().unwrap(), 2);
}

fn ids(futures: &[&Future<u64>]) -> Vec<u64> {
    futures.iter().map(|future| future.id().as_u64()).collect()
}

/// W-04. CPython `test_first_completed_some_already_completed`: all that are done come back, at once.
pub fn what_is_done_already_ends_the_wait_at_once<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let (one, two) = (executor.submit(square, 1), executor.submit(square, 2));
    [&one, &two].into_iter().for_each(Future::wait);
    let slow = executor.submit(pass, (keeper.gate(), 3));
    let waited = wait([&slow, &one, &two], ReturnWhen::FirstCompleted, None);
    assert_eq!(ids(&waited.done), ids(&[&one, &two]));
    assert_eq!(ids(&waited.not_done), ids(&[&slow]));
}

/// W-05. CPython `test_first_exception`: the failure ends the wait, what is slow runs on.
pub fn the_first_failure_ends_the_wait<B: Backend>(backend: &B) {
    let executor = backend.make(3);
    let keeper = Gatekeeper::new();
    let fine = executor.submit(square, 1);
    let failing = executor.submit_fallible(pass_and_fail, (keeper.gate(), 1));
    let slow = executor.submit(pass, (keeper.gate(), 2));
    keeper.await_arrivals(2);
    fine.wait();
    keeper.open_for(1);
    let waited = wait([&fine, &failing, &slow], ReturnWhen::FirstException, None);
    assert_eq!(ids(&waited.done), ids(&[&fine, &failing]));
    assert_eq!(ids(&waited.not_done), ids(&[&slow]));
    keeper.open();
    assert_eq!(slow.result().unwrap(), 2);
}

/// W-05. CPython `test_first_exception_some_already_complete`: what has returned and what is cancelled is among the done,
/// and has not ended the wait.
pub fn a_failure_ends_the_wait_whatever_has_ended_before<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let returned = executor.submit(square, 1);
    returned.wait();
    let failing = executor.submit_fallible(pass_and_fail, (keeper.gate(), 1));
    let slow = executor.submit(pass, (keeper.gate(), 2));
    keeper.await_arrivals(2);
    let cancelled = executor.submit(square, 2);
    assert!(cancelled.cancel());
    let all = [&slow, &returned, &cancelled, &failing];
    let early = wait(all, ReturnWhen::FirstException, Duration::from_millis(5));
    assert_eq!(ids(&early.not_done), ids(&[&slow, &failing]), "only the time has ended the wait");
    keeper.open_for(1);
    let waited = wait(all, ReturnWhen::FirstException, None);
    assert_eq!(ids(&waited.done), ids(&[&returned, &cancelled, &failing]));
    assert_eq!(ids(&waited.not_done), ids(&[&slow]));
    assert!(failing.error().is_some());
    keeper.open();
    assert_eq!(slow.result().unwrap(), 2);
}

/// W-05. CPython `test_first_exception_one_already_failed`.
pub fn a_failure_from_before_ends_the_wait_at_once<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let failed = executor.submit(|n: u64| assert!(n == 0, "as this test wants it"), 1);
    assert!(failed.error().is_some());
    let slow = executor.submit(pass, (keeper.gate(), 1));
    let both: [&dyn AnyFuture; 2] = [&failed, &slow];
    let waited = wait(both, ReturnWhen::FirstException, None);
    assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
}

/// W-05: without a failure all are waited for, and a cancelled one is none.
pub fn a_cancelled_future_is_no_failure<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let slow = executor.submit(pass, (keeper.gate(), 1));
    let cancelled = executor.submit(square, 2);
    assert!(cancelled.cancel());
    let early = wait([&slow, &cancelled], ReturnWhen::FirstException, Duration::from_millis(5));
    assert_eq!(ids(&early.not_done), ids(&[&slow]), "the cancelled one did not end the wait, the time did");
    keeper.open();
    let waited = wait([&slow, &cancelled], ReturnWhen::FirstException, None);
    assert_eq!(waited.done.len(), 2);
}

/// W-25. CPython's footgun: there, one that no worker has met is not done for `wait`.
pub fn a_cancelled_future_is_done<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let slow = executor.submit(pass, (keeper.gate(), 1));
    let cancelled = executor.submit(square, 2);
    assert!(cancelled.cancel());
    let waited = wait([&slow, &cancelled], ReturnWhen::FirstCompleted, None);
    assert_eq!(ids(&waited.done), ids(&[&cancelled]));
    keeper.open();
}

/// W-06. CPython `test_timeout`.
pub fn the_time_that_passes_parts_done_from_not_done<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let quick = executor.submit(square, 1);
    quick.wait();
    let slow = executor.submit(pass, (keeper.gate(), 1));
    for timeout in [Duration::ZERO, Duration::from_millis(5)] {
        let waited = wait([&quick, &slow], ReturnWhen::AllCompleted, timeout);
        assert_eq!(ids(&waited.done), ids(&[&quick]));
        assert_eq!(ids(&waited.not_done), ids(&[&slow]));
    }
    keeper.open();
    assert_eq!(slow.result().unwrap(), 1);
}

/// W-08.
pub fn nothing_is_waited_for_at_once<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    drop(executor);
    for when in [ReturnWhen::FirstCompleted, ReturnWhen::FirstException, ReturnWhen::AllCompleted] {
        let waited = wait(Vec::<Future<u64>>::new(), when, None);
        assert!(waited.done.is_empty() && waited.not_done.is_empty());
    }
}

/// W-02. CPython `test_20369`: given twice counts once; with two keys, twice.
pub fn a_future_given_twice_counts_once<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit(square, 1);
    let waited = wait([&future, &future], ReturnWhen::AllCompleted, None);
    assert_eq!(waited.done.len(), 1);
    let waited = wait([("a", &future), ("b", &future)], ReturnWhen::AllCompleted, None);
    assert_eq!(waited.done.len(), 2);
}

/// W-01: futures of several executors, and of several types.
pub fn futures_of_many_executors_and_types_are_waited_for<B: Backend>(backend: &B) {
    let (here, there) = (backend.make(1), backend.make(1));
    let number = here.submit(square, 1);
    let text = there.submit(|n: u64| n.to_string(), 2);
    let both: [&dyn AnyFuture; 2] = [&number, &text];
    assert_eq!(wait(both, ReturnWhen::AllCompleted, None).done.len(), 2);
    assert_eq!((number.result().unwrap(), text.result().unwrap()), (1, "2".to_owned()));
}

/// W-11: any iterator will do, and futures may be given away and come back.
pub fn futures_are_given_away_and_come_back<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let once = std::iter::from_fn({
        let mut n = 0;
        let executor = &executor;
        move || {
            n += 1;
            (n <= 5).then(|| executor.submit(square, n))
        }
    });
    let waited = wait(once, ReturnWhen::AllCompleted, None);
    let values: Vec<u64> = waited.done.into_iter().map(|future| future.result().unwrap()).collect();
    assert_eq!(values, [1, 4, 9, 16, 25]);
}

/// W-09. CPython `test_pending_calls_race`: a hundred tasks let loose at once, while somebody waits for all.
pub fn a_hundred_ends_at_once_are_all_noticed<B: Backend>(backend: &B) {
    let executor = backend.make(4);
    for _ in 0..5 {
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let futures: Vec<Future<u64>> = (0..100).map(|n| executor.submit(pass, (gate, n))).collect();
        keeper.await_arrivals(4);
        let opener = std::thread::spawn(move || keeper.open());
        let waited = wait(futures, ReturnWhen::AllCompleted, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (100, 0));
        opener.join().unwrap();
    }
}

/// Several threads may wait for the same futures.
pub fn many_threads_wait_for_the_same_futures<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..6).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    std::thread::scope(|scope| {
        let waits: Vec<_> = [ReturnWhen::AllCompleted, ReturnWhen::FirstCompleted, ReturnWhen::FirstException]
            .into_iter()
            .map(|when| {
                scope.spawn({
                    let futures = &futures;
                    move || wait(futures, when, None).done.len()
                })
            })
            .collect();
        keeper.open();
        let done: Vec<usize> = waits.into_iter().map(|wait| wait.join().unwrap()).collect();
        assert!(done[0] == 6 && done[1] >= 1 && done[2] == 6, "{done:?}");
    });
    executor.submit(announce, (keeper.gate(), 7)).wait();
}
