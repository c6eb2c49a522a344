//! What a worker process does with a task, in this process.

#![cfg(all(feature = "portable", not(any(concurrent_futures_loom, concurrent_futures_shuttle))))]

use std::sync::{Arc, Mutex, mpsc};

use concurrent_futures_core::portable::{Context, serve};
use concurrent_futures_core::worker::{self, BlockLimit, ExecutorId, WorkerContext};
use concurrent_futures_core::{
    Executor, ExecutorExt, Future, Job, Promise, Shutdown, ShutdownReport, Stats, TaskError, TaskId,
};
use serde::{Deserialize, Serialize};

/// Runs each job from its bytes, as task number `self.0`.
struct Serves(TaskId);

impl Executor for Serves {
    fn execute(&self, job: Job) {
        let encoded = job.encode().unwrap();
        let running = job.start().unwrap();
        for (index, argument) in encoded.arguments() {
            // SAFETY: the call comes from `Encoded::call` in this process.
            let reply = unsafe { serve(encoded.call(), argument, Context::new(self.0)) };
            running.complete_task(index, &reply);
        }
    }

    fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
        ShutdownReport::default()
    }

    fn stats(&self) -> Stats {
        Stats::default()
    }
}

static AWAITED: Mutex<Option<Future<u32>>> = Mutex::new(None);

/// Says when the thread blocks.
struct SaysWhenItBlocks(mpsc::Sender<()>);

impl WorkerContext for SaysWhenItBlocks {
    fn executor(&self) -> ExecutorId {
        ExecutorId::next()
    }

    fn block(&self) -> Result<(), BlockLimit> {
        let _ = self.0.send(());
        Ok(())
    }
}

/// A worker process takes over the ids of its parent, and has tasks of its own with the same ids.
#[test]
fn a_served_task_may_wait_for_a_future_that_has_its_number() {
    fn waits(_: u8) -> u32 {
        let future = AWAITED.lock().unwrap().take().unwrap();
        future.result().unwrap()
    }
    let (promise, future) = Promise::new();
    let id = future.id();
    *AWAITED.lock().unwrap() = Some(future);
    let (tx, blocks) = mpsc::channel();
    let producer = std::thread::spawn(move || {
        let _ = blocks.recv();
        promise.start().unwrap().complete(7);
    });
    let guard = worker::enter(Arc::new(SaysWhenItBlocks(tx)));
    let outcome = Serves(id).submit(waits, 0).result();
    drop(guard);
    producer.join().unwrap();
    assert_eq!(outcome.unwrap(), 7);
}

/// An error whose text can't be had.
#[derive(Debug)]
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Unspeakable {}

#[test]
fn an_error_whose_text_panics_fails_its_task_alone() {
    fn fails(_: u8) -> Result<u8, Unspeakable> {
        Err(Unspeakable)
    }
    let served = std::panic::catch_unwind(|| Serves(TaskId::from_u64(1)).submit_fallible(fails, 0).result());
    assert!(matches!(served, Ok(Err(TaskError::Codec(_)))), "{served:?}");
}

#[derive(Debug, Serialize, Deserialize)]
struct PanicsOnceDropped(bool);

impl Drop for PanicsOnceDropped {
    fn drop(&mut self) {
        if std::mem::take(&mut self.0) {
            panic!("in a destructor");
        }
    }
}

#[test]
fn a_result_whose_destructor_panics_arrives() {
    fn returns(_: u8) -> PanicsOnceDropped {
        PanicsOnceDropped(true)
    }
    let served = std::panic::catch_unwind(|| Serves(TaskId::from_u64(1)).submit(returns, 0).result());
    let mut value = served.expect("the worker survives").expect("it was encoded");
    assert!(std::mem::take(&mut value.0));
}
