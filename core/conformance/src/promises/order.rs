//! What runs when, and how much of it at the same time. Needs workers.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use concurrent_futures_core::{ExecutorExt, Future, State};

use super::tasks::{announce, pass, pass_and_fail, square};
use crate::{Backend, Gatekeeper};

/// E-10: one worker begins its tasks in the order of their submission.
pub fn tasks_begin_in_the_order_of_submission<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let first = executor.submit(pass, (keeper.gate(), 0));
    keeper.await_arrivals(1);
    let futures: Vec<Future<u64>> = (1..50).map(|n| executor.submit(announce, (keeper.gate(), n))).collect();
    keeper.open();
    assert_eq!(first.result().unwrap(), 0);
    assert!(futures.into_iter().all(|future| future.result().is_ok()));
    assert_eq!(keeper.arrivals(), (0..50).collect::<Vec<u64>>());
}

/// E-09: as many tasks run at the same time as there are workers.
pub fn as_many_tasks_run_as_there_are_workers<B: Backend>(backend: &B) {
    let executor = backend.make(4);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..4).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    keeper.await_arrivals(4);
    assert!(futures.iter().all(Future::running));
    keeper.open();
    assert!(futures.into_iter().all(|future| future.result().is_ok()));
}

/// CPython `test_saturation`, as far as it shows from outside: never more at the same time than there are workers.
pub fn never_more_tasks_run_than_there_are_workers<B: Backend>(backend: &B) {
    let executor = backend.make(3);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..15).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    for let_go in 0..15 {
        keeper.await_arrivals(let_go + 1);
        let arrived = keeper.arrivals();
        assert!(arrived.len() <= let_go + 3, "{} began while {let_go} were let go", arrived.len());
        keeper.open_for(arrived[let_go]);
    }
    assert!(futures.into_iter().all(|future| future.result().is_ok()));
}

/// F-05. Procspawn `pool overload`: running is what a worker has begun, and nothing else.
pub fn running_is_what_a_worker_has_begun<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..10).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    keeper.await_arrivals(2);
    let in_state = |state| futures.iter().filter(|future| future.state() == state).count();
    assert_eq!((in_state(State::Running), in_state(State::Pending)), (2, 8));
    assert!(futures[9].to_string().ends_with("state=pending>"), "{}", futures[9]);
    let running = futures.iter().find(|future| future.running()).expect("two are running");
    assert!(running.to_string().ends_with("state=running>"), "{running}");
    keeper.open();
    assert!(futures.into_iter().all(|future| future.result().is_ok()));
}

/// L3, L4, F-45, F-46: in the order of their addition, before anybody sees that the future is done.
pub fn callbacks_run_in_order_and_before_the_release<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let future = Arc::new(executor.submit(pass, (keeper.gate(), 5)));
    let told = Arc::new(Mutex::new(Vec::new()));
    for n in 0..10 {
        let (told, weak) = (told.clone(), Arc::downgrade(&future));
        future.add_done_callback(move |outcome| {
            let is_done = weak.upgrade().is_some_and(|future| future.done());
            told.lock().unwrap().push((n, outcome.ok().copied(), is_done));
        });
    }
    keeper.open();
    future.wait();
    let expected: Vec<_> = (0..10).map(|n| (n, Some(5), false)).collect();
    assert_eq!(*told.lock().unwrap(), expected);
}

/// L5, F-49. CPython `test_done_callback_raises`: the first callback panics while the future ends.
pub fn a_panicking_callback_stops_neither_the_next_nor_the_release<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let future = executor.submit(pass, (keeper.gate(), 5));
    let told = Arc::new(Mutex::new(Vec::new()));
    for n in 0..4 {
        let note = told.clone();
        future.add_done_callback(move |outcome| {
            note.lock().unwrap().push((n, outcome.ok().copied()));
            assert!(n % 2 != 0, "a callback panics, as this test wants it");
        });
    }
    keeper.open();
    assert_eq!(future.result().unwrap(), 5);
    assert_eq!(*told.lock().unwrap(), [(0, Some(5)), (1, Some(5)), (2, Some(5)), (3, Some(5))]);
    assert_eq!(executor.submit(square, 3).result().unwrap(), 9, "the executor works on");
}

