//! Callbacks of what no worker ends: they may take as long as they like, and hold up nothing but their own future.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::{Door, assert_adds_up, bounded, hold, pool};
use concurrent_futures_thread_pool::{Future, Shutdown, TaskOptions, ThreadPool};

const SOON: Duration = Duration::from_millis(1);
const AT_ONCE: Duration = Duration::ZERO;

/// A task that ends at its deadline, and nowhere else before the door opens.
fn late(pool: &ThreadPool, deadline: Duration, door: &Door) -> Future<()> {
    let inner = door.clone();
    pool.spawn_with(TaskOptions::new().deadline(deadline), move || inner.pass())
}

/// A future whose callback announces itself, and then blocks on a channel until it is let go.
struct Blocked {
    future: Future<()>,
    callback_begun: Receiver<()>,
    release: Sender<()>,
}

impl Blocked {
    fn add_to(future: Future<()>) -> Self {
        let ((begin, callback_begun), (release, released)) = (channel(), channel::<()>());
        future.add_done_callback(move |_| {
            begin.send(()).expect("the test waits for the callback");
            let _ = released.recv();
        });
        Self { future, callback_begun, release }
    }

    fn await_callback(&self) {
        self.callback_begun.recv().expect("the callback is called");
        assert!(!self.future.done(), "its callback still runs");
    }

    fn release(self) -> Future<()> {
        drop(self.release);
        self.future
    }

    /// Lets the callback end, and waits for the future.
    fn let_go(self) {
        assert!(self.release().error().is_some());
    }
}

#[test]
fn d4_a_callback_of_a_late_task_waits_for_one_whose_deadline_comes_later() {
    bounded(|| {
        let (pool, door) = (pool(2), Door::default());
        let second = late(&pool, SOON * 30, &door);
        let first = late(&pool, SOON, &door);
        let (tell, told) = channel();
        first.add_done_callback(move |_| tell.send(second.result().unwrap_err().name()).unwrap());
        assert_eq!(told.recv(), Ok("DeadlineExceeded"));
        assert_eq!(first.result().unwrap_err().name(), "DeadlineExceeded");
        door.open();
    });
}

#[test]
fn d4_a_callback_that_blocks_on_a_channel_holds_up_no_other_deadline() {
    bounded(|| {
        let (pool, door) = (pool(5), Door::default());
        let blocked: Vec<_> = (0..4).map(|_| Blocked::add_to(late(&pool, SOON, &door))).collect();
        blocked.iter().for_each(Blocked::await_callback);
        let plain = late(&pool, SOON, &door);
        assert_eq!(plain.result().unwrap_err().name(), "DeadlineExceeded");
        blocked.into_iter().for_each(Blocked::let_go);
        door.open();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_adds_up(pool.stats());
    });
}

#[test]
fn short_callbacks_of_late_tasks_run_one_after_the_other() {
    bounded(|| {
        let (pool, door) = (pool(20), Door::default());
        let running = Arc::new(AtomicUsize::new(0));
        let futures: Vec<_> = (0..20).map(|_| late(&pool, SOON, &door)).collect();
        let (tell, told) = channel();
        for future in &futures {
            let (running, tell) = (running.clone(), tell.clone());
            future.add_done_callback(move |_| {
                running.fetch_add(1, Ordering::SeqCst);
                thread::yield_now();
                tell.send(running.fetch_sub(1, Ordering::SeqCst)).unwrap();
            });
        }
        let most = told.iter().take(20).max();
        // One that was late itself may have had a second thread come to its help.
        assert!(most <= Some(3), "{most:?} at once");
        door.open();
    });
}

