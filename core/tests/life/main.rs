//! The life of a future through the public interface, one thread at a time: what the models of `loom.rs` can't reach,
//! and what once went wrong. The numbers L1 to L8 are those of `core/src/state.rs`.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod callbacks;
mod completions;
mod ending;
mod maps;
mod offers;
mod waiting;

use concurrent_futures_core::worker::{self, BlockLimit, ExecutorId, Wish, WorkerContext};
use concurrent_futures_core::{
    Abandoned, Canceller, Executor, Failed, Future, InProcess, Interrupt, Job, JobHandle, Map, MapOptions, Promise,
    ReturnWhen, RunHooks, Shutdown, ShutdownReport, Started, Stats, Tally, TaskError, TaskOptions, as_completed, keyed,
    task, wait,
};
use std::cell::RefCell;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Runs `body` on a thread of its own: a test of what once hung must end.
#[track_caller]
fn bounded<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let (tx, rx) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let result = body();
        let _ = tx.send(());
        result
    });
    match rx.recv_timeout(Duration::from_secs(20)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {
            thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        }
    }
}

fn plain() -> TaskOptions {
    TaskOptions::new()
}

fn gave_up() -> Abandoned {
    Abandoned::new("the test gave it up")
}

/// Runs `body` in the callback of a future that is completed in a callback, and so on: `depth` deep.
fn inside_callbacks(depth: usize, body: Box<dyn FnOnce() + Send>) {
    if depth == 0 {
        return body();
    }
    let (promise, future) = Promise::<()>::new();
    future.add_done_callback(move |_| inside_callbacks(depth - 1, body));
    promise.start().unwrap().complete(());
}

/// Deeper than completions nest.
const TOO_DEEP: usize = 20;

/// A worker on which waits run what they wait for.
struct Nesting(ExecutorId);

impl WorkerContext for Nesting {
    fn executor(&self) -> ExecutorId {
        self.0
    }

    fn can_nest(&self) -> bool {
        true
    }
}

/// An executor that keeps its jobs, for the test to do with them what it likes.
#[derive(Default)]
struct Keeps(Mutex<Vec<Job>>);

impl Keeps {
    fn take(&self) -> Job {
        self.0.lock().unwrap().remove(0)
    }
}

impl Executor for Keeps {
    fn execute(&self, job: Job) {
        self.0.lock().unwrap().push(job);
    }

    fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
        ShutdownReport::default()
    }

    fn stats(&self) -> Stats {
        Stats::default()
    }
}

impl InProcess for Keeps {}

/// An error that does something when it is dropped.
struct Touchy(Box<dyn Fn() + Send + Sync>);

impl Touchy {
    fn new(on_drop: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Box::new(on_drop))
    }
}

impl std::fmt::Debug for Touchy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Touchy")
    }
}

impl std::fmt::Display for Touchy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("touchy")
    }
}

impl std::error::Error for Touchy {}

impl Drop for Touchy {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The smallest executor of async code: it parks its thread.
fn block_on<F: std::future::Future + Unpin>(mut future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

const MAP_DEADLINE: Duration = Duration::from_millis(300);
