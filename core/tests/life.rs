//! The life of a future through the public interface, one thread at a time: what the models of `loom.rs` can't reach,
//! and what once went wrong. The numbers L1 to L7 are those of `core/src/state.rs`.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

use std::cell::RefCell;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use concurrent_futures_core::worker::{self, BlockLimit, ExecutorId, Wish, WorkerContext};
use concurrent_futures_core::{
    Abandoned, Canceller, Executor, Failed, Future, InProcess, Interrupt, Job, JobHandle, Map, MapOptions, Promise,
    ReturnWhen, RunHooks, Shutdown, ShutdownReport, Started, Stats, Tally, TaskError, TaskOptions, as_completed, task,
    wait,
};

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

#[test]
fn l6_the_error_of_a_task_that_saw_the_stop_is_dropped_without_the_lock() {
    bounded(|| {
        let (tx, rx) = mpsc::channel();
        let (future, job) = Job::new_fallible(plain(), move || {
            let canceller: Canceller = rx.recv().unwrap();
            task::current().check().map_err(|_| Touchy::new(move || assert!(!canceller.cancel())))
        });
        tx.send(future.canceller()).unwrap();
        let running = job.start().unwrap();
        running.handle().request_stop();
        running.run();
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
    });
}

#[test]
fn l6_an_item_that_is_settled_twice_is_dropped_without_the_lock() {
    bounded(|| {
        let executor = Keeps::default();
        let results = Map::in_process(&executor, MapOptions::new().chunk_size(2), |n: u32| n, [1, 2].into_iter());
        let running = executor.take().start().unwrap();
        let handle = running.handle();
        running.fail_task(0, gave_up());
        running.fail_task(0, Failed::new(Touchy::new(move || assert!(handle.state().is_some())), None));
        running.fail_task(1, gave_up());
        let outcomes: Vec<_> = results.collect();
        assert!(matches!(outcomes[..], [Err(TaskError::Abandoned(_)), Err(TaskError::Abandoned(_))]), "{outcomes:?}");
    });
}

#[test]
fn a_task_that_a_deep_callback_runs_in_place_is_completed_there() {
    let outcome = bounded(|| {
        let (tx, rx) = mpsc::channel();
        let executor = ExecutorId::next();
        let _guard = worker::enter(Arc::new(Nesting(executor)));
        let body = move || {
            let (future, job) = Job::new(plain(), || 7);
            job.bind(executor);
            future.add_done_callback(|_| ());
            tx.send(future.result()).unwrap();
            drop(job);
        };
        inside_callbacks(TOO_DEEP, Box::new(body));
        rx.recv().unwrap()
    });
    assert_eq!(outcome.unwrap(), 7);
}

#[test]
fn l7_an_executor_that_panics_before_the_release_loses_no_outcome() {
    bounded(|| {
        let (future, job) = Job::new(plain(), || 7);
        job.start().unwrap().run_then(|_| panic!("the executor's own bug"));
        assert_eq!(future.result().unwrap(), 7);
    });
}

/// Thread-locals die one by one; whoever dies last may still hold promises, futures and pools.
#[test]
fn everything_works_while_thread_locals_are_destroyed() {
    thread_local! {
        static DIES_LAST: RefCell<Option<LastWords>> = const { RefCell::new(None) };
    }
    struct LastWords(mpsc::Sender<bool>);
    impl Drop for LastWords {
        fn drop(&mut self) {
            let told = Arc::new(AtomicBool::new(false));
            let ours = told.clone();
            let (promise, future) = Promise::<u32>::new();
            future.add_done_callback(move |_| ours.store(true, Ordering::SeqCst));
            promise.start().unwrap().complete(7);
            let (failed, panics) = Job::new(plain(), || panic!("in a task"));
            panics.run();
            let _: &Option<&TaskError> = &failed.error();
            let (later, job) = Job::new(plain(), || task::current().id());
            let worker = std::thread::spawn(move || job.run());
            later.wait();
            worker.join().unwrap();
            drop(worker::enter(Arc::new(Nesting(ExecutorId::next()))));
            let idle = !worker::is_inside_task() && task::current().id().is_none();
            self.0.send(idle && told.load(Ordering::SeqCst) && future.result().is_ok()).unwrap();
        }
    }
    let (tx, rx) = mpsc::channel();
    bounded(move || {
        DIES_LAST.with(|dies_last| *dies_last.borrow_mut() = Some(LastWords(tx)));
        // Whatever core keeps for this thread is made now, so it dies first.
        let _guard = worker::enter(Arc::new(Nesting(ExecutorId::next())));
        let (future, job) = Job::new(plain(), || panic!("in a task"));
        future.add_done_callback(|_| ());
        job.run();
        let _: &Option<&TaskError> = &future.error();
    });
    assert!(rx.recv_timeout(Duration::from_secs(20)).unwrap());
}

