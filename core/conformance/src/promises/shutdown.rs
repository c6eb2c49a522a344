//! How an executor ends when nobody is in a hurry: drain, cancel what waits, drop. Needs workers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use concurrent_futures_core::{
    Executor, ExecutorExt, Future, MapOptions, Reason, ReturnWhen, Shutdown, TaskError, wait,
};

use super::tasks::{announce, pass, square};
use crate::{Backend, Gatekeeper};

pub(super) fn is_refused<T>(outcome: &Result<T, TaskError>) -> bool {
    matches!(outcome, Err(TaskError::Rejected(rejected)) if rejected.reason() == &Reason::ShutDown)
}

/// E-03. CPython `test_run_after_shutdown`: the future is refused at once, and says why.
pub fn a_submit_after_a_shutdown_is_refused<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    executor.shutdown(Shutdown::drain());
    let future = executor.submit(square, 1);
    assert!(future.done(), "{future}");
    assert!(is_refused(&future.result()));
    let callback_told = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let future = executor.submit(square, 1);
    let note = callback_told.clone();
    future.add_done_callback(move |_| note.store(true, std::sync::atomic::Ordering::SeqCst));
    assert!(callback_told.load(std::sync::atomic::Ordering::SeqCst));
    assert!(future.error().is_some());
}

/// E-03. Pebble `map_broken_pool`: a map after a shutdown refuses every item, and ends.
pub fn a_map_after_a_shutdown_is_refused<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    executor.shutdown(Shutdown::drain());
    for options in [MapOptions::new(), MapOptions::new().chunk_size(3), MapOptions::new().unordered()] {
        let results: Vec<_> = executor.map_with(options, square, 0..10).collect();
        assert_eq!(results.len(), 10);
        assert!(results.iter().all(is_refused), "{results:?}");
    }
}

/// S-01, S-09. CPython `test_hang_issue12364`; pebble `close_futures`: a drain ends when all is done.
pub fn a_drain_runs_all_that_was_taken<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let futures: Vec<Future<u64>> = (0..50).map(|n| executor.submit(square, n)).collect();
    let report = executor.shutdown(Shutdown::drain());
    assert!(report.is_complete(), "{report:?}");
    assert!(futures.iter().all(Future::done));
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result().unwrap(), n * n);
    }
}

/// S-06. CPython `test_shutdown_race_issue12456`: one call more than there are workers, and an end at once.
pub fn a_drain_right_after_the_submits_ends<B: Backend>(backend: &B) {
    for _ in 0..5 {
        let executor = backend.make(2);
        let futures: Vec<Future<u64>> = (0..3).map(|n| executor.submit(square, n)).collect();
        executor.shutdown(Shutdown::drain());
        assert!(futures.into_iter().all(|future| future.result().is_ok()));
    }
}

/// S-07. CPython `test_hang_gh94440`; mpi4py `submit_shutdown_cancel_wait`: submit, cancel, drain, in this order or another.
pub fn a_drain_passes_over_what_was_cancelled<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit(pass, (keeper.gate(), 0));
    keeper.await_arrivals(1);
    let cancelled: Vec<Future<u64>> = (0..4).map(|n| executor.submit(square, n)).collect();
    assert!(cancelled[..2].iter().all(Future::cancel));
    assert!(!executor.shutdown(Shutdown::drain().within(Duration::ZERO)).is_complete());
    assert!(cancelled.iter().all(Future::cancel), "a drain forbids no cancel");
    keeper.open();
    let report = executor.shutdown(Shutdown::drain());
    assert!(report.is_complete() && (report.finished, report.cancelled) == (1, 4), "{report:?}");
    assert!(running.result().is_ok());
}

/// An executor that was never used ends as well.
pub fn an_unused_executor_ends<B: Backend>(backend: &B) {
    for how in [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(Duration::ZERO)] {
        assert!(backend.make(3).shutdown(how).is_complete(), "{how:?}");
    }
    drop(backend.make(3));
}

/// S-02. CPython `test_shutdown_no_wait`; loky the same: nobody waits, new work is refused, the old is done.
pub fn a_shutdown_that_does_not_wait_goes_on<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..5).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    let report = executor.shutdown(Shutdown::drain().within(Duration::ZERO));
    assert!(!report.is_complete(), "{report:?}");
    assert_eq!(report.still_running + report.still_pending, 5, "{report:?}");
    assert!(is_refused(&executor.submit(square, 1).result()));
    keeper.open();
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result().unwrap(), n);
    }
    assert!(executor.shutdown(Shutdown::drain()).is_complete());
}

