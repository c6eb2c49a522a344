//! Foreign code that misbehaves, and a system that gives no threads: every future ends, the pool goes on, and what
//! nobody can be told is reported. L4 to L6 of `core/src/state.rs`; F-49, F-50, X-29.
//!
//! The hook for reports is one for the process, so every test here looks for a text that only it causes.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::error::Error;
use std::future::Future as _;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, Once};
use std::task::{Context, Wake, Waker};
use std::thread;

use common::{assert_adds_up, bounded, hold, panic_text, pool, rejection};
use concurrent_futures_thread_pool::{
    Future, Observer, PoolHandle, Reason, ReturnWhen, Shutdown, Tally, TaskId, ThreadPool, WhenFull, as_completed,
    set_report_hook, wait,
};

static REPORTS: (Mutex<Vec<String>>, Condvar) = (Mutex::new(Vec::new()), Condvar::new());

/// Collects reports from now on.
fn listen() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        set_report_hook(|report| {
            REPORTS.0.lock().unwrap().push(report.to_string());
            REPORTS.1.notify_all();
        });
    });
}

/// Blocks until there are so many reports with this text in them, and gives them.
fn await_reports(count: usize, text: &str) -> Vec<String> {
    let mut reports = REPORTS.0.lock().unwrap();
    loop {
        let about: Vec<String> = reports.iter().filter(|report| report.contains(text)).cloned().collect();
        if about.len() >= count {
            return about;
        }
        reports = REPORTS.1.wait(reports).unwrap();
    }
}

#[track_caller]
fn assert_goes_on(pool: &ThreadPool) {
    assert_eq!(pool.submit(|n: u64| n + 1, 1).result().unwrap(), 2);
}

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("{}", self.0);
        }
    }
}

/// F-49; CPython `test_done_callback_raises`.
#[test]
fn f49_a_callback_that_panics_is_reported_and_stops_nothing() {
    bounded(|| {
        listen();
        let pool = pool(1);
        let held = hold(&pool);
        let future = pool.spawn(|| 5);
        let (tell, told) = channel();
        future.add_done_callback(|_| panic!("first callback"));
        future.add_done_callback(move |outcome| tell.send(*outcome.unwrap()).unwrap());
        let id = future.id();
        held.release();
        assert_eq!(told.recv(), Ok(5));
        assert_eq!(future.result().unwrap(), 5);
        assert!(await_reports(1, "first callback")[0].contains(&id.to_string()));
        let done = pool.spawn(|| 6);
        done.wait();
        done.add_done_callback(|_| panic!("late callback"));
        await_reports(1, "late callback");
        assert_goes_on(&pool);
    });
}

#[test]
fn a_callback_that_waits_for_its_own_future_panics_and_is_reported() {
    bounded(|| {
        listen();
        let pool = pool(1);
        let held = hold(&pool);
        let future = Arc::new(pool.spawn(|| 5));
        let own = future.clone();
        future.add_done_callback(move |_| own.wait());
        held.release();
        assert!(future.get().is_ok());
        let text = format!("waited for its own future, {}", future.id());
        await_reports(1, &text);
        assert_goes_on(&pool);
    });
}

/// F-51; loky `test_submit_from_callback`.
#[test]
fn f51_chains_of_callbacks_that_submit_to_their_own_pool_come_to_an_end() {
    fn chain(handle: PoolHandle, left: usize, tell: std::sync::mpsc::Sender<()>) {
        if left == 0 {
            return tell.send(()).unwrap();
        }
        let next = handle.clone();
        handle.spawn(|| ()).add_done_callback(move |_| chain(next, left - 1, tell));
    }
    bounded(|| {
        for workers in [1, 2] {
            let pool = pool(workers);
            let (tell, told) = channel();
            let lengths = [100, 50, 60, 5_000];
            lengths.into_iter().for_each(|length| chain(pool.handle(), length, tell.clone()));
            lengths.iter().for_each(|_| told.recv().unwrap());
        }
    });
}

/// F-54.
#[test]
fn f54_a_long_chain_of_cancellations_does_not_grow_the_stack() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let mut next: Option<Future<()>> = None;
        for _ in 0..20_000 {
            let future = pool.spawn(|| ());
            if let Some(next) = next.take() {
                future.add_done_callback(move |_| assert!(next.cancel()));
            }
            next = Some(future);
        }
        assert!(next.unwrap().cancel());
        held.release();
        pool.shutdown(Shutdown::drain());
        assert_eq!(pool.stats().cancelled, 20_000);
    });
}

