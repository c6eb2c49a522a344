//! `cancel`, `abort`, deadlines: what never runs, and what is stopped. Needs workers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use concurrent_futures_core::{DeadlineOf, ExecutorExt, Future, Reason, State, TaskError, TaskOptions};

use super::tasks::{announce, pass, square, until_stopped};
use crate::{Backend, Gatekeeper, LIMIT};

/// An executor whose only worker waits at the gate, with tag 0.
fn busy<B: Backend>(backend: &B) -> (B::Executor, Gatekeeper, Future<u64>) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit(pass, (keeper.gate(), 0));
    keeper.await_arrivals(1);
    (executor, keeper, running)
}

/// L2, F-10. Mpi4py `submit_cancel`; pebble `cancel`.
pub fn cancelled_before_start_never_runs<B: Backend>(backend: &B) {
    let (executor, keeper, running) = busy(backend);
    let waiting: Vec<Future<u64>> = (1..6).map(|n| executor.submit(announce, (keeper.gate(), n))).collect();
    for future in waiting.iter().step_by(2) {
        assert!(future.cancel());
        assert!(future.cancelled() && future.done());
    }
    keeper.open();
    assert_eq!(running.result().unwrap(), 0);
    for (n, future) in (1..).zip(waiting) {
        match future.result() {
            Ok(value) => assert!(value == n && n % 2 == 0),
            Err(error) => assert!(error.is_cancelled() && n % 2 == 1, "{n}: {error:?}"),
        }
    }
    drop(executor);
    assert_eq!(keeper.arrivals(), [0, 2, 4]);
}

/// F-11. CPython `test_cancel`: what runs and what has ended can't be cancelled, and nothing changes.
pub fn what_runs_or_has_ended_is_not_cancelled<B: Backend>(backend: &B) {
    let (_executor, keeper, running) = busy(backend);
    assert!(!running.cancel());
    assert_eq!(running.state(), State::Running);
    keeper.open();
    running.wait();
    assert!(!running.cancel() && !running.cancelled());
    assert_eq!(running.result().unwrap(), 0);
}

/// L4, F-12: cancelling again says true, and tells nobody again.
pub fn cancelling_again_says_true_and_changes_nothing<B: Backend>(backend: &B) {
    let (executor, keeper, _running) = busy(backend);
    let future = executor.submit(square, 1);
    let (tell, hear) = mpsc::channel();
    future.add_done_callback(move |outcome| tell.send(outcome.is_err_and(TaskError::is_cancelled)).unwrap());
    assert!(future.cancel() && future.cancel() && future.canceller().cancel());
    assert_eq!(hear.iter().collect::<Vec<bool>>(), [true]);
    keeper.open();
}

/// F-48. CPython `test_done_callback_with_cancel`; pebble `cancel_callback`: it runs on the thread that cancels.
pub fn a_cancel_runs_the_callbacks_here<B: Backend>(backend: &B) {
    let (executor, keeper, _running) = busy(backend);
    let future = executor.submit(square, 1);
    let (tell, hear) = mpsc::channel();
    future.add_done_callback(move |outcome| {
        tell.send((outcome.is_err_and(TaskError::is_cancelled), thread::current().id())).unwrap();
    });
    assert!(future.cancel());
    assert_eq!(hear.try_recv().unwrap(), (true, thread::current().id()));
    keeper.open();
}

/// F-16: one of many cancellers tells the callbacks, and all hear that it never runs.
pub fn many_cancellers_are_one<B: Backend>(backend: &B) {
    let (executor, keeper, _running) = busy(backend);
    for _ in 0..20 {
        let future = executor.submit(square, 1);
        let told = Arc::new(AtomicUsize::new(0));
        let note = told.clone();
        future.add_done_callback(move |_| {
            note.fetch_add(1, Ordering::SeqCst);
        });
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    assert!(future.cancel());
                });
            }
        });
        future.wait();
        assert_eq!(told.load(Ordering::SeqCst), 1);
    }
    keeper.open();
}

/// F-37. CPython `test_result_with_cancel`: who blocks in `result` is woken by a cancel.
pub fn a_cancel_wakes_who_waits<B: Backend>(backend: &B) {
    let (executor, keeper, _running) = busy(backend);
    let future = executor.submit(square, 1);
    let canceller = future.canceller();
    let (tell, hear) = mpsc::channel();
    let reader = thread::spawn(move || {
        tell.send(()).unwrap();
        future.result()
    });
    hear.recv().unwrap();
    assert!(canceller.cancel());
    assert!(matches!(reader.join().unwrap(), Err(TaskError::Cancelled)));
    keeper.open();
}

/// L2, F-17: a cancel that races with the start: either it ran, or cancel said true; never both, never neither.
pub fn a_cancel_races_with_the_start<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let mut ran = Vec::new();
    for n in 0..200 {
        let future = executor.submit(announce, (keeper.gate(), n));
        let cancelled = future.cancel();
        match future.result() {
            Ok(value) => {
                assert!(!cancelled, "task {n} was cancelled, and ran");
                ran.push(value);
            }
            Err(error) => assert!(cancelled && error.is_cancelled(), "task {n}: {error:?}"),
        }
    }
    drop(executor);
    let mut arrived = keeper.arrivals();
    arrived.sort_unstable();
    assert_eq!(arrived, ran);
}

