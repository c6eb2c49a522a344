//! A future is awaited, in any runtime: F-79. Needs workers.

use std::pin::pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use concurrent_futures_core::{ExecutorExt, Future, Reason, TaskError, TaskOptions};

use super::tasks::{pass, pass_and_fail, square};
use crate::{Backend, Gatekeeper};

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest runtime. Says through `tell` when it waits for the first time.
fn block_on_and_tell<F: std::future::Future>(future: F, tell: impl FnOnce()) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    let mut tell = Some(tell);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => tell.take().map_or_else(thread::park, |tell| tell()),
        }
    }
}

fn block_on<F: std::future::Future>(future: F) -> F::Output {
    block_on_and_tell(future, || ())
}

/// Pebble's asyncio `single_future`, `multiple_futures`: who awaits is woken by the end.
pub fn a_future_is_awaited<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let slow = executor.submit(pass, (keeper.gate(), 5));
    assert_eq!(block_on_and_tell(slow, || keeper.open()).unwrap(), 5);
    let sum = block_on(async {
        let futures: Vec<Future<u64>> = (0..20).map(|n| executor.submit(square, n)).collect();
        let mut sum = 0;
        for future in futures {
            sum += future.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, (0..20).map(square).sum::<u64>());
}

/// Pebble's asyncio `error`, `error_returned`: a failure comes as it comes to who blocks, and one as a value is a value.
pub fn a_failure_is_awaited<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let failing = executor.submit_fallible(pass_and_fail, (keeper.gate(), 7));
    match block_on_and_tell(failing, || keeper.open()) {
        Err(TaskError::Failed(failed)) => assert_eq!(failed.message(), "7 fails"),
        other => panic!("it should have failed: {other:?}"),
    }
    match block_on(executor.submit(|n: u64| assert!(n == 0, "{n} is not zero"), 3)) {
        Err(TaskError::Panicked(panicked)) => assert_eq!(panicked.message(), "3 is not zero"),
        other => panic!("it should have panicked: {other:?}"),
    }
    let value = executor.submit(|text: String| text.parse::<u32>().map_err(|error| error.to_string()), "x".into());
    assert_eq!(block_on(value).unwrap(), Err("invalid digit found in string".to_owned()));
}

/// L3. Pebble's asyncio `callback`, `error_callback`: who awaits sees what the callbacks did.
pub fn who_awaits_sees_what_the_callbacks_did<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let future = executor.submit(pass, (keeper.gate(), 5));
    let seen = Arc::new(Mutex::new(None));
    let note = seen.clone();
    future.add_done_callback(move |outcome| *note.lock().unwrap() = outcome.ok().copied());
    assert_eq!(block_on_and_tell(future, || keeper.open()).unwrap(), 5);
    assert_eq!(*seen.lock().unwrap(), Some(5));
}

/// Pebble's asyncio `cancel`, `cancel_callback`: who awaits is woken by a cancel, and after the callbacks.
pub fn a_cancel_wakes_who_awaits<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let busy = executor.submit(pass, (keeper.gate(), 0));
    keeper.await_arrivals(1);
    let waiting = executor.submit(square, 1);
    let (tell, hear) = mpsc::channel();
    waiting.add_done_callback(move |outcome| tell.send(outcome.is_err_and(TaskError::is_cancelled)).unwrap());
    let canceller = waiting.canceller();
    let (wait, waits) = mpsc::channel();
    let awaiting = thread::spawn(move || {
        let outcome = block_on_and_tell(waiting, || wait.send(()).unwrap());
        (outcome, hear.try_recv())
    });
    waits.recv().unwrap();
    assert!(canceller.cancel());
    let (outcome, told) = awaiting.join().unwrap();
    assert!(matches!(outcome, Err(TaskError::Cancelled)));
    assert!(told.unwrap());
    keeper.open();
    busy.result().unwrap();
}

/// P-70. Pebble's asyncio `timeout`, `timeout_callback`: a deadline wakes who awaits, or is refused.
pub fn a_deadline_wakes_who_awaits<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let options = TaskOptions::new().deadline(Duration::from_millis(20));
    match block_on(executor.submit_with(options, pass, (keeper.gate(), 1))) {
        Err(TaskError::DeadlineExceeded(_)) => {}
        Err(TaskError::Rejected(rejected)) => {
            assert_eq!(rejected.reason(), &Reason::Unsupported { option: "deadline" });
        }
        other => panic!("it was late: {other:?}"),
    }
    keeper.open();
    assert_eq!(block_on(executor.submit(square, 3)).unwrap(), 9);
}
