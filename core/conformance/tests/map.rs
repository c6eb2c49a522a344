//! `map` by hand: what is pulled, submitted and cancelled, seen on an executor that a test steps.

use std::cell::Cell;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use concurrent_futures_conformance::ManualExecutor;
use concurrent_futures_core::{ExecutorExt, Map, MapOptions};

/// W-18, W-19. CPython `test_map_chunksize`, `test_map_buffersize_value_validation`; pebble `map_zero_chunk`.
#[test]
fn nothing_is_no_size() {
    assert!(catch_unwind(|| MapOptions::new().chunk_size(0)).is_err());
    assert!(catch_unwind(|| MapOptions::new().buffer_size(0)).is_err());
}

/// M2, W-12: the tasks are submitted at the call, in chunks of the size asked for.
#[test]
fn a_map_submits_at_the_call() {
    let executor = ManualExecutor::new();
    let results = executor.map_with(MapOptions::new().chunk_size(4), |n: u32| n, 0..10);
    assert_eq!(executor.pending(), 3);
    executor.run_all();
    assert_eq!(results.map(Result::unwrap).collect::<Vec<u32>>(), (0..10).collect::<Vec<u32>>());
}

/// M2, W-12, W-19: the default window; its last chunk may not fit any more.
#[test]
fn by_default_a_thousand_items_are_submitted_ahead() {
    let executor = ManualExecutor::new();
    let pulled = Cell::new(0);
    let input = (0_u32..).inspect(|_| pulled.set(pulled.get() + 1));
    drop(executor.map(|n: u32| n, input));
    assert!((1_024 - 32..=1_024).contains(&pulled.get()), "{} are pulled", pulled.get());
    pulled.set(0);
    let input = (0_u32..900).inspect(|_| pulled.set(pulled.get() + 1));
    drop(executor.map(|n: u32| n, input));
    assert_eq!(pulled.get(), 900, "a small input is submitted as a whole");
}

/// M1, M2: the next items are pulled in `next`, never by anybody else.
#[test]
fn the_window_moves_with_the_consumer() {
    let executor = ManualExecutor::new();
    let pulled = Cell::new(0);
    let input = (0_u32..).inspect(|_| pulled.set(pulled.get() + 1));
    let mut results = executor.map_with(MapOptions::new().chunk_size(1).buffer_size(3), |n: u32| n, input);
    executor.run_all();
    assert_eq!((pulled.get(), executor.pending()), (3, 0));
    assert_eq!(results.next().unwrap().unwrap(), 0);
    assert_eq!((pulled.get(), executor.pending()), (3, 0));
    assert_eq!(results.next().unwrap().unwrap(), 1);
    assert_eq!((pulled.get(), executor.pending()), (4, 1));
}

/// M4, W-16: a drop in the middle cancels what waits, and lets what ran be.
#[test]
fn a_drop_cancels_what_waits() {
    let executor = ManualExecutor::new();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let function = move |n: u32| {
        count.fetch_add(1, Ordering::Relaxed);
        n
    };
    let results = Map::in_process(&executor, MapOptions::new().chunk_size(2), function, 0..10);
    assert!(executor.step());
    drop(results);
    assert_eq!(executor.run_all(), 4, "the cancelled chunks are passed over");
    assert_eq!(ran.load(Ordering::Relaxed), 2);
}

/// M4: what is dropped from inside a task of its own chunk ends that chunk early.
#[test]
fn a_drop_from_inside_a_chunk_ends_the_chunk() {
    use std::sync::Mutex;

    type Slot = Arc<Mutex<Option<Map<'static, std::ops::Range<u32>, u32>>>>;
    let executor: &'static ManualExecutor = Box::leak(Box::new(ManualExecutor::new()));
    let ran = Arc::new(AtomicUsize::new(0));
    let slot: Slot = Arc::new(Mutex::new(None));
    let (count, inner) = (ran.clone(), slot.clone());
    let function = move |n: u32| {
        count.fetch_add(1, Ordering::Relaxed);
        if n == 2 {
            drop(inner.lock().unwrap().take());
        }
        n
    };
    *slot.lock().unwrap() = Some(Map::in_process(executor, MapOptions::new().chunk_size(8), function, 0..8));
    executor.run_all();
    assert_eq!(ran.load(Ordering::Relaxed), 3);
}