/// S-02. CPython `test_shutdown_no_wait`, which reads a map: what it has submitted is done, with chunks or without.
pub fn a_map_outlives_a_shutdown_that_does_not_wait<B: Backend>(backend: &B) {
    for chunk in [1, 4] {
        let executor = backend.make(2);
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let results = executor.map_with(MapOptions::new().chunk_size(chunk), pass, (0..10).map(|n| (gate, n)));
        keeper.await_arrivals(2);
        assert!(!executor.shutdown(Shutdown::drain().within(Duration::ZERO)).is_complete());
        keeper.open();
        let values: Result<Vec<u64>, _> = results.collect();
        assert_eq!(values.unwrap(), (0..10).collect::<Vec<u64>>(), "in chunks of {chunk}");
    }
}

/// S-12. Pebble `join_futures_timeout`: the time bounds the caller, and nothing else.
pub fn a_bounded_shutdown_never_escalates<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..3).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    for how in [Shutdown::drain(), Shutdown::drain().within(Duration::from_secs(1))] {
        let report = executor.shutdown(how.within(Duration::from_millis(5)));
        assert!(!report.is_complete(), "{report:?}");
    }
    assert!(futures.iter().all(|future| !future.done()));
    keeper.open();
    assert!(futures.into_iter().all(|future| future.result().is_ok()));
}

/// S-03. Mpi4py `shutdown`: any sequence is allowed, and a later one that waits really waits.
pub fn shutdowns_may_be_repeated<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..4).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    keeper.await_arrivals(1);
    executor.shutdown(Shutdown::drain().within(Duration::ZERO));
    executor.shutdown(Shutdown::drain().within(Duration::ZERO));
    executor.shutdown(Shutdown::cancel_pending().within(Duration::ZERO));
    assert_eq!(wait(&futures[1..], ReturnWhen::AllCompleted, None).done.len(), 3);
    assert!(futures[1..].iter().all(Future::cancelled) && !futures[0].done());
    keeper.open();
    for _ in 0..2 {
        assert!(executor.shutdown(Shutdown::drain()).is_complete());
        assert!(futures[0].done());
    }
    assert!(executor.shutdown(Shutdown::kill(Duration::ZERO)).is_complete());
}

/// S-04. CPython `test_cancel_futures`; mpi4py `submit_shutdown_cancel`: what waits is cancelled, what runs ends.
pub fn cancel_pending_cancels_what_waits_and_awaits_what_runs<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..50).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    keeper.await_arrivals(2);
    thread::scope(|scope| {
        let report = scope.spawn(|| executor.shutdown(Shutdown::cancel_pending()));
        let waited = wait(&futures, ReturnWhen::AllCompleted, Duration::from_millis(1));
        assert!(waited.not_done.len() >= 2, "two are at the gate");
        futures[49].wait();
        assert!(futures[49].cancelled());
        keeper.open();
        let report = report.join().unwrap();
        assert!(report.is_complete(), "{report:?}");
        assert_eq!((report.finished, report.cancelled), (2, 48), "{report:?}");
    });
    let cancelled = futures.iter().filter(|future| future.cancelled()).count();
    assert_eq!(cancelled, 48);
    assert_eq!(futures.into_iter().filter_map(|future| future.result().ok()).count(), 2);
    assert_eq!(keeper.arrivals().len(), 2);
}

/// F-37, S-04: who waits for a task is woken when a shutdown cancels it.
pub fn cancel_pending_wakes_who_waits<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit(pass, (keeper.gate(), 0));
    keeper.await_arrivals(1);
    let waiting = executor.submit(square, 1);
    let reader = thread::spawn(move || waiting.result());
    executor.shutdown(Shutdown::cancel_pending().within(Duration::ZERO));
    assert!(matches!(reader.join().unwrap(), Err(TaskError::Cancelled)));
    keeper.open();
    assert_eq!(running.result().unwrap(), 0);
}

