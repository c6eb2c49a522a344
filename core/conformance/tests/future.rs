//! A future by itself, without a backend: what each call says in each state. CPython's `test_future`.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use concurrent_futures_conformance::{LIMIT, ManualExecutor, watchdog};
use concurrent_futures_core::{
    Abandoned, AnyFuture, Executor, Failed, Future, Job, JobHandle, Promise, ReturnWhen, RunningPromise, Shutdown,
    SpawnExt, State, TaskError, TaskOptions, wait,
};

/// One future in each of the states that there are, and what holds it there.
struct Six {
    pending: Future<u32>,
    running: Future<u32>,
    cancelled: Future<u32>,
    /// CPython knows a second kind of cancelled; ours is one that an executor has met and passed over.
    cancelled_and_met: Future<u32>,
    failed: Future<u32>,
    returned: Future<u32>,
    _promise: Promise<u32>,
    _running: RunningPromise<u32>,
}

fn six() -> Six {
    let (promise, pending) = Promise::new();
    let (started, running) = Promise::new();
    let executor = ManualExecutor::new();
    let cancelled_and_met = executor.spawn(|| 1);
    assert!(cancelled_and_met.cancel());
    executor.run_all();
    let (cancelled_promise, cancelled) = Promise::new();
    assert!(cancelled.cancel());
    assert!(cancelled_promise.start().is_none());
    let (failing, failed) = Promise::new();
    start(failing).fail(Failed::new("no", None));
    let (returning, returned) = Promise::new();
    start(returning).complete(42);
    Six {
        pending,
        running,
        cancelled,
        cancelled_and_met,
        failed,
        returned,
        _promise: promise,
        _running: start(started),
    }
}

fn start(promise: Promise<u32>) -> RunningPromise<u32> {
    promise.start().expect("nobody cancelled it")
}

impl Six {
    fn all(&self) -> [&Future<u32>; 6] {
        [&self.pending, &self.running, &self.cancelled, &self.cancelled_and_met, &self.failed, &self.returned]
    }

    fn ask<R>(&self, question: impl Fn(&Future<u32>) -> R) -> [R; 6] {
        self.all().map(question)
    }
}

/// F-01. The order of all tables: pending, running, cancelled, cancelled and met, failed, returned.
#[test]
fn state_of_six_futures() {
    let expected =
        [State::Pending, State::Running, State::Cancelled, State::Cancelled, State::Finished, State::Finished];
    assert_eq!(six().ask(Future::state), expected);
}

/// F-04. CPython `test_done`.
#[test]
fn done_of_six_futures() {
    let six = six();
    assert_eq!(six.ask(Future::done), [false, false, true, true, true, true]);
    assert_eq!(six.ask(|future| future.state().is_done()), [false, false, true, true, true, true]);
}

/// F-05. CPython `test_running`.
#[test]
fn running_of_six_futures() {
    assert_eq!(six().ask(Future::running), [false, true, false, false, false, false]);
}

/// F-06. CPython `test_cancelled`.
#[test]
fn cancelled_of_six_futures() {
    assert_eq!(six().ask(Future::cancelled), [false, false, true, true, false, false]);
}

/// A cancelled future has not failed.
#[test]
fn failed_of_six_futures() {
    assert_eq!(six().ask(AnyFuture::failed), [false, false, false, false, true, false]);
}

/// F-10, F-11, F-12. CPython `test_cancel`: the answers, and the states afterwards.
#[test]
fn cancel_of_six_futures() {
    let six = six();
    assert_eq!(six.ask(Future::cancel), [true, false, true, true, false, false]);
    let expected =
        [State::Cancelled, State::Running, State::Cancelled, State::Cancelled, State::Finished, State::Finished];
    assert_eq!(six.ask(Future::state), expected);
}

/// Abort asks a running promise to stop, and can't promise more for it.
#[test]
fn abort_of_six_futures() {
    let six = six();
    assert!(!six._running.is_cancelled());
    assert_eq!(six.ask(|future| future.abort(Duration::ZERO)), [true, false, true, true, false, false]);
    assert!(six._running.is_cancelled());
    assert!(six.running.running());
}