#[test]
fn d4_a_kill_gives_everything_up_whatever_the_callbacks_wait_for() {
    bounded(|| {
        for grace in [AT_ONCE, SOON] {
            let (pool, door) = (pool(3), Door::default());
            let begin = || {
                let inner = door.clone();
                pool.spawn(move || inner.pass())
            };
            let running: Vec<_> = (0..3).map(|_| Blocked::add_to(begin())).collect();
            door.await_arrivals(3);
            let waiting: Vec<_> = (0..3).map(|_| Blocked::add_to(pool.spawn(|| ()))).collect();
            let plain = pool.spawn(|| ());
            pool.shutdown(Shutdown::kill(grace));
            assert!(plain.cancelled());
            running.iter().chain(&waiting).for_each(Blocked::await_callback);
            let report = pool.shutdown(Shutdown::drain().within(AT_ONCE));
            assert_eq!((report.abandoned, report.cancelled), (3, 4), "{report:?}");
            waiting.into_iter().for_each(Blocked::let_go);
            running.into_iter().for_each(Blocked::let_go);
            door.open();
        }
    });
}

#[test]
fn d3_d4_a_callback_of_what_a_shutdown_cancels_holds_it_no_longer_than_its_limit() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        let waiting: Vec<_> = (0..3).map(|_| Blocked::add_to(pool.spawn(|| ()))).collect();
        let plain = pool.spawn(|| ());
        pool.shutdown(Shutdown::cancel_pending().within(SOON));
        assert!(plain.cancelled());
        waiting.iter().for_each(Blocked::await_callback);
        waiting.into_iter().for_each(Blocked::let_go);
        held.release();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
    });
}

#[test]
fn d4_whatever_breaks_a_pool_rejects_all_that_waits() {
    bounded(|| {
        let (begin, begun) = channel::<()>();
        let begun = Mutex::new(begun);
        let unfit = move || {
            let _ = begun.lock().unwrap().recv();
            Err("unfit")
        };
        let pool = ThreadPool::builder().max_workers(1).initializer(unfit).build().unwrap();
        let waiting: Vec<_> = (0..3).map(|_| Blocked::add_to(pool.spawn(|| ()))).collect();
        drop(begin);
        waiting.iter().for_each(Blocked::await_callback);
        waiting.into_iter().for_each(Blocked::let_go);
    });
}

#[test]
fn a_drain_waits_for_the_callbacks_of_late_tasks() {
    bounded(|| {
        let (pool, door) = (pool(2), Door::default());
        let blocked: Vec<_> = (0..2).map(|_| Blocked::add_to(late(&pool, SOON, &door))).collect();
        blocked.iter().for_each(Blocked::await_callback);
        door.open();
        let report = pool.shutdown(Shutdown::drain().within(SOON));
        assert_eq!(report.still_running, 0, "{report:?}");
        let futures: Vec<_> = blocked.into_iter().map(Blocked::release).collect();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert!(futures.iter().all(Future::done));
    });
}

#[test]
fn a_callback_of_a_late_task_may_shut_the_pool_down() {
    bounded(|| {
        let (pool, door) = (Arc::new(pool(1)), Door::default());
        let future = late(&pool, SOON, &door);
        let handle = pool.handle();
        let (tell, told) = channel();
        future.add_done_callback(move |_| {
            handle.shutdown(Shutdown::drain());
            tell.send(()).unwrap();
        });
        told.recv().unwrap();
        door.open();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
    });
}

#[cfg(target_os = "linux")]
#[test]
fn d2_after_a_drain_no_thread_that_ran_callbacks_is_left() {
    bounded(|| {
        for _ in 0..20 {
            let pool = ThreadPool::builder().max_workers(2).thread_name_prefix("d2-calls").build().unwrap();
            let door = Door::default();
            let blocked: Vec<_> = (0..2).map(|_| Blocked::add_to(late(&pool, SOON, &door))).collect();
            blocked.iter().for_each(Blocked::await_callback);
            // Workers, the timer, and one for each callback. The system's list may be cut short where another thread ends
            // while it is read.
            while common::threads_named("d2-calls") < 2 + 1 + 2 {
                thread::yield_now();
            }
            door.open();
            blocked.into_iter().for_each(Blocked::let_go);
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
            // Joined, a thread may be listed for a moment yet.
            while common::threads_named("d2-calls") > 0 {
                thread::yield_now();
            }
        }
    });
}