#[test]
fn a_circle_through_a_task_that_a_callback_runs_in_place_is_found() {
    let (one, two) = bounded(|| {
        let executor = ExecutorId::next();
        let futures: Arc<OnceLock<[Future<()>; 2]>> = Arc::default();
        let (first, second) = (futures.clone(), futures.clone());
        let (go, gone) = mpsc::channel();
        // Runs in place in a callback, and waits for the second ...
        let (one, in_place) = Job::new(plain(), move || {
            go.send(()).unwrap();
            first.get().unwrap()[1].wait();
        });
        // ... which waits for it.
        let (two, other) = Job::new(plain(), move || second.get().unwrap()[0].wait());
        in_place.bind(executor);
        futures.set([one, two]).unwrap();
        let worker = std::thread::spawn(move || {
            gone.recv().unwrap();
            other.run();
        });
        let _guard = worker::enter(Arc::new(Nesting(executor)));
        let all = futures.clone();
        inside_callbacks(1, Box::new(move || all.get().unwrap()[0].wait()));
        worker.join().unwrap();
        drop(in_place);
        let [one, two] = futures.get().unwrap();
        (one.error().map(ToString::to_string), two.error().map(ToString::to_string))
    });
    let never_ends = |error: &Option<String>| error.as_ref().is_some_and(|text| text.contains("would never end"));
    assert!(never_ends(&one) != never_ends(&two), "{one:?} {two:?}");
}

#[test]
fn a_wait_in_the_own_callback_is_refused() {
    for way in 0..4 {
        let ended = bounded(move || {
            let (promise, future) = Promise::<u32>::new();
            let (_keep, other) = Promise::<u32>::new();
            let (tx, rx) = mpsc::channel();
            let future = Arc::new(future);
            let own = future.clone();
            future.add_done_callback(move |_| {
                match way {
                    0 => drop(wait([&*own, &other], ReturnWhen::AllCompleted, None)),
                    1 => drop(wait([&*own], ReturnWhen::FirstCompleted, None)),
                    2 => own.wait(),
                    _ => drop(as_completed([&*own]).next()),
                }
                tx.send(()).unwrap();
            });
            promise.start().unwrap().complete(7);
            rx.recv().is_ok()
        });
        assert!(!ended, "the wait {way} went on as if its future were done");
    }
}