/// F-32. CPython `test_result_with_timeout`: never blocks, gives back what isn't done.
#[test]
fn try_result_of_six_futures() {
    let six = six();
    let expected = ["not done", "not done", "Cancelled", "Cancelled", "Failed", "42"];
    let futures = [six.pending, six.running, six.cancelled, six.cancelled_and_met, six.failed, six.returned];
    let told = futures.map(|future| match future.result_timeout(Duration::ZERO) {
        Err(timed_out) => {
            assert!(!timed_out.into_inner().done());
            "not done".to_owned()
        }
        Ok(Err(error)) => error.name().to_owned(),
        Ok(Ok(value)) => value.to_string(),
    });
    assert_eq!(told, expected);
}

/// F-33. CPython `test_exception_with_timeout`.
#[test]
fn error_of_the_futures_that_are_done() {
    let six = six();
    let names = six.all().map(|future| match future.wait_timeout(Duration::ZERO) {
        true => future.error().map(TaskError::name),
        false => Some("-"),
    });
    assert_eq!(names, [Some("-"), Some("-"), Some("Cancelled"), Some("Cancelled"), Some("Failed"), None]);
}

/// F-60. CPython `test_repr`, in `Display` and `Debug`.
#[test]
fn text_of_six_futures() {
    let expected = [
        "state=pending>",
        "state=running>",
        "state=cancelled>",
        "state=cancelled>",
        "state=finished raised Failed>",
        "state=finished returned u32>",
    ];
    let texts = six().ask(|future| (future.to_string(), format!("{future:?}")));
    for ((text, debug), expected) in texts.iter().zip(expected) {
        assert!(text.starts_with("<Future at 0x") && text.ends_with(expected), "{text}");
        assert_eq!(text, debug);
    }
}

/// F-07, W-25: `wait` counts both kinds of cancelled as done.
#[test]
fn wait_for_six_futures() {
    let six = six();
    let waited = wait(six.all(), ReturnWhen::AllCompleted, Duration::ZERO);
    assert_eq!((waited.done.len(), waited.not_done.len()), (4, 2));
    assert_eq!(wait(six.all(), ReturnWhen::FirstException, None).done.len(), 4);
}

/// W-04, W-05 without a backend: a failure that is there already ends the wait at once.
#[test]
fn a_failure_among_six_ends_the_wait() {
    let six = six();
    let some = [&six.pending, &six.cancelled, &six.returned];
    let waited = wait(some, ReturnWhen::FirstException, Duration::from_millis(1));
    assert_eq!(waited.not_done.len(), 1, "no failure among them: the time ended the wait");
    let waited = wait(some, ReturnWhen::FirstCompleted, None);
    assert_eq!(waited.done.len(), 2);
}

/// L1, F-26. CPython `test_multiple_set_result`, `test_multiple_set_exception`: here a second outcome doesn't compile, and one
/// through a handle is refused.
#[test]
fn a_second_outcome_is_refused() {
    let (future, job) = Job::new(TaskOptions::new(), || 5);
    let handle: JobHandle = job.handle();
    job.run();
    assert!(!handle.fail(Abandoned::new("too late")));
    assert!(!handle.fail(TaskError::Cancelled));
    assert_eq!(future.result().unwrap(), 5);
    let (future, job) = Job::new(TaskOptions::new(), || 5);
    assert!(job.handle().fail(Abandoned::new("the first failure")));
    assert!(!job.handle().fail(Abandoned::new("too late")));
    assert!(job.start().is_err(), "it has failed");
    assert!(future.result().unwrap_err().to_string().contains("the first failure"));
    let (promise, future) = Promise::<u32>::new();
    assert!(future.cancel());
    assert!(!promise.fail(Abandoned::new("too late")));
    assert!(matches!(future.result(), Err(TaskError::Cancelled)));
}