/// F-80: asked for, a dropped future cancels its task; else it runs on.
pub fn a_future_that_cancels_on_drop_does<B: Backend>(backend: &B) {
    let (executor, keeper, running) = busy(backend);
    drop(executor.submit(announce, (keeper.gate(), 1)).cancel_on_drop());
    drop(executor.submit(announce, (keeper.gate(), 2)));
    drop(executor.submit(announce, (keeper.gate(), 3)).cancel_on_drop().into_inner());
    keeper.open();
    assert_eq!(running.result().unwrap(), 0);
    drop(executor);
    assert_eq!(keeper.arrivals(), [0, 2, 3]);
}

/// `abort` of what waits is a cancel.
pub fn an_abort_of_what_waits_is_a_cancel<B: Backend>(backend: &B) {
    let (executor, keeper, running) = busy(backend);
    let future = executor.submit(announce, (keeper.gate(), 1));
    assert!(future.abort(LIMIT));
    assert!(matches!(future.result(), Err(TaskError::Cancelled)));
    keeper.open();
    assert_eq!(running.result().unwrap(), 0);
    drop(executor);
    assert_eq!(keeper.arrivals(), [0]);
}

/// F-13, F-14: a running task that looks is told to stop, and what it returns then counts as cancelled.
pub fn an_abort_reaches_a_task_that_looks<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let future = executor.submit_fallible(until_stopped, (keeper.gate(), 1));
    keeper.await_arrivals(1);
    future.abort(LIMIT);
    match future.result() {
        Err(TaskError::Cancelled) => {}
        other => panic!("it was told to stop, and looked: {other:?}"),
    }
    assert_eq!(executor.submit(square, 3).result().unwrap(), 9);
}

/// F-13. Pebble `cancel`, `stop_cancel`: abort's answer is kept. True: it is stopped, whatever it does. False: it runs to
/// its end. The task behind it runs either way.
pub fn the_answer_of_an_abort_is_kept<B: Backend>(backend: &B) {
    let (executor, keeper, running) = busy(backend);
    let behind = executor.submit(square, 3);
    if running.abort(Duration::ZERO) {
        assert!(matches!(running.result(), Err(TaskError::Cancelled)));
        assert_eq!(behind.result().unwrap(), 9);
    } else {
        assert!(!running.done());
        keeper.open();
        assert_eq!(running.result().unwrap(), 0);
        assert_eq!(behind.result().unwrap(), 9);
    }
}

/// An abort of what has ended changes nothing.
pub fn an_abort_of_what_has_ended_says_false<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit(square, 2);
    future.wait();
    let canceller = future.canceller();
    assert!(!future.abort(Duration::ZERO) && !canceller.abort(Duration::ZERO) && !canceller.cancel());
    assert_eq!(future.result().unwrap(), 4);
    drop(executor);
    assert!(!canceller.cancel(), "nobody holds the task any more");
}

/// P-70. Pebble `timeout`, `timeout_callback`, `stop_timeout`: a deadline ends the future, or is refused; never ignored.
pub fn a_deadline_is_kept_or_refused<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let limit = Duration::from_millis(20);
    let options = TaskOptions::new().deadline(limit).label("slow");
    let future = executor.submit_with(options, pass, (keeper.gate(), 1));
    let (tell, hear) = mpsc::channel();
    future.add_done_callback(move |outcome| tell.send(outcome.err().map(TaskError::name)).unwrap());
    future.wait();
    assert_eq!(hear.recv().unwrap(), future.error().map(TaskError::name));
    match future.result() {
        Err(TaskError::DeadlineExceeded(error)) => {
            assert_eq!((error.of(), error.limit()), (DeadlineOf::Task, limit));
            assert!(error.to_string().contains("`slow`"), "{error}");
        }
        Err(TaskError::Rejected(rejected)) => {
            assert_eq!(rejected.reason(), &Reason::Unsupported { option: "deadline" });
            assert!(keeper.arrivals().is_empty());
        }
        other => panic!("it was late: {other:?}"),
    }
    keeper.open();
    assert_eq!(executor.submit(square, 3).result().unwrap(), 9);
}

/// P-70: the deadline counts from the start, not from the submit.
pub fn a_deadline_counts_from_the_start<B: Backend>(backend: &B) {
    let (executor, keeper, running) = busy(backend);
    let limit = LIMIT / 2;
    let waiting = executor.submit_with(TaskOptions::new().deadline(limit), square, 3);
    // If it counted from the submit, this would make it late.
    assert!(!running.wait_timeout(Duration::from_millis(20)));
    keeper.open();
    match waiting.result() {
        Ok(value) => assert_eq!(value, 9),
        Err(TaskError::Rejected(rejected)) => {
            assert_eq!(rejected.reason(), &Reason::Unsupported { option: "deadline" });
        }
        Err(error) => panic!("{error:?}"),
    }
}