#[test]
fn a_waker_that_panics_is_reported_and_the_value_arrives() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker of the test");
        }
    }
    bounded(|| {
        listen();
        let pool = pool(1);
        let held = hold(&pool);
        let mut future = pin!(pool.spawn(|| 5));
        let waker = Waker::from(Arc::new(Panics));
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        held.release();
        await_reports(1, "a waker of the test");
        let ready = future.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(ready, std::task::Poll::Ready(Ok(5))));
        assert_goes_on(&pool);
    });
}

#[test]
fn an_unwanted_result_that_panics_when_dropped_is_reported() {
    bounded(|| {
        listen();
        let pool = pool(1);
        pool.spawn(|| Bomb("an unwanted result")).detach();
        await_reports(1, "an unwanted result");
        assert_goes_on(&pool);
    });
}

#[test]
fn a_capture_that_panics_when_dropped_fails_its_task() {
    bounded(|| {
        let pool = pool(1);
        let bomb = Bomb("a capture");
        let error = pool.spawn(move || drop(bomb)).result().unwrap_err();
        assert_eq!(panic_text(&error), "a capture");
        assert_goes_on(&pool);
    });
}

#[test]
fn a_capture_of_a_task_that_never_runs_may_panic_when_dropped() {
    bounded(|| {
        listen();
        let pool = ThreadPool::builder().max_workers(1).max_pending(2, WhenFull::Reject).build().unwrap();
        let held = hold(&pool);
        let spawn = |bomb: Bomb| pool.spawn(move || drop(bomb));
        let cancelled = spawn(Bomb("of a cancelled task"));
        assert!(cancelled.cancel());
        await_reports(1, "of a cancelled task");
        let at_shutdown = spawn(Bomb("cancelled by the shutdown"));
        let _behind = spawn(Bomb("behind it"));
        spawn(Bomb("of a rejected task")).result().unwrap_err();
        await_reports(1, "of a rejected task");
        pool.shutdown(Shutdown::cancel_pending().within(std::time::Duration::ZERO));
        assert!(at_shutdown.result().unwrap_err().is_cancelled());
        await_reports(1, "cancelled by the shutdown");
        await_reports(1, "behind it");
        held.release();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_adds_up(pool.stats());
    });
}

#[test]
fn an_observer_that_panics_is_reported_and_disturbs_nothing() {
    struct Panics;
    impl Observer for Panics {
        fn submitted(&self, _first: TaskId, _tasks: usize) {
            panic!("observed a submission");
        }
        fn started(&self, _first: TaskId, _worker: usize) {
            panic!("observed a start");
        }
        fn finished(&self, _first: TaskId, _tally: Tally) {
            panic!("observed an end");
        }
        fn worker_up(&self, _worker: usize) {
            panic!("observed a worker");
        }
        fn worker_down(&self, _worker: usize) {
            panic!("observed a departure");
        }
    }
    bounded(|| {
        listen();
        let pool = ThreadPool::builder().max_workers(1).observer(Panics).build().unwrap();
        assert!((0..10).all(|n| pool.spawn(move || n).result().unwrap() == n));
        assert!(pool.map(|n: u64| n, 0..100).map(Result::unwrap).eq(0..100));
        assert_goes_on(&pool);
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_adds_up(pool.stats());
        for what in ["a submission", "a start", "an end", "a worker", "a departure"] {
            await_reports(1, &format!("observed {what}"));
        }
    });
}

#[test]
fn a_panics_payload_can_be_taken_whatever_it_is() {
    bounded(|| {
        let pool = pool(1);
        let error = pool.spawn(|| panic_any(17_u32)).result().map(|(): ()| ()).unwrap_err();
        let concurrent_futures_thread_pool::TaskError::Panicked(panicked) = error else { panic!("{error:?}") };
        assert_eq!(panicked.take_payload().unwrap().downcast_ref::<u32>(), Some(&17));
        assert!(panicked.take_payload().is_none());
    });
}