#[test]
fn an_await_in_a_deep_callback_pays_what_its_thread_owes() {
    let value = bounded(|| {
        let (tx, rx) = mpsc::channel();
        let body = move || {
            let (promise, future) = Promise::new();
            future.add_done_callback(|_| ());
            promise.start().unwrap().complete(7);
            tx.send(block_on(future)).unwrap();
        };
        inside_callbacks(TOO_DEEP, Box::new(body));
        rx.recv().unwrap()
    });
    assert_eq!(value.unwrap(), 7);
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

#[test]
fn m5_what_is_not_done_at_the_deadline_of_a_map_says_so() {
    for options in [MapOptions::new(), MapOptions::new().unordered(), MapOptions::new().chunk_size(2)] {
        let outcomes = bounded(move || {
            let executor = Keeps::default();
            let options = options.deadline(MAP_DEADLINE);
            Map::in_process(&executor, options, |n: u32| n, 0..4).collect::<Vec<_>>()
        });
        assert_eq!(outcomes.len(), 4);
        let late = |outcome: &Result<u32, TaskError>| matches!(outcome, Err(TaskError::DeadlineExceeded(_)));
        assert!(outcomes.iter().all(late), "{outcomes:?}");
    }
}

#[test]
fn m5_the_rest_of_a_chunk_that_ends_after_the_deadline_says_so() {
    let outcomes = bounded(|| {
        let executor = Keeps::default();
        let (open, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let options = MapOptions::new().chunk_size(2).deadline(MAP_DEADLINE);
        let wait_for_the_end = move |n: u32| {
            gate.lock().unwrap().recv().unwrap();
            n
        };
        let mut results = Map::in_process(&executor, options, wait_for_the_end, 0..4);
        let (_never_runs, second) = (executor.take(), executor.take());
        let worker = std::thread::spawn(move || second.run());
        let mut outcomes: Vec<_> = results.next().into_iter().collect();
        open.send(()).unwrap();
        worker.join().unwrap();
        outcomes.extend(results);
        outcomes
    });
    use TaskError::DeadlineExceeded as Late;
    assert!(matches!(outcomes[..], [Err(Late(_)), Err(Late(_)), Ok(2), Err(Late(_))]), "{outcomes:?}");
}

#[test]
fn m5_the_executor_of_a_chunk_is_told_that_the_deadline_has_passed() {
    bounded(|| {
        let executor = Keeps::default();
        let options = MapOptions::new().chunk_size(2).deadline(MAP_DEADLINE);
        let mut results = Map::in_process(&executor, options, |n: u32| n, 0..2);
        let (tx, rx) = mpsc::channel();
        let running = executor.take().start_killable(move |interrupt| tx.send(interrupt).unwrap()).unwrap();
        assert!(matches!(results.next(), Some(Err(TaskError::DeadlineExceeded(_)))));
        assert_eq!(rx.try_recv(), Ok(Interrupt::Withdraw));
        assert!(running.is_withdrawn());
    });
}

#[test]
fn an_unordered_map_does_not_wait_for_a_part_that_was_given_away() {
    /// Gives half of what is left away after the first item.
    struct Shares(ExecutorId, Mutex<Vec<Job>>, AtomicBool);
    impl WorkerContext for Shares {
        fn executor(&self) -> ExecutorId {
            self.0
        }
        fn wish(&self) -> Wish {
            if self.2.swap(true, Ordering::SeqCst) { Wish::GoOn } else { Wish::Share }
        }
        fn share(&self, job: Job) {
            self.1.lock().unwrap().push(job);
        }
    }
    let outcomes = bounded(|| {
        let executor = Keeps::default();
        let options = MapOptions::new().chunk_size(3).unordered();
        let mut results = Map::in_process(&executor, options, |n: u32| n, 0..6);
        let context = Arc::new(Shares(ExecutorId::next(), Mutex::default(), AtomicBool::new(false)));
        let guard = worker::enter(context.clone());
        executor.take().run();
        executor.take().run();
        drop(guard);
        // The part given away still waits; everything else is yielded before it.
        let mut outcomes: Vec<_> = results.by_ref().take(5).map(Result::unwrap).collect();
        context.1.lock().unwrap().remove(0).run();
        outcomes.extend(results.map(Result::unwrap));
        outcomes
    });
    assert_eq!(outcomes, [0, 1, 3, 4, 5, 2]);
}

#[test]
fn l5_a_callback_that_panics_stops_neither_the_next_nor_the_release() {
    bounded(|| {
        let (tx, rx) = mpsc::channel();
        let (promise, future) = Promise::<u32>::new();
        for number in 1..4 {
            let tx = tx.clone();
            future.add_done_callback(move |_| {
                tx.send(number).unwrap();
                assert_ne!(number, 2, "the second callback panics");
            });
        }
        promise.start().unwrap().complete(7);
        assert_eq!(future.result().unwrap(), 7);
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
    });
}

#[test]
fn l6_callbacks_wakers_and_captures_may_look_at_the_future() {
    struct Looks(JobHandle);
    impl Looks {
        fn look(&self) {
            assert!(self.0.state().is_some());
        }
    }
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            self.look();
        }
    }
    impl Drop for Looks {
        fn drop(&mut self) {
            let _ = self.0.state();
        }
    }
    bounded(|| {
        for cancels in [false, true] {
            let (tx, rx) = mpsc::channel::<Looks>();
            let (mut future, job) = Job::new(plain(), move || drop(rx));
            let looks = || Looks(job.handle());
            tx.send(looks()).unwrap();
            job.hold(looks());
            let (callback, waker) = (looks(), Waker::from(Arc::new(looks())));
            future.add_done_callback(move |_| callback.look());
            let _ = Pin::new(&mut future).poll(&mut Context::from_waker(&waker));
            drop(waker);
            let other = Waker::from(Arc::new(looks()));
            let _ = Pin::new(&mut future).poll(&mut Context::from_waker(&other));
            drop(other);
            if !cancels {
                job.run();
            }
            assert_eq!(future.cancel(), cancels);
        }
    });
}

#[test]
fn a_chain_of_completions_does_not_grow_the_stack() {
    bounded(|| {
        let (first, mut last) = Promise::<u32>::new();
        for _ in 0..100_000 {
            let (promise, future) = Promise::new();
            last.add_done_callback(move |outcome| promise.start().unwrap().complete(outcome.unwrap() + 1));
            last = future;
        }
        first.start().unwrap().complete(0);
        assert_eq!(last.result().unwrap(), 100_000);
    });
}

