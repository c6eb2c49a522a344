//! Where two features meet: each of these went wrong once.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use common::{Door, assert_adds_up, bounded, pool};
use concurrent_futures_thread_pool::{
    AnyFuture, BuildError, Future, MapOptions, Observer, PoolHandle, Promise, Shutdown, Tally, TaskError, TaskId,
    TaskOptions, ThreadPool, WhenFull, blocking,
};

/// Runs `body` inside so many callbacks.
fn inside_callbacks(depth: usize, body: impl FnOnce() + Send + 'static) {
    let mut step: Box<dyn FnOnce() + Send> = Box::new(body);
    for _ in 0..depth {
        let (promise, future) = Promise::<()>::new();
        let inner = step;
        future.add_done_callback(move |_| inner());
        step = Box::new(move || {
            drop(future);
            promise.start().unwrap().complete(());
        });
    }
    step();
}

#[test]
fn a_wait_inside_blocking_replaces_the_worker_once() {
    bounded(|| {
        let (pool, other) = (pool(1), Arc::new(pool(1)));
        let door = Door::default();
        let inner = door.clone();
        let slow = other.spawn(move || inner.pass());
        let waits = pool.spawn(move || blocking(|| slow.result_timeout(Duration::from_secs(3_600)).is_ok()));
        door.await_arrivals(1);
        door.open();
        assert!(waits.result().unwrap());
        assert_eq!(pool.stats().blocked, 0);
    });
}

#[test]
fn a_thread_name_with_a_nul_is_refused_when_the_pool_is_built() {
    let built = ThreadPool::builder().max_workers(1).thread_name_prefix("a\0b").build();
    assert!(matches!(built, Err(BuildError::InvalidOption(text)) if text.contains("NUL")));
}

#[test]
fn a_scope_in_a_deep_callback_pays_what_its_thread_owes() {
    bounded(|| {
        let pool = pool(2);
        inside_callbacks(16, move || {
            let (promise, future) = Promise::<()>::new();
            future.add_done_callback(|_| ());
            promise.start().unwrap().complete(());
            pool.scope(|scope| drop(scope.spawn(|| future.wait())));
        });
    });
}

#[test]
fn blocking_in_a_deep_callback_pays_what_its_thread_owes() {
    bounded(|| {
        let pool = pool(2);
        inside_callbacks(16, move || {
            let (promise, future) = Promise::<()>::new();
            future.add_done_callback(|_| ());
            promise.start().unwrap().complete(());
            let (tx, rx) = mpsc::channel();
            pool.spawn(move || {
                future.wait();
                tx.send(()).unwrap();
            })
            .detach();
            blocking(|| rx.recv().unwrap());
        });
    });
}

#[test]
fn a_failed_future_has_failed_also_while_another_thread_looks_at_it() {
    bounded(|| {
        let pool = pool(1);
        for _ in 0..2_000 {
            let (promise, future) = Promise::<()>::new();
            drop(promise);
            let begun = AtomicBool::new(false);
            pool.scope(|scope| {
                let looks = scope.spawn(|| {
                    begun.store(true, Ordering::SeqCst);
                    future.error().is_some()
                });
                while !begun.load(Ordering::SeqCst) {
                    std::hint::spin_loop();
                }
                assert!((0..20).all(|_| AnyFuture::failed(&future)));
                assert!(looks.result().unwrap());
            });
        }
    });
}

#[test]
fn map_slice_does_with_fewer_runners_where_the_queue_is_full() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(4).max_pending(1, WhenFull::Reject).build().unwrap();
        for _ in 0..50 {
            assert_eq!(pool.map_slice(&[1, 2, 3, 4], |n| n + 1).unwrap(), [2, 3, 4, 5]);
        }
    });
}

#[test]
fn the_largest_options_of_a_map_mean_what_they_say() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(usize::MAX).build().unwrap();
        let options = MapOptions::new().chunk_size(usize::MAX);
        assert_eq!(pool.map_with(options, |n: u32| n, 0..10).count(), 10);
        assert_eq!(pool.map_with(MapOptions::new().buffer_size(5), |n: u32| n, 0..10).count(), 10);
    });
}

#[test]
fn a_shutdown_through_a_handle_is_explicit_too() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let inner = door.clone();
        let task = pool.spawn(move || inner.pass());
        door.await_arrivals(1);
        pool.handle().shutdown(Shutdown::drain().within(Duration::ZERO));
        drop(pool);
        assert!(!task.done(), "the drop has not waited");
        door.open();
        task.result().unwrap();
    });
}

/// Kills the pool when a certain task starts.
struct KillsAtStart(Arc<OnceLock<(PoolHandle, TaskId)>>);

impl Observer for KillsAtStart {
    fn started(&self, id: TaskId, _worker: usize) {
        if let Some((pool, victim)) = self.0.get()
            && *victim == id
        {
            pool.shutdown(Shutdown::kill(Duration::ZERO));
        }
    }
}

