//! The promises L1 to L8 of `core/src/state.rs`, checked by loom: it runs each model once for every order in which its
//! threads can meet, and for every value that the memory model lets a load see.
//!
//! ```text
//! RUSTFLAGS="--cfg concurrent_futures_loom" cargo test -p concurrent-futures-core --release --test loom
//! ```
//!
//! Deadlines are not modelled: no clock ticks in a model. A lost wake-up shows as loom's "deadlock". What must be
//! visible is written and read as a relaxed atomic, whose old value loom may show wherever nothing else orders the two.

#![cfg(concurrent_futures_loom)]

mod abort;
mod completions;
mod offers;
mod on_a_worker;
mod state_machine;
mod visibility;
mod waiters;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as Count, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use concurrent_futures_core::sync::{AtomicU32, Condvar, Mutex, thread};
use concurrent_futures_core::worker::{self, ExecutorId, WorkerContext};
use concurrent_futures_core::{
    Abandoned, Future, Interrupt, Job, Offer, Promise, Report, ReturnWhen, RunningJob, State, TaskError, TaskId,
    TaskOptions, as_completed, set_report_hook, task, wait,
};

/// Checks `model` in every order.
fn check(model: impl Fn() + Send + Sync + 'static) {
    check_with(None, model);
}

/// Checks a larger `model` in every order with so many preemptions at most.
fn check_with(preemptions: impl Into<Option<usize>>, model: impl Fn() + Send + Sync + 'static) {
    INSTALL.call_once(|| set_report_hook(count_unseen));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions.into();
    builder.check(model);
}

static INSTALL: std::sync::Once = std::sync::Once::new();

/// The one future whose unseen failures are counted: the hook is the process's, and models fail futures by the thousand.
static WATCHED: std::sync::Mutex<Option<TaskId>> = std::sync::Mutex::new(None);
static UNSEEN: Count = Count::new(0);

fn count_unseen(report: &Report) {
    if matches!(report, Report::UnseenFailure { id, .. } if Some(*id) == *WATCHED.lock().unwrap()) {
        UNSEEN.fetch_add(1, Ordering::SeqCst);
    }
}

/// Counts what must happen a certain number of times. No point where loom switches threads: only for numbers that are
/// read after everybody was joined, or on the thread that wrote them.
#[derive(Clone, Default)]
struct Times(Arc<Count>);

impl Times {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A value written before and read after; ordered by nothing of its own.
#[derive(Clone)]
struct Written(Arc<AtomicU32>);

impl Written {
    fn new() -> Self {
        Self(Arc::new(AtomicU32::new(0)))
    }

    fn write(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    fn assert_visible(&self) {
        assert_eq!(self.0.load(Ordering::Relaxed), 1, "what happened before the release is not visible after the wait");
    }
}

/// A point that two threads pass in either order: loom doesn't see by itself that the drops of an `Arc` race.
#[derive(Clone)]
struct Gate(Arc<Mutex<()>>);

impl Gate {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(())))
    }

    fn pass(&self) {
        drop(self.0.lock());
    }
}

fn is_cancelled<T>(outcome: &Result<T, TaskError>) -> bool {
    matches!(outcome, Err(TaskError::Cancelled))
}

fn plain() -> TaskOptions {
    TaskOptions::new()
}

fn gave_up() -> Abandoned {
    Abandoned::new("the model gave it up")
}

/// A job that counts its runs and returns 7.
fn counted() -> (Future<u32>, Job, Times) {
    let runs = Times::default();
    let ours = runs.clone();
    let (future, job) = Job::new(plain(), move || {
        ours.add();
        7
    });
    (future, job, runs)
}

/// A waker that counts, and that a thread can wait for.
struct Signal {
    woken: Mutex<usize>,
    changed: Condvar,
}

impl Signal {
    fn new() -> Arc<Self> {
        Arc::new(Self { woken: Mutex::new(0), changed: Condvar::new() })
    }

    fn wait(&self) {
        let mut woken = self.woken.lock();
        while *woken == 0 {
            woken = self.changed.wait(woken);
        }
    }

    fn count(&self) -> usize {
        *self.woken.lock()
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        *self.woken.lock() += 1;
        self.changed.notify_one();
    }
}

fn poll<T>(future: &mut Future<T>, signal: &Arc<Signal>) -> Poll<Result<T, TaskError>> {
    let waker = Waker::from(signal.clone());
    std::future::Future::poll(Pin::new(future), &mut Context::from_waker(&waker))
}