/// F-22: what was started can't be started again: it doesn't compile; what was cancelled can't be started at all.
#[test]
fn a_cancelled_job_does_not_start() {
    let (future, job) = Job::new(TaskOptions::new(), || unreachable!("it was cancelled"));
    assert!(future.cancel());
    assert!(job.start().is_err());
    let error: Result<(), TaskError> = future.result();
    assert!(matches!(error, Err(TaskError::Cancelled)));
}

/// L7: dropping either kind of promise ends the future.
#[test]
fn a_dropped_promise_abandons_its_future() {
    let (promise, waiting) = Promise::<u32>::new();
    drop(promise);
    assert!(matches!(waiting.result(), Err(TaskError::Abandoned(_))));
    let (promise, running) = Promise::<u32>::new();
    drop(start(promise));
    assert!(matches!(running.result(), Err(TaskError::Abandoned(_))));
    let executor = ManualExecutor::new();
    let queued = executor.spawn(|| 1);
    drop(executor);
    assert!(matches!(queued.result(), Err(TaskError::Abandoned(_))));
}

/// L7: dropping the future leaves the producer alone.
#[test]
fn a_dropped_future_leaves_the_promise_alone() {
    let (promise, future) = Promise::new();
    drop(future);
    let running = start(promise);
    assert!(!running.is_cancelled());
    running.complete(5);
}

/// L3, F-37. CPython `test_result_with_success`, `test_result_with_cancel`, `test_exception_with_success`: who blocks is woken.
#[test]
fn who_blocks_is_woken_by_every_kind_of_end() {
    type End = fn(Promise<u32>, &Future<u32>);
    let ends: [(&str, End); 4] = [
        ("returned", |promise, _| start(promise).complete(5)),
        ("failed", |promise, _| start(promise).fail(Failed::new("no", None))),
        ("cancelled", |promise, future| {
            assert!(future.cancel());
            drop(promise);
        }),
        ("abandoned", |promise, _| drop(promise)),
    ];
    watchdog(LIMIT, "who_blocks_is_woken_by_every_kind_of_end", move || {
        for (name, end) in ends {
            let (promise, future) = Promise::new();
            let (tell, hear) = mpsc::channel();
            thread::scope(|scope| {
                for _ in 0..3 {
                    let (tell, future) = (tell.clone(), &future);
                    scope.spawn(move || {
                        tell.send(()).unwrap();
                        future.wait();
                    });
                }
                (0..3).for_each(|_| hear.recv().unwrap());
                end(promise, &future);
            });
            assert!(future.done(), "{name}");
            assert_eq!(future.result().is_ok(), name == "returned");
        }
    });
}

/// L4, F-45 to F-47: callbacks in order, before the release; a later one at once.
#[test]
fn callbacks_are_told_in_order_and_before_the_release() {
    let executor = ManualExecutor::new();
    let future = Arc::new(executor.spawn(|| 5));
    let told = Arc::new(Mutex::new(Vec::new()));
    for n in 0..5 {
        let (told, weak) = (told.clone(), Arc::downgrade(&future));
        future.add_done_callback(move |outcome| {
            let future = weak.upgrade().expect("the test holds it");
            assert!(!future.done() && !future.cancelled() && future.running());
            told.lock().unwrap().push((n, outcome.ok().copied()));
        });
    }
    executor.run_all();
    let late = told.clone();
    future.add_done_callback(move |outcome| late.lock().unwrap().push((5, outcome.ok().copied())));
    let expected: Vec<_> = (0..6).map(|n| (n, Some(5))).collect();
    assert_eq!(*told.lock().unwrap(), expected);
}

/// F-27: a callback may call anything of its own future that doesn't wait for it.
#[test]
fn a_callback_may_use_its_future() {
    let executor = ManualExecutor::new();
    let future = Arc::new(executor.spawn(|| 5));
    let (tell, hear) = mpsc::channel();
    let weak = Arc::downgrade(&future);
    future.add_done_callback(move |_| {
        let future = weak.upgrade().expect("the test holds it");
        let told = tell.clone();
        future.add_done_callback(move |_| told.send("a callback of a callback").unwrap());
        assert!(!future.cancel() && !future.done());
        tell.send("a callback").unwrap();
    });
    executor.run_all();
    assert_eq!(hear.try_iter().collect::<Vec<_>>(), ["a callback", "a callback of a callback"]);
}