#[test]
fn a_panics_payload_that_panics_itself_when_dropped_disturbs_nothing() {
    bounded(|| {
        listen();
        let pool = pool(1);
        pool.spawn(|| panic_any(Bomb("an unread payload"))).detach();
        await_reports(1, "an unread payload");
        let error = pool.spawn(|| panic_any(Bomb("a payload"))).result().map(|(): ()| ()).unwrap_err();
        // Who holds the error holds the payload, and drops it at his own risk.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(error)));
        assert_eq!(dropped.unwrap_err().downcast_ref::<String>().unwrap(), "a payload");
        let held = hold(&pool);
        let future = pool.spawn(|| ());
        future.add_done_callback(|_| panic_any(Bomb("a callback's payload")));
        held.release();
        future.result().unwrap();
        assert_goes_on(&pool);
    });
}

#[test]
fn a_failure_that_nobody_looks_at_is_reported_with_its_label() {
    bounded(|| {
        listen();
        let pool = pool(1);
        let options = concurrent_futures_thread_pool::TaskOptions::new().label("overlooked");
        pool.spawn_with(options, || panic!("unseen")).detach();
        let reports = await_reports(1, "`overlooked`");
        assert!(reports[0].contains("nobody looked at") && reports[0].contains("unseen"), "{reports:?}");
        let cancelled = pool.spawn(|| ());
        drop(cancelled.cancel_on_drop());
        assert_goes_on(&pool);
    });
}

/// W-22; loky `test_imap_handle_iterable_exception`.
#[test]
fn w22_an_input_that_panics_unwinds_into_the_consumer_and_what_was_submitted_ends() {
    bounded(|| {
        let pool = pool(2);
        let ran = Arc::new(AtomicUsize::new(0));
        let count = ran.clone();
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let input = (0..100).inspect(|n| assert!(*n < 50, "the input"));
            pool.map(move |_: u64| count.fetch_add(1, Ordering::Relaxed), input).count()
        }));
        assert!(unwound.is_err());
        assert_goes_on(&pool);
        pool.shutdown(Shutdown::drain());
        assert_adds_up(pool.stats());
        assert!(ran.load(Ordering::Relaxed) <= 50);
    });
}

/// A pool whose threads no system can start.
fn without_threads(when_full: Option<WhenFull>) -> ThreadPool {
    let builder = ThreadPool::builder().max_workers(2).stack_size(1 << 50);
    let builder = match when_full {
        Some(when_full) => builder.max_pending(2, when_full),
        None => builder,
    };
    builder.build().unwrap()
}

#[track_caller]
fn assert_no_thread<T>(future: Future<T>) {
    let error = future.result().map(|_| ()).unwrap_err();
    let is_about_threads = |why: &str| why.contains("no worker thread could be started");
    assert!(matches!(rejection(&error), Reason::Broken(why) if is_about_threads(why)), "{error:?}");
    let mut cause: Option<&dyn Error> = Some(&error);
    while let Some(inner) = cause.filter(|inner| !inner.is::<std::io::Error>()) {
        cause = inner.source();
    }
    assert!(cause.is_some(), "the system's error is the source: {error:?}");
}

/// X-29; CPython `test_python_finalization_error`.
#[test]
fn x29_where_no_thread_can_be_started_every_future_is_rejected() {
    bounded(|| {
        for when_full in [None, Some(WhenFull::Block), Some(WhenFull::Reject)] {
            let pool = without_threads(when_full);
            assert_no_thread(pool.spawn(|| 1));
            let mapped: Vec<_> = pool.map(|n: u64| n, 0..100).collect();
            assert!(mapped.len() == 100 && mapped.iter().all(Result::is_err), "{when_full:?}");
            rejection(&pool.map_slice(&[1, 2, 3], |n| n + 1).unwrap_err());
            rejection(&pool.scope(|scope| scope.spawn(|| 1).result().unwrap_err()));
            let futures: Vec<_> = (0..10).map(|n| pool.spawn(move || n)).collect();
            assert_eq!(wait(&futures, ReturnWhen::AllCompleted, None).done.len(), 10);
            assert!(as_completed(futures).all(|future| future.error().is_some()));
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
            assert_adds_up(pool.stats());
            assert_eq!((pool.stats().workers, pool.stats().finished), (0, 0));
        }
    });
}

#[test]
fn x29_where_no_thread_can_be_started_no_submitter_hangs() {
    bounded(|| {
        for when_full in [None, Some(WhenFull::Block)] {
            let pool = without_threads(when_full);
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let futures: Vec<_> = (0..100).map(|n| pool.spawn(move || n)).collect();
                        futures.into_iter().for_each(assert_no_thread);
                    });
                }
            });
            drop(pool);
        }
    });
}
