//! Done callbacks: told once, in order, and able to do anything. Fits any executor.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use concurrent_futures_core::{Executor, ExecutorExt, Reason, Shutdown, TaskError};

use super::tasks::{pass, square};
use crate::{Backend, Gatekeeper};

/// L4, F-45. CPython `test_done_callback_with_result`; pebble `callback`.
pub fn a_callback_sees_the_value<B: Backend>(backend: &B) {
    let (tell, hear) = mpsc::channel();
    let executor = backend.make(1);
    let future = executor.submit(square, 6);
    future.add_done_callback(move |outcome| tell.send(outcome.ok().copied()).unwrap());
    assert_eq!(hear.recv().unwrap(), Some(36));
    assert_eq!(future.result().unwrap(), 36);
    assert!(hear.recv().is_err(), "it was told once, and dropped");
}

/// L4, F-45. CPython `test_done_callback_with_exception`; pebble `error_callback`.
pub fn a_callback_sees_the_error<B: Backend>(backend: &B) {
    let (tell, hear) = mpsc::channel();
    let executor = backend.make(1);
    let failed = executor.submit_fallible(|n: u64| if n > 0 { Err(format!("{n} is not zero")) } else { Ok(n) }, 1);
    let panicked = executor.submit(|n: u64| if n > 0 { panic!("{n} is not zero") } else { n }, 2);
    for future in [&failed, &panicked] {
        let tell = tell.clone();
        future.add_done_callback(move |outcome| {
            let message = match outcome {
                Err(TaskError::Failed(failed)) => failed.message().to_owned(),
                Err(TaskError::Panicked(panicked)) => panicked.message().to_owned(),
                other => format!("{other:?}"),
            };
            tell.send(message).unwrap();
        });
        future.wait();
    }
    drop(tell);
    assert_eq!(hear.iter().collect::<Vec<String>>(), ["1 is not zero", "2 is not zero"]);
    assert!(failed.result().is_err() && panicked.result().is_err());
}

/// L3: whoever waits for a future sees what its callbacks did.
pub fn a_waiter_sees_what_the_callbacks_did<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    for n in 0..50 {
        let seen = Arc::new(Mutex::new(None));
        let future = executor.submit(square, n);
        let note = seen.clone();
        future.add_done_callback(move |outcome| *note.lock().unwrap() = outcome.ok().copied());
        future.wait();
        assert_eq!(*seen.lock().unwrap(), Some(n * n));
    }
    drop(keeper);
}

/// L5, F-49. CPython `test_done_callback_raises`; loky `callback_crash_on_submit`; pebble `callback_error`.
pub fn a_panicking_callback_hurts_nobody<B: Backend>(backend: &B) {
    let (tell, hear) = mpsc::channel();
    let executor = backend.make(1);
    let future = executor.submit(square, 2);
    future.add_done_callback(|_| panic!("a callback panics, as this test wants it"));
    future.add_done_callback(move |outcome| tell.send(outcome.ok().copied()).unwrap());
    assert_eq!(hear.recv().unwrap(), Some(4), "the next callback is told");
    assert_eq!(future.result().unwrap(), 4);
    assert_eq!(executor.submit(square, 3).result().unwrap(), 9, "the executor works on");
}

/// F-47. CPython `test_done_callback_already_successful`, `…_already_failed`: at once, on the thread that adds it.
pub fn a_late_callback_runs_at_once_where_it_is_added<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let (good, bad) = (executor.submit(square, 2), executor.submit_fallible(|()| Err::<u64, _>("no"), ()));
    good.wait();
    bad.wait();
    let seen = Arc::new(Mutex::new(Vec::new()));
    for future in [&good, &bad] {
        let note = seen.clone();
        future.add_done_callback(move |outcome| {
            note.lock().unwrap().push((outcome.ok().copied(), thread::current().id()));
        });
    }
    let here = thread::current().id();
    assert_eq!(*seen.lock().unwrap(), [(Some(4), here), (None, here)]);
}

/// F-49. CPython `test_done_callback_raises_already_succeeded`.
pub fn a_late_callback_that_panics_hurts_nobody<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit(square, 2);
    future.wait();
    future.add_done_callback(|_| panic!("a late callback panics, as this test wants it"));
    assert_eq!(future.result().unwrap(), 4);
}

/// F-51. Loky `submit_from_callback`: chains of submits from callbacks, none of which blocks the executor.
pub fn callbacks_submit_to_the_same_executor<B: Backend>(backend: &B) {
    fn chain<E: Executor + 'static>(executor: &Arc<E>, left: u64, done: Sender<u64>) {
        let next = executor.clone();
        executor.submit(square, left).add_done_callback(move |outcome| {
            assert_eq!(outcome.ok().copied(), Some(left * left));
            match left {
                0 => done.send(left).unwrap(),
                _ => chain(&next, left - 1, done),
            }
        });
    }
    let executor = Arc::new(backend.make(2));
    let (tell, hear) = mpsc::channel();
    for length in [100, 50, 60] {
        chain(&executor, length, tell.clone());
    }
    for _ in 0..3 {
        assert_eq!(hear.recv().unwrap(), 0);
    }
}

/// F-52, S-05. Pebble `stop_stopped_callback`: a shutdown in a callback doesn't wait for the callback.
pub fn a_callback_shuts_the_executor_down<B: Backend>(backend: &B) {
    for how in [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(crate::LIMIT)] {
        let executor = Arc::new(backend.make(1));
        let (tell, hear) = mpsc::channel();
        let inner = executor.clone();
        let future = executor.submit(square, 5);
        future.add_done_callback(move |_| {
            inner.shutdown(how);
            tell.send(()).unwrap();
        });
        hear.recv().unwrap();
        future.wait();
        match executor.submit(square, 1).result() {
            Err(TaskError::Rejected(rejected)) => assert_eq!(rejected.reason(), &Reason::ShutDown),
            other => panic!("after {how:?} nothing is taken: {other:?}"),
        }
    }
}

/// S-05: the executor's last owner may be a callback of one of its own tasks.
pub fn a_callback_drops_the_executor<B: Backend>(backend: &B) {
    let executor = Arc::new(backend.make(1));
    let keeper = Gatekeeper::new();
    keeper.open();
    let (tell, hear) = mpsc::channel();
    let (give, take) = mpsc::channel::<Arc<B::Executor>>();
    let future = executor.submit(pass, (keeper.gate(), 1));
    give.send(executor.clone()).unwrap();
    future.add_done_callback(move |_| {
        drop(take.recv());
        tell.send(()).unwrap();
    });
    drop(executor);
    hear.recv().unwrap();
    assert_eq!(future.result().unwrap(), 1);
}