/// E-01, F-31, F-32. CPython `test_result_with_timeout`, `test_exception_with_timeout`: a submit doesn't wait, a bounded
/// wait gives the future back untouched.
pub fn a_wait_that_ends_early_leaves_the_future_untouched<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let future = executor.submit(pass, (keeper.gate(), 5));
    keeper.await_arrivals(1);
    let future = future.try_result().expect_err("nobody opened").into_inner();
    let future = future.result_timeout(Duration::ZERO).expect_err("nobody opened").into_inner();
    let future = future.result_timeout(Duration::from_millis(1)).expect_err("nobody opened").into_inner();
    assert!(!future.wait_timeout(Duration::from_millis(1)) && !future.done());
    keeper.open();
    assert_eq!(future.result().unwrap(), 5);
}

/// CPython `test_result_with_success`, `test_exception_with_success`: who blocks is woken by the end.
pub fn who_blocks_is_woken_by_the_end<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let good = executor.submit(pass, (keeper.gate(), 1));
    let bad = executor.submit_fallible(pass_and_fail, (keeper.gate(), 2));
    keeper.await_arrivals(2);
    let ready = Arc::new(Barrier::new(3));
    let (one, two) = (ready.clone(), ready.clone());
    let value = thread::spawn(move || {
        one.wait();
        good.result()
    });
    let error = thread::spawn(move || {
        two.wait();
        bad.error().map(ToString::to_string)
    });
    ready.wait();
    keeper.open();
    assert_eq!(value.join().unwrap().unwrap(), 1);
    assert_eq!(error.join().unwrap().as_deref(), Some("the task failed: 2 fails"));
}

/// F-34: many threads look at one future, and see the same.
pub fn many_threads_see_the_same_outcome<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let future = executor.submit(pass, (keeper.gate(), 77));
    thread::scope(|scope| {
        let readers: Vec<_> = (0..8).map(|_| scope.spawn(|| *future.get().unwrap())).collect();
        keeper.open();
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() == 77));
    });
}

/// E-13. Loky `thread_safety`: ten threads submit, map and cancel, and each gets what is his.
pub fn ten_threads_share_the_executor<B: Backend>(backend: &B) {
    let executor = backend.make(3);
    thread::scope(|scope| {
        for thread in 0..10 {
            let executor = &executor;
            scope.spawn(move || {
                for round in 0..5 {
                    let n = thread * 100 + round;
                    let kept = executor.submit(square, n);
                    let dropped = executor.submit(square, n + 1);
                    let cancelled = dropped.cancel();
                    let mapped: Result<Vec<u64>, _> = executor.map(square, n..n + 5).collect();
                    assert_eq!(mapped.unwrap(), (n..n + 5).map(square).collect::<Vec<u64>>());
                    assert_eq!(kept.result().unwrap(), n * n);
                    match dropped.result() {
                        Ok(value) => assert!(!cancelled && value == square(n + 1)),
                        Err(error) => assert!(cancelled && error.is_cancelled(), "{error:?}"),
                    }
                }
            });
        }
    });
}

/// once nothing is left, the numbers add up.
pub fn the_numbers_add_up<B: Backend>(backend: &B) {
    use concurrent_futures_core::{Executor, Shutdown};

    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit(pass, (keeper.gate(), 0));
    keeper.await_arrivals(1);
    let cancelled: Vec<bool> = (0..3).map(|n| executor.submit(square, n).cancel()).collect();
    let failing: Vec<Future<u64>> =
        (0..2).map(|n| executor.submit_fallible(pass_and_fail, (keeper.gate(), n))).collect();
    keeper.open();
    assert!(running.result().is_ok() && cancelled.iter().all(|cancelled| *cancelled));
    assert!(failing.iter().all(|future| future.error().is_some()));
    let report = executor.shutdown(Shutdown::drain());
    assert!(report.is_complete(), "{report:?}");
    let stats = executor.stats();
    assert_eq!((stats.submitted, stats.finished, stats.failed, stats.cancelled), (6, 1, 2, 3), "{stats:?}");
    assert_eq!((report.finished, report.cancelled, report.killed, report.abandoned), (3, 3, 0, 0), "{report:?}");
}