/// S-04. Pebble `map_cancel`: what a map has waiting is cancelled, item by item, and then it ends.
pub fn cancel_pending_ends_a_map<B: Backend>(backend: &B) {
    for options in [MapOptions::new().chunk_size(1), MapOptions::new().chunk_size(1).unordered()] {
        let executor = backend.make(1);
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let results = executor.map_with(options, pass, (0..10).map(|n| (gate, n)));
        keeper.await_arrivals(1);
        executor.shutdown(Shutdown::cancel_pending().within(Duration::ZERO));
        keeper.open();
        let (mut values, mut cancelled) = (Vec::new(), 0);
        for result in results {
            match result {
                Ok(value) => values.push(value),
                Err(TaskError::Cancelled) => cancelled += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!((values, cancelled), (vec![0], 9));
        assert_eq!(keeper.arrivals(), [0]);
    }
}

/// S-04: the items that a running chunk has not begun are tasks that wait.
pub fn cancel_pending_cancels_what_a_chunk_has_not_begun<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    let results = executor.map_with(MapOptions::new().chunk_size(10), pass, (0..10).map(|n| (gate, n)));
    keeper.await_arrivals(1);
    executor.shutdown(Shutdown::cancel_pending().within(Duration::ZERO));
    keeper.open();
    let outcomes: Vec<_> = results.collect();
    assert_eq!(outcomes[0].as_ref().ok(), Some(&0), "it had begun");
    assert!(outcomes[1..].iter().all(|outcome| matches!(outcome, Err(TaskError::Cancelled))), "{outcomes:?}");
    let report = executor.shutdown(Shutdown::drain());
    assert_eq!((outcomes.len(), report.finished, report.cancelled), (10, 1, 9), "{report:?}");
    assert_eq!(keeper.arrivals(), [0]);
}

/// E-16, E-17. CPython `test_context_manager_shutdown`, `test_del_shutdown`: dropping the executor is a drain.
pub fn dropping_the_executor_runs_all_that_was_taken<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let futures: Vec<Future<u64>> = (0..30).map(|n| executor.submit(square, n)).collect();
    drop(executor);
    assert!(futures.iter().all(Future::done));
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result().unwrap(), n * n);
    }
}

/// S-02: after an explicit shutdown a drop waits no more.
pub fn a_drop_after_a_shutdown_does_not_wait<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit(pass, (keeper.gate(), 3));
    keeper.await_arrivals(1);
    executor.shutdown(Shutdown::drain().within(Duration::ZERO));
    drop(executor);
    assert!(!running.done());
    keeper.open();
    assert_eq!(running.result().unwrap(), 3);
}

/// E-16: a panic on its way through the executor's scope is not swallowed, and what waits is cancelled for it.
pub fn a_drop_while_panicking_cancels_what_waits<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit(pass, (keeper.gate(), 0));
    keeper.await_arrivals(1);
    let waiting = executor.submit(announce, (keeper.gate(), 1));
    let opener = thread::spawn({
        // The drop waits for what runs: it is let go once what waits is seen to be cancelled.
        let canceller = waiting.canceller();
        move || {
            waiting.wait();
            let told = canceller.cancel();
            keeper.open();
            (waiting.cancelled(), told, keeper)
        }
    });
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _executor = executor;
        std::panic::resume_unwind(Box::new("a failing program"));
    }));
    assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"a failing program"));
    let (cancelled, told, keeper) = opener.join().unwrap();
    assert!(cancelled && told);
    assert_eq!(running.result().unwrap(), 0);
    assert_eq!(keeper.arrivals(), [0]);
}

/// S-03: many threads shut down at the same time, and each returns when all is done.
pub fn many_threads_shut_down_at_once<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let futures: Vec<Future<u64>> = (0..20).map(|n| executor.submit(square, n)).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert!(executor.shutdown(Shutdown::drain()).is_complete());
                assert!(futures.iter().all(Future::done));
            });
        }
    });
    assert!(futures.into_iter().all(|future| future.result().is_ok()));
}

/// submits that race with a shutdown end, with a value or with a refusal.
pub fn a_submit_races_with_the_shutdown<B: Backend>(backend: &B) {
    for how in [Shutdown::drain(), Shutdown::cancel_pending()] {
        let executor = backend.make(2);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for n in 0..100 {
                        match executor.submit(square, n).result() {
                            Ok(value) => assert_eq!(value, n * n),
                            Err(TaskError::Cancelled) => assert_eq!(how, Shutdown::cancel_pending()),
                            outcome => assert!(is_refused(&outcome), "{outcome:?}"),
                        }
                    }
                });
            }
            executor.submit(square, 1).wait();
            assert!(executor.shutdown(how).is_complete());
        });
    }
}
