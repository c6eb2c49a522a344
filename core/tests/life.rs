//! The life of a future through the public interface, one thread at a time: what the models of `loom.rs` can't reach,
//! and what once went wrong. The numbers L1 to L7 are those of `core/src/state.rs`.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

use std::sync::mpsc;
use std::time::Duration;

use concurrent_futures_core::{Abandoned, Job, TaskError, TaskOptions};

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

#[test]
fn l1_a_job_failed_between_start_and_run_keeps_its_outcome() {
    bounded(|| {
        let (future, job) = Job::new(plain(), || 7);
        let running = job.start().unwrap();
        assert!(running.handle().fail(Abandoned::new("killed")));
        running.run();
        assert!(matches!(future.result(), Err(TaskError::Abandoned(_))));
    });
}