#[test]
fn nothing_begins_on_top_of_a_task_that_was_given_up() {
    bounded(|| {
        let victim = Arc::new(OnceLock::new());
        let observer = KillsAtStart(victim.clone());
        let pool = ThreadPool::builder().max_workers(1).observer(observer).build().unwrap();
        let has_run = Arc::new(AtomicBool::new(false));
        let (handle, runs) = (pool.handle(), has_run.clone());
        let (tx, rx) = mpsc::channel();
        let outer = pool.spawn(move || {
            let inner = handle.spawn(move || runs.store(true, Ordering::SeqCst));
            assert!(victim.set((handle, inner.id())).is_ok());
            inner.wait();
            tx.send(inner).unwrap();
        });
        assert!(rx.recv().unwrap().cancelled());
        assert!(!has_run.load(Ordering::SeqCst));
        assert!(matches!(outer.result(), Err(TaskError::Abandoned(_))));
        drop(pool);
    });
}

#[test]
fn a_pool_in_a_result_that_nobody_wants_is_not_waited_for_by_a_worker_of_another() {
    bounded(|| {
        let outer = pool(1);
        let handle = outer.handle();
        let door = Door::default();
        let inner = door.clone();
        let (tx, rx) = mpsc::channel();
        let makes = move || {
            let pool = pool(1);
            let waits = move || {
                inner.pass();
                handle.spawn(|| ()).result().is_ok()
            };
            tx.send(pool.spawn(waits)).unwrap();
            door.await_arrivals(1);
            door.open();
            pool
        };
        outer.spawn(makes).detach();
        assert!(rx.recv().unwrap().result().unwrap());
    });
}

#[test]
fn a_panic_in_map_slice_aborts_nothing_where_destructors_panic_too() {
    struct Touchy;
    impl Drop for Touchy {
        fn drop(&mut self) {
            panic!("the destructor")
        }
    }
    bounded(|| {
        let pool = pool(1);
        // One range of four elements for the one worker: the second fails, and the first has a destructor.
        let items = [0; 16];
        let calls = AtomicUsize::new(0);
        let function =
            |_: &i32| if calls.fetch_add(1, Ordering::SeqCst) == 1 { panic!("the function") } else { Touchy };
        let mapped = catch_unwind(AssertUnwindSafe(|| pool.map_slice(&items, function).map(drop)));
        assert_eq!(mapped.unwrap_err().downcast_ref(), Some(&"the destructor"), "as of any local of the caller");
        assert_eq!(pool.spawn(|| 1).result().unwrap(), 1);
    });
}

/// A task that needs a deadline or a kill to end.
fn stuck(pool: &ThreadPool, options: TaskOptions, door: &Door) -> Future<()> {
    let inner = door.clone();
    pool.spawn_with(options, move || inner.pass())
}

#[test]
fn d3_a_callback_of_a_late_task_does_not_hold_a_shutdown_beyond_its_limit() {
    bounded(|| {
        let pool = pool(1);
        let (task, callback) = (Door::default(), Door::default());
        let future = stuck(&pool, TaskOptions::new().deadline(Duration::from_millis(1)), &task);
        let inner = callback.clone();
        future.add_done_callback(move |_| inner.pass());
        callback.await_arrivals(1);
        task.open();
        pool.shutdown(Shutdown::drain().within(Duration::from_millis(20)));
        assert!(!future.done());
        callback.open();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert!(future.done());
        assert_adds_up(pool.stats());
    });
}

#[test]
fn a_late_task_is_counted_before_anybody_hears_of_it() {
    bounded(|| {
        let pool = pool(1);
        for late in 1..=50 {
            let door = Door::default();
            let future = stuck(&pool, TaskOptions::new().deadline(Duration::from_micros(100)), &door);
            assert!(future.error().is_some());
            assert_eq!(pool.stats().failed, late);
            door.open();
        }
    });
}

#[test]
fn a_callback_of_a_killed_task_waits_for_another_that_is_killed() {
    bounded(|| {
        let pool = pool(2);
        let door = Door::default();
        let [first, second] = [(), ()].map(|()| stuck(&pool, TaskOptions::new(), &door));
        door.await_arrivals(2);
        let (tx, rx) = mpsc::channel();
        first.add_done_callback(move |_| tx.send(second.result()).unwrap());
        pool.shutdown(Shutdown::kill(Duration::ZERO));
        assert!(matches!(rx.recv().unwrap(), Err(TaskError::Abandoned(_))));
        assert!(matches!(first.result(), Err(TaskError::Abandoned(_))));
        door.open();
    });
}

#[test]
fn an_observer_shuts_the_pool_down_where_a_deadline_is_told() {
    struct ShutsDown(Arc<OnceLock<PoolHandle>>, mpsc::Sender<()>);
    impl Observer for ShutsDown {
        fn finished(&self, _first: TaskId, _tally: Tally) {
            self.0.get().unwrap().shutdown(Shutdown::drain());
            self.1.send(()).unwrap();
        }
    }
    bounded(|| {
        let (tx, rx) = mpsc::channel();
        let handle = Arc::new(OnceLock::new());
        let observer = ShutsDown(handle.clone(), tx);
        let pool = ThreadPool::builder().max_workers(1).observer(observer).build().unwrap();
        handle.set(pool.handle()).unwrap();
        let door = Door::default();
        let future = stuck(&pool, TaskOptions::new().deadline(Duration::from_millis(1)), &door);
        rx.recv().unwrap();
        door.open();
        assert!(future.result().is_err());
    });
}
