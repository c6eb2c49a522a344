//! What a worker runs first: it may wait, fail and take its time.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, mpsc};

use common::{Door, bounded};
use concurrent_futures_thread_pool::{PoolHandle, ReturnWhen, ThreadPool, blocking, wait};

#[test]
fn initializers_run_side_by_side() {
    bounded(|| {
        let barrier = Arc::new(Barrier::new(2));
        let meet = move || {
            barrier.wait();
        };
        let pool = ThreadPool::builder().max_workers(2).initializer(meet).build().unwrap();
        let both = [pool.spawn(|| 1), pool.spawn(|| 2)];
        assert_eq!(both.map(|future| future.result().unwrap()), [1, 2]);
    });
}

#[test]
fn an_initializer_waits_for_a_task_of_its_own_pool() {
    bounded(|| {
        let (tx, rx) = mpsc::channel::<concurrent_futures_thread_pool::PoolHandle>();
        let rx = std::sync::Mutex::new(rx);
        let first = AtomicBool::new(true);
        let initializer = move || {
            if first.swap(false, Ordering::SeqCst) {
                let handle = rx.lock().unwrap().recv().unwrap();
                let task = handle.spawn(|| ());
                assert_eq!(wait([&task], ReturnWhen::AllCompleted, None).done.len(), 1);
            }
        };
        let pool = ThreadPool::builder().max_workers(2).initializer(initializer).build().unwrap();
        let task = pool.spawn(|| 1);
        tx.send(pool.handle()).unwrap();
        assert_eq!(task.result().unwrap(), 1);
    });
}

/// An error that can't even be printed.
struct Unprintable;

impl std::fmt::Display for Unprintable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words")
    }
}

impl std::fmt::Debug for Unprintable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Unprintable {}

#[test]
fn an_initializer_whose_error_cannot_be_printed_breaks_the_pool_and_hangs_nobody() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(1).initializer(|| Err::<(), _>(Unprintable)).build().unwrap();
        let error = pool.spawn(|| 1).result().unwrap_err();
        assert!(error.to_string().contains("no words"), "{error}");
    });
}

#[test]
fn an_initializer_that_waits_speaks_for_no_job() {
    bounded(|| {
        let handle: Arc<OnceLock<PoolHandle>> = Arc::default();
        let (told, inside) = (Door::default(), handle.clone());
        let known = told.clone();
        let (tx, rx) = mpsc::channel::<()>();
        let tx = Mutex::new(Some(tx));
        let initializer = move || {
            let first = tx.lock().unwrap().take();
            if let Some(_tx) = first {
                known.pass();
                let task = inside.get().unwrap().spawn(|| ());
                wait([&task], ReturnWhen::AllCompleted, None);
            }
        };
        let pool = ThreadPool::builder().max_workers(2).initializer(initializer).build().unwrap();
        // The first task waits for the initializer, which waits for the second.
        let first = pool.spawn(move || blocking(|| rx.recv().is_err()));
        told.await_arrivals(1);
        handle.set(pool.handle()).unwrap();
        told.open();
        assert!(first.result().unwrap());
    });
}