/// F-12, F-27: while a cancel tells the callbacks, the state is still the one before; who cancels again hears that it is
/// cancelled.
#[test]
fn a_callback_of_a_cancel_sees_the_state_before() {
    let (promise, future) = Promise::<u32>::new();
    let future = Arc::new(future);
    let (tell, hear) = mpsc::channel();
    let weak = Arc::downgrade(&future);
    future.add_done_callback(move |_| {
        let future = weak.upgrade().expect("the test holds it");
        tell.send((future.state(), future.done(), future.cancelled(), future.cancel())).unwrap();
    });
    assert!(future.cancel());
    assert_eq!(hear.try_iter().collect::<Vec<_>>(), [(State::Pending, false, false, true)]);
    assert!(future.done() && future.cancelled());
    assert!(promise.start().is_none());
}

/// L4, W-25: a callback of a cancelled future sees that it is cancelled. CPython `test_done_callback_already_cancelled`.
#[test]
fn a_late_callback_of_a_cancelled_future_is_told() {
    let six = six();
    let (tell, hear) = mpsc::channel();
    six.cancelled.add_done_callback(move |outcome| tell.send(outcome.is_err_and(TaskError::is_cancelled)).unwrap());
    assert!(hear.try_recv().unwrap());
}

/// F-38, F-39: a timeout of nothing, and one beyond what a clock can tell.
#[test]
fn timeouts_of_any_length_are_fine() {
    let (promise, future) = Promise::new();
    assert!(!future.wait_timeout(Duration::ZERO));
    start(promise).complete(5);
    assert!(future.wait_timeout(Duration::MAX));
    assert_eq!(future.result_timeout(Duration::MAX).unwrap().unwrap(), 5);
}

/// A future is `Send` and `Sync` as far as its value allows, and never pinned.
#[test]
fn a_future_goes_wherever_its_value_may_go() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    fn is_unpin<T: Unpin>() {}
    is_send::<Future<std::cell::Cell<u8>>>();
    is_sync::<Future<u8>>();
    is_unpin::<Future<std::marker::PhantomPinned>>();
}

/// S-12: a manual executor's drain may be bounded by more than a clock can tell.
#[test]
fn a_manual_executor_drains_within_any_length() {
    let executor = ManualExecutor::new();
    let future = executor.spawn(|| 1);
    assert!(executor.shutdown(Shutdown::drain().within(Duration::MAX)).is_complete());
    assert_eq!(future.result().unwrap(), 1);
}

/// E-24: a manual executor runs what it is told to, when it is told to, also by another thread.
#[test]
fn a_manual_executor_is_stepped_by_anybody() {
    let executor = ManualExecutor::new();
    let futures: Vec<Future<thread::ThreadId>> = (0..3).map(|_| executor.spawn(|| thread::current().id())).collect();
    assert!(futures[1].cancel());
    assert!(executor.step());
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            assert_eq!(executor.run_all(), 2);
            thread::current().id()
        });
        assert_eq!(*futures[2].get().unwrap(), other.join().unwrap());
    });
    assert_eq!(*futures[0].get().unwrap(), thread::current().id());
    assert_eq!((executor.pending(), executor.step()), (0, false));
}

/// X-30 by hand: a wait inside a stepped task runs what it waits for in place, and nothing else.
#[test]
fn a_wait_inside_a_step_runs_what_it_waits_for_and_nothing_else() {
    let executor = Arc::new(ManualExecutor::new());
    let inner = executor.clone();
    let outer = executor.spawn(move || {
        let unrelated = inner.spawn(|| 1);
        let nested = inner.spawn(|| 2);
        (nested.result().unwrap(), unrelated.state(), unrelated)
    });
    assert!(executor.step());
    let (two, state, unrelated) = outer.result().unwrap();
    assert_eq!((two, state), (2, State::Pending));
    executor.run_all();
    assert_eq!(unrelated.result().unwrap(), 1);
}