#[test]
fn a_wait_in_a_deep_callback_pays_what_its_thread_owes() {
    for several in [false, true] {
        let done = bounded(move || {
            let (tx, rx) = mpsc::channel();
            let body = move || {
                let (promise, future) = Promise::new();
                future.add_done_callback(|_| ());
                promise.start().unwrap().complete(7);
                if several {
                    wait([&future], ReturnWhen::AllCompleted, None);
                } else {
                    future.wait();
                }
                tx.send(future.done()).unwrap();
            };
            inside_callbacks(TOO_DEEP, Box::new(body));
            rx.recv().unwrap()
        });
        assert!(done);
    }
}

#[test]
fn a_task_that_is_aborted_and_returns_the_error_of_check_is_cancelled() {
    let (tx, rx) = mpsc::channel::<Canceller>();
    let (future, job) = Job::new_fallible(plain(), move || {
        assert!(!task::current().is_cancelled());
        assert!(!rx.recv().unwrap().abort(Duration::ZERO), "a thread can't be stopped");
        assert!(task::current().is_cancelled());
        task::current().check()
    });
    tx.send(future.canceller()).unwrap();
    job.run();
    assert!(future.cancelled());
}

#[test]
fn m2_no_more_is_pulled_than_the_window_holds() {
    let pulled = AtomicUsize::new(0);
    let input = (0..100).inspect(|_| {
        pulled.fetch_add(1, Ordering::SeqCst);
    });
    let executor = Keeps::default();
    let mut results = Map::in_process(&executor, MapOptions::new().buffer_size(3), |n: u32| n, input);
    assert_eq!(pulled.load(Ordering::SeqCst), 3);
    executor.take().run();
    assert_eq!(results.next().unwrap().unwrap(), 0);
    let second = executor.take();
    second.run();
    assert_eq!(results.next().unwrap().unwrap(), 1);
    assert_eq!(pulled.load(Ordering::SeqCst), 4, "the next items are pulled just before waiting");
}

#[test]
fn m4_a_dropped_map_begins_nothing_more() {
    let begun = bounded(|| {
        let executor = Keeps::default();
        let (begin, begun) = mpsc::channel();
        let (open, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let task = move |n: u32| {
            begin.send(n).unwrap();
            gate.lock().unwrap().recv().unwrap();
        };
        let results = Map::in_process(&executor, MapOptions::new().chunk_size(2), task, 0..4);
        let (first, second) = (executor.take(), executor.take());
        let worker = std::thread::spawn(move || first.run());
        assert_eq!(begun.recv().unwrap(), 0);
        drop(results);
        open.send(()).unwrap();
        worker.join().unwrap();
        assert!(second.start().is_err());
        begun.try_iter().count()
    });
    assert_eq!(begun, 0, "the rest of a chunk that had begun");
}

#[test]
fn a_worker_runs_nothing_in_place_that_waits_in_another_executor() {
    /// Lets somebody else run the task when the worker blocks.
    struct Elsewhere(ExecutorId, mpsc::Sender<()>);
    impl WorkerContext for Elsewhere {
        fn executor(&self) -> ExecutorId {
            self.0
        }
        fn can_nest(&self) -> bool {
            true
        }
        fn block(&self) -> Result<(), BlockLimit> {
            let _ = self.1.send(());
            Ok(())
        }
    }
    bounded(|| {
        let (future, job) = Job::new(plain(), || std::thread::current().id());
        job.bind(ExecutorId::next());
        let (tx, blocks) = mpsc::channel();
        let other = std::thread::spawn(move || {
            let _ = blocks.recv();
            job.run();
        });
        let guard = worker::enter(Arc::new(Elsewhere(ExecutorId::next(), tx)));
        assert_ne!(future.result().unwrap(), std::thread::current().id());
        drop(guard);
        other.join().unwrap();
    });
}

#[test]
fn l7_an_executor_that_panics_at_the_start_ends_the_future() {
    struct Panics;
    impl RunHooks for Panics {
        fn started(&mut self, _task: &Started<'_>) -> Result<(), TaskError> {
            panic!("the executor's own bug")
        }
        fn before_release(&mut self, _tally: Tally) {}
    }
    let outcome = bounded(|| {
        let (future, job) = Job::new(plain(), || 7);
        job.run_with(&mut Panics).unwrap();
        future.result()
    });
    assert!(matches!(outcome, Err(TaskError::Abandoned(_))), "{outcome:?}");
}
