//! The promises L1 to L7 of `core/src/state.rs`, checked by loom: it runs each model once for every order in which its
//! threads can meet, and for every value that the memory model lets a load see.
//!
//! ```text
//! RUSTFLAGS="--cfg concurrent_futures_loom" cargo test -p concurrent-futures-core --release --test loom
//! ```
//!
//! Deadlines are not modelled: no clock ticks in a model. A lost wake-up shows as loom's "deadlock". What must be
//! visible is written and read as a relaxed atomic, whose old value loom may show wherever nothing else orders the two.

#![cfg(concurrent_futures_loom)]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as Count, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use concurrent_futures_core::sync::{AtomicU32, Condvar, Mutex, thread};
use concurrent_futures_core::worker::{self, ExecutorId, WorkerContext};
use concurrent_futures_core::{
    Abandoned, Future, Interrupt, Job, Promise, Report, ReturnWhen, RunningJob, State, TaskError, TaskId, TaskOptions,
    as_completed, set_report_hook, task, wait,
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

// ---- The state machine ----------------------------------------------------------------------------------------------

#[test]
fn l2_start_against_cancel() {
    check(|| {
        let (future, job, runs) = counted();
        let worker = thread::spawn(move || job.run());
        let cancelled = future.cancel();
        let outcome = future.result();
        worker.join().unwrap();
        assert_eq!(runs.get(), usize::from(!cancelled));
        assert_eq!(is_cancelled(&outcome), cancelled);
    });
}

#[test]
fn l2_two_cancels_against_start() {
    check(|| {
        let (future, job, runs) = counted();
        let canceller = future.canceller();
        let worker = thread::spawn(move || job.run());
        let other = thread::spawn(move || canceller.cancel());
        let ours = future.cancel();
        let theirs = other.join().unwrap();
        worker.join().unwrap();
        assert_eq!(runs.get(), usize::from(!ours && !theirs), "a cancel that was true, and the function ran");
        if ours || theirs {
            assert!(is_cancelled(&future.result()));
        } else {
            assert_eq!(future.result().unwrap(), 7);
        }
    });
}

#[test]
fn l2_promise_start_against_cancel() {
    check(|| {
        let (promise, future) = Promise::new();
        let producer = thread::spawn(move || match promise.start() {
            Some(running) => {
                running.complete(7);
                true
            }
            None => false,
        });
        let cancelled = future.cancel();
        assert_ne!(producer.join().unwrap(), cancelled);
        assert_eq!(future.state(), if cancelled { State::Cancelled } else { State::Finished });
    });
}

#[test]
fn l1_start_and_finish_against_fail() {
    check(|| {
        let (future, job, runs) = counted();
        let handle = job.handle();
        let worker = thread::spawn(move || job.run());
        let failed = handle.fail(gave_up());
        let outcome = future.result();
        worker.join().unwrap();
        assert!(runs.get() <= 1);
        match outcome {
            Ok(7) => assert!(!failed && runs.get() == 1),
            Err(TaskError::Abandoned(_)) => assert!(failed),
            other => panic!("an outcome that nobody decided: {other:?}"),
        }
    });
}

#[test]
fn l1_finish_against_two_failures() {
    check(|| {
        let (future, job, _) = counted();
        let told = Times::default();
        let ours = told.clone();
        future.add_done_callback(move |_| ours.add());
        let running = job.start().unwrap();
        let (one, two) = (running.handle(), running.handle());
        let worker = thread::spawn(move || running.run());
        let killer = thread::spawn(move || one.fail(gave_up()));
        let ours = two.fail(gave_up());
        let theirs = killer.join().unwrap();
        worker.join().unwrap();
        assert!(!(ours && theirs), "two outcomes were decided");
        assert_eq!(future.result().is_err(), ours || theirs);
        assert_eq!(told.get(), 1);
    });
}

#[test]
fn l1_no_state_goes_back() {
    check(|| {
        let (future, job, _) = counted();
        let worker = thread::spawn(move || job.run());
        let mut last = State::Pending;
        for _ in 0..3 {
            let state = future.state();
            let allowed = match last {
                State::Pending => true,
                State::Running => state != State::Pending,
                done => state == done,
            };
            assert!(allowed, "{last} became {state}");
            assert!(!state.is_done() || future.done());
            last = state;
        }
        worker.join().unwrap();
        assert!(future.done());
    });
}

#[test]
fn l7_dropped_job_against_cancel_and_wait() {
    check(|| {
        let (future, job, runs) = counted();
        let canceller = future.canceller();
        let executor = thread::spawn(move || drop(job));
        let other = thread::spawn(move || canceller.cancel());
        future.wait();
        let outcome = future.result();
        executor.join().unwrap();
        assert_eq!(other.join().unwrap(), is_cancelled(&outcome));
        assert!(matches!(outcome, Err(TaskError::Cancelled | TaskError::Abandoned(_))));
        assert_eq!(runs.get(), 0);
    });
}

#[test]
fn l7_dropped_running_job_against_fail_and_wait() {
    check(|| {
        let (future, job, _) = counted();
        let running = job.start().unwrap();
        let handle = running.handle();
        let executor = thread::spawn(move || drop(running));
        let killer = thread::spawn(move || handle.fail(TaskError::Cancelled));
        let outcome = future.result();
        executor.join().unwrap();
        assert_eq!(killer.join().unwrap(), is_cancelled(&outcome));
        assert!(outcome.is_err());
    });
}

#[test]
fn l7_a_dropped_running_producer_ends_its_future() {
    check(|| {
        let (future, job, _) = counted();
        let running = job.start().unwrap();
        let executor = thread::spawn(move || drop(running));
        assert!(matches!(future.result(), Err(TaskError::Abandoned(_))));
        executor.join().unwrap();
    });
    check(|| {
        let (promise, future) = Promise::<u32>::new();
        let running = promise.start().unwrap();
        let producer = thread::spawn(move || drop(running));
        assert!(matches!(future.result(), Err(TaskError::Abandoned(_))));
        producer.join().unwrap();
    });
}

#[test]
fn l7_dropped_future_against_finish() {
    check(|| {
        let (future, job, runs) = counted();
        let gate = Gate::new();
        let theirs = gate.clone();
        let worker = thread::spawn(move || {
            theirs.pass();
            job.run();
            theirs.pass();
        });
        gate.pass();
        drop(future);
        worker.join().unwrap();
        assert_eq!(runs.get(), 1, "dropping the consumer's side disturbed the producer");
    });
}

#[test]
fn a_failure_whose_future_is_dropped_meanwhile_is_reported_once() {
    check(|| {
        let before = UNSEEN.load(Ordering::SeqCst);
        let (promise, future) = Promise::<u32>::new();
        *WATCHED.lock().unwrap() = Some(future.id());
        let gate = Gate::new();
        let theirs = gate.clone();
        let producer = thread::spawn(move || {
            theirs.pass();
            drop(promise);
            theirs.pass();
        });
        gate.pass();
        drop(future);
        producer.join().unwrap();
        assert_eq!(UNSEEN.load(Ordering::SeqCst) - before, 1);
    });
}

#[test]
fn a_permit_is_given_back_once_by_start_or_cancel() {
    struct Permit(Times);
    impl Drop for Permit {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    check(|| {
        let given_back = Times::default();
        let seen = given_back.clone();
        let (future, job) = Job::new(plain(), move || seen.get());
        job.hold(Permit(given_back.clone()));
        let worker = thread::spawn(move || job.run());
        let cancelled = future.cancel();
        worker.join().unwrap();
        assert_eq!(given_back.get(), 1);
        assert!(cancelled || future.result().unwrap() == 1, "the task ran with its room in the queue still taken");
    });
}

// ---- Abort ----------------------------------------------------------------------------------------------------------

/// Starts killably and runs; the hook counts.
fn start_killable(job: Job, hooked: &Times) -> Option<RunningJob> {
    let hooked = hooked.clone();
    job.start_killable(move |interrupt| {
        assert!(matches!(interrupt, Interrupt::Abort { .. }));
        hooked.add();
    })
    .ok()
}

#[test]
fn l2_abort_against_start_is_never_lost() {
    check(|| {
        let (future, job, runs) = counted();
        let hooked = Times::default();
        let ours = hooked.clone();
        let worker = thread::spawn(move || {
            if let Some(running) = start_killable(job, &ours) {
                running.run();
            }
        });
        let aborted = future.abort(Duration::ZERO);
        assert!(aborted || runs.get() == 1, "refused although it had not ended");
        let outcome = future.result();
        worker.join().unwrap();
        assert_eq!(runs.get() + usize::from(is_cancelled(&outcome)), 1);
        let never_ran = runs.get() == 0;
        assert_eq!(aborted, never_ran || hooked.get() == 1, "an abort was lost, or promised what did not happen");
        assert!(hooked.get() <= 1);
    });
}

#[test]
fn l1_abort_against_finish_is_never_lost() {
    check(|| {
        let (future, job, runs) = counted();
        let hooked = Times::default();
        let running = start_killable(job, &hooked).unwrap();
        let worker = thread::spawn(move || running.run());
        let aborted = future.abort(Duration::ZERO);
        assert!(aborted || runs.get() == 1, "refused although it had not ended");
        assert_eq!(future.result().unwrap(), 7, "the hook stops nothing in this model");
        worker.join().unwrap();
        assert_eq!(usize::from(aborted), hooked.get());
        assert_eq!(runs.get(), 1);
    });
}

#[test]
fn l1_a_hook_that_kills_against_finish() {
    check(|| {
        let (future, job, _) = counted();
        let handle = job.handle();
        let killed = Times::default();
        let ours = killed.clone();
        let running = job
            .start_killable(move |_| {
                if handle.fail(TaskError::Cancelled) {
                    ours.add();
                }
            })
            .unwrap();
        let worker = thread::spawn(move || running.run());
        future.abort(Duration::ZERO);
        let outcome = future.result();
        worker.join().unwrap();
        assert_eq!(usize::from(is_cancelled(&outcome)), killed.get());
        assert_eq!(outcome.is_ok(), killed.get() == 0);
    });
}

#[test]
fn a_task_that_sees_the_abort_and_fails_is_cancelled() {
    check(|| {
        let (future, job) = Job::new_fallible(plain(), || task::current().check());
        let running = job.start().unwrap();
        let worker = thread::spawn(move || running.run());
        assert!(!future.abort(Duration::ZERO), "a thread that has begun can't be stopped");
        let outcome = future.result();
        worker.join().unwrap();
        assert!(matches!(outcome, Ok(()) | Err(TaskError::Cancelled)), "{outcome:?}");
    });
}

// ---- Who waits ------------------------------------------------------------------------------------------------------

/// What may end a future that somebody waits for.
type End = fn(Job, &Future<u32>) -> thread::JoinHandle<()>;

/// One of them, with its job.
type Ending = Box<dyn FnOnce(&Future<u32>) -> thread::JoinHandle<()>>;

const ENDS: [End; 3] = [
    |job, _| thread::spawn(move || job.run()),
    |job, future| {
        let canceller = future.canceller();
        thread::spawn(move || {
            canceller.cancel();
            drop(job);
        })
    },
    |job, _| thread::spawn(move || drop(job)),
];

/// Checks `model` against each of the ends. A job writes before it returns; a canceller and a dropper don't.
fn check_each_end(model: fn(Future<u32>, Ending)) {
    for end in ENDS {
        check(move || {
            let (future, job, _) = counted();
            model(future, Box::new(move |future| end(job, future)));
        });
    }
}

#[test]
fn l4_a_blocking_wait_is_woken() {
    check_each_end(|future, end| {
        let ending = end(&future);
        future.wait();
        assert!(future.done() && future.state().is_done());
        ending.join().unwrap();
    });
}

#[test]
fn l4_two_blocking_waits_are_woken() {
    check(|| {
        let (future, job, _) = counted();
        let future = Arc::new(future);
        let other = future.clone();
        let waiter = thread::spawn(move || other.wait());
        let worker = thread::spawn(move || job.run());
        future.wait();
        waiter.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn l4_a_callback_is_called_once_before_a_wait_returns() {
    check_each_end(|future, end| {
        let ending = end(&future);
        let told = Times::default();
        let ours = told.clone();
        let written = Written::new();
        let theirs = written.clone();
        future.add_done_callback(move |_| {
            theirs.write();
            ours.add();
        });
        future.wait();
        written.assert_visible();
        assert_eq!(told.get(), 1);
        ending.join().unwrap();
        drop(future);
        assert_eq!(told.get(), 1);
    });
}

#[test]
fn l4_callbacks_that_join_run_in_order_before_the_release() {
    check(|| {
        let (future, job, _) = counted();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let note = |number: u32| {
            let order = order.clone();
            move |_: Result<&u32, &TaskError>| order.lock().unwrap().push(number)
        };
        future.add_done_callback(note(1));
        let worker = thread::spawn(move || job.run());
        future.add_done_callback(note(2));
        future.add_done_callback(note(3));
        future.wait();
        assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
        worker.join().unwrap();
    });
}

#[test]
fn l4_a_callback_that_a_callback_adds_runs_before_the_release() {
    check(|| {
        let (promise, future) = Promise::<u32>::new();
        let future = Arc::new(future);
        let written = Written::new();
        let (inner, theirs) = (future.clone(), written.clone());
        future.add_done_callback(move |_| inner.add_done_callback(move |_| theirs.write()));
        let producer = thread::spawn(move || promise.start().unwrap().complete(7));
        future.wait();
        written.assert_visible();
        producer.join().unwrap();
    });
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

#[test]
fn l4_a_waker_is_woken_once() {
    check_each_end(|mut future, end| {
        let ending = end(&future);
        let signal = Signal::new();
        let expected = match poll(&mut future, &signal) {
            Poll::Ready(_) => 0,
            Poll::Pending => {
                signal.wait();
                assert!(poll(&mut future, &signal).is_ready(), "woken before the release");
                1
            }
        };
        ending.join().unwrap();
        assert_eq!(signal.count(), expected);
    });
}

#[test]
fn l4_only_the_last_waker_is_woken() {
    check(|| {
        let (mut future, job, _) = counted();
        let worker = thread::spawn(move || job.run());
        let (first, second) = (Signal::new(), Signal::new());
        if poll(&mut future, &first).is_pending() && poll(&mut future, &second).is_pending() {
            second.wait();
            assert!(poll(&mut future, &second).is_ready());
            assert_eq!(first.count(), 0);
        }
        worker.join().unwrap();
        assert!(first.count() + second.count() <= 1);
    });
}

#[test]
fn l4_a_watcher_of_wait_is_told() {
    check_each_end(|future, end| {
        let ending = end(&future);
        let waited = wait([&future], ReturnWhen::AllCompleted, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 0));
        ending.join().unwrap();
    });
}

#[test]
fn l4_wait_for_the_first_of_two() {
    check(|| {
        let ((one, job, _), (two, _keep, _)) = (counted(), counted());
        let worker = thread::spawn(move || job.run());
        let waited = wait([&one, &two], ReturnWhen::FirstCompleted, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
        assert_eq!(waited.done[0].id(), one.id());
        worker.join().unwrap();
    });
}

#[test]
fn l4_wait_for_all_of_two_or_the_first_failure() {
    for when in [ReturnWhen::AllCompleted, ReturnWhen::FirstException] {
        check_with(3, move || {
            let ((one, job, _), (promise, two)) = (counted(), Promise::<u32>::new());
            let worker = thread::spawn(move || job.run());
            let dropper = thread::spawn(move || drop(promise));
            let waited = wait([&one, &two], when, None);
            match when {
                ReturnWhen::AllCompleted => assert!(waited.not_done.is_empty()),
                _ => assert!(two.done() || one.done() && waited.not_done.is_empty()),
            }
            worker.join().unwrap();
            dropper.join().unwrap();
        });
    }
}

#[test]
fn l4_as_completed_yields_each_once() {
    check_with(4, || {
        let ((one, first, _), (two, second, _)) = (counted(), counted());
        let mut ids = [one.id(), two.id()];
        let worker = thread::spawn(move || first.run());
        let canceller = two.canceller();
        let other = thread::spawn(move || {
            canceller.cancel();
            drop(second);
        });
        let mut yielded: Vec<_> = as_completed([one, two]).inspect(|future| assert!(future.done())).collect();
        yielded.sort_by_key(Future::id);
        ids.sort();
        assert_eq!(yielded.iter().map(Future::id).collect::<Vec<_>>(), ids);
        worker.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn l4_a_watcher_that_goes_away_against_finish() {
    check(|| {
        let (future, job, _) = counted();
        let worker = thread::spawn(move || job.run());
        let stays = as_completed([&future]);
        let remaining = as_completed([&future]).into_remaining();
        assert_eq!(remaining.len(), 1);
        assert_eq!(stays.count(), 1, "one watcher is told whatever became of the other");
        worker.join().unwrap();
    });
}

// ---- What is visible ------------------------------------------------------------------------------------------------

/// A future whose job writes before it returns.
fn writing() -> (Future<()>, Job, Written) {
    let written = Written::new();
    let ours = written.clone();
    let (future, job) = Job::new(plain(), move || ours.write());
    (future, job, written)
}

#[test]
fn l3_visible_after_done() {
    check(|| {
        let (future, job, written) = writing();
        // The job runs here, since loom tries the order in which it has ended first: a loop that yields until `done`
        // would not do, as no thread sees a value again that it has seen before it yielded.
        let looker = thread::spawn(move || {
            if future.done() {
                written.assert_visible();
            }
        });
        job.run();
        looker.join().unwrap();
    });
}

#[test]
fn l3_visible_after_wait() {
    check(|| {
        let (future, job, written) = writing();
        let worker = thread::spawn(move || job.run());
        future.wait();
        written.assert_visible();
        worker.join().unwrap();
    });
}

#[test]
fn l3_visible_after_a_wait_for_several() {
    check(|| {
        let (future, job, written) = writing();
        let worker = thread::spawn(move || job.run());
        wait([&future], ReturnWhen::AllCompleted, None);
        written.assert_visible();
        worker.join().unwrap();
    });
}

#[test]
fn l3_visible_after_await() {
    check(|| {
        let (mut future, job, written) = writing();
        let worker = thread::spawn(move || job.run());
        let signal = Signal::new();
        if poll(&mut future, &signal).is_pending() {
            signal.wait();
        }
        written.assert_visible();
        worker.join().unwrap();
    });
}

#[test]
fn l3_visible_after_a_refused_start() {
    check(|| {
        let (future, job, _) = counted();
        let written = Written::new();
        let theirs = written.clone();
        let canceller = thread::spawn(move || {
            theirs.write();
            future.cancel()
        });
        if job.start().is_err() {
            written.assert_visible();
        }
        canceller.join().unwrap();
    });
}

// ---- Waiting on a worker --------------------------------------------------------------------------------------------

struct Nesting(ExecutorId);

impl WorkerContext for Nesting {
    fn executor(&self) -> ExecutorId {
        self.0
    }

    fn can_nest(&self) -> bool {
        true
    }
}

#[test]
fn l1_in_place_against_a_worker_that_starts_the_same_task() {
    check(|| {
        let executor = ExecutorId::next();
        let (future, job, runs) = counted();
        job.bind(executor);
        let worker = thread::spawn(move || job.run());
        let guard = worker::enter(Arc::new(Nesting(executor)));
        assert_eq!(future.result().unwrap(), 7);
        drop(guard);
        worker.join().unwrap();
        assert_eq!(runs.get(), 1);
    });
}
