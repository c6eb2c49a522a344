//! Which method is taken through which pointer, with `ExecutorExt` imported: the pool's own, which take any closure,
//! through `&`, `Box`, `Arc` and a field; the trait's, which take plain functions, everywhere else. That each call
//! compiles is the test.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::sync::Arc;

use common::{bounded, pool};
use concurrent_futures_core::ExecutorExt;
use concurrent_futures_thread_pool::{
    Executor, Future, InProcess, Map, MapOptions, Shutdown, SpawnExt, TaskError, TaskOptions, ThreadPool,
};

fn ten_times(n: u64) -> u64 {
    n * 10
}

fn parse(text: String) -> Result<u64, std::num::ParseIntError> {
    text.parse()
}

fn text(n: u64) -> String {
    n.to_string()
}

fn value(future: Future<u64>) -> u64 {
    future.result().unwrap()
}

fn sum<I: Iterator<Item: Send + 'static>>(items: Map<'_, I, u64>) -> u64 {
    items.map(Result::unwrap).sum()
}

/// A type that no process could send: neither serialisable nor owned for ever is needed of it on threads.
struct NoSerde(u64);

/// Calls everything that takes a task with a closure that captures `factor`.
macro_rules! every_submit_captures {
    ($pool:expr) => {{
        let factor = 10_u64;
        let none = TaskOptions::new;
        assert_eq!(value($pool.submit(move |n: u64| n * factor, 2)), 20);
        assert_eq!(value($pool.submit_with(none(), move |n: u64| n * factor, 2)), 20);
        assert_eq!(value($pool.submit_fallible(move |n: u64| Ok::<_, String>(n * factor), 2)), 20);
        assert_eq!(value($pool.submit_fallible_with(none(), move |n: u64| Ok::<_, String>(n * factor), 2)), 20);
        assert_eq!(sum($pool.map(move |n: u64| n * factor, 0..3)), 30);
        assert_eq!(sum($pool.map_with(MapOptions::new(), move |n: u64| n * factor, 0..3)), 30);
        assert_eq!(sum($pool.map_fallible(move |n: u64| Ok::<_, String>(n * factor), 0..3)), 30);
        let options = MapOptions::new();
        assert_eq!(sum($pool.map_fallible_with(options, move |n: u64| Ok::<_, String>(n * factor), 0..3)), 30);
        assert_eq!(value($pool.spawn(move || factor)), 10);
        assert_eq!(value($pool.spawn_with(none(), move || factor)), 10);
        assert_eq!(value($pool.spawn_fallible(move || Ok::<_, String>(factor))), 10);
        let answer = $pool.spawn_fallible_with(none(), move || Ok::<_, String>(factor));
        assert_eq!(value(answer), 10);
        assert_eq!(value($pool.submit(move |NoSerde(n)| n * factor, NoSerde(3))), 30);
    }};
}

/// Calls every method of a pool with a closure that captures `factor`.
macro_rules! every_call_captures {
    ($pool:expr) => {{
        every_submit_captures!($pool);
        let factor = 10_u64;
        assert_eq!($pool.map_slice(&[1, 2], |n| n * factor).unwrap(), [10, 20]);
        assert_eq!($pool.scope(|scope| scope.spawn(|| factor).result().unwrap()), 10);
        assert_eq!(value($pool.handle().spawn(move || factor)), 10);
        assert_eq!($pool.stats().max_workers, 2);
    }};
}

/// Calls every method of `ExecutorExt` with a plain function, or a closure that captures nothing.
macro_rules! every_call_is_plain {
    ($executor:expr) => {{
        let none = TaskOptions::new;
        let numbers = || ["1", "2"].map(str::to_owned);
        assert_eq!(value($executor.submit(ten_times, 2)), 20);
        assert_eq!(value($executor.submit(|(a, b): (u64, u64)| a + b, (1, 2))), 3);
        assert_eq!(value($executor.submit_with(none(), ten_times, 2)), 20);
        assert_eq!(value($executor.submit_fallible(parse, text(7))), 7);
        assert_eq!(value($executor.submit_fallible_with(none(), parse, text(7))), 7);
        assert_eq!(sum($executor.map(ten_times, 0..3)), 30);
        assert_eq!(sum($executor.map_with(MapOptions::new(), ten_times, 0..3)), 30);
        assert_eq!(sum($executor.map_fallible(parse, numbers())), 3);
        assert_eq!(sum($executor.map_fallible_with(MapOptions::new(), parse, numbers())), 3);
        assert_eq!($executor.stats().max_workers, 2);
        assert_eq!($executor.capacity(), None);
    }};
}

#[test]
fn a_capturing_closure_goes_through_a_variable_a_reference_and_a_mutable_one() {
    bounded(|| {
        let mut pool = pool(2);
        every_call_captures!(pool);
        let by_reference = &pool;
        every_call_captures!(by_reference);
        let by_mutable_reference = &mut pool;
        every_call_captures!(by_mutable_reference);
    });
}

#[test]
fn a_capturing_closure_goes_through_a_box_and_an_arc() {
    bounded(|| {
        let boxed = Box::new(pool(2));
        every_call_captures!(boxed);
        let shared = Arc::new(pool(2));
        every_call_captures!(shared);
        let reference_to_shared = &shared;
        every_call_captures!(reference_to_shared);
    });
}

#[test]
fn a_capturing_closure_goes_through_a_field() {
    struct Owner {
        pool: ThreadPool,
    }
    struct Borrower<'a> {
        pool: &'a ThreadPool,
    }
    struct Sharer {
        pool: Arc<ThreadPool>,
    }
    bounded(|| {
        let owner = Owner { pool: pool(2) };
        every_call_captures!(owner.pool);
        let borrower = Borrower { pool: &owner.pool };
        every_call_captures!(borrower.pool);
        let sharer = Sharer { pool: Arc::new(pool(2)) };
        every_call_captures!(sharer.pool);
    });
}

#[test]
fn a_capturing_closure_goes_through_a_handle_and_a_slot() {
    bounded(|| {
        let pool = pool(2);
        let handle = pool.handle();
        every_submit_captures!(handle);
        let slot = futures_lite::future::block_on(pool.ready()).unwrap();
        every_submit_captures!(slot);
        every_call_is_plain!(&slot as &dyn Executor);
        every_call_is_plain!(&slot as &dyn InProcess);
    });
}

#[test]
fn a_plain_function_goes_through_a_reference_to_a_reference() {
    bounded(|| {
        let pool = pool(2);
        let twice = &&pool;
        every_call_is_plain!(twice);
    });
}

#[test]
fn a_plain_function_goes_through_every_pointer_to_dyn_executor() {
    bounded(|| {
        let pool: Box<dyn Executor> = Box::new(pool(2));
        every_call_is_plain!(pool);
        let by_reference: &dyn Executor = &pool;
        every_call_is_plain!(by_reference);
        let shared: Arc<dyn Executor> = Arc::new(common::pool(2));
        every_call_is_plain!(shared);
        assert!(shared.shutdown(Shutdown::drain()).is_complete());
    });
}

#[test]
fn a_plain_function_goes_through_generic_code() {
    fn generic(executor: &impl Executor) {
        every_call_is_plain!(executor);
    }
    fn unsized_generic<E: Executor + ?Sized>(executor: &E) {
        every_call_is_plain!(executor);
    }
    bounded(|| {
        let pool = pool(2);
        generic(&pool);
        generic(&pool.handle());
        generic(&&pool);
        unsized_generic::<dyn Executor>(&pool);
        let boxed: Box<dyn Executor> = Box::new(pool);
        generic(&boxed);
    });
}

#[test]
fn dyn_in_process_takes_plain_functions_by_name_and_any_closure_by_spawn() {
    fn every_way(executor: &dyn InProcess) {
        every_call_is_plain!(executor);
        let captured = NoSerde(10);
        assert_eq!(value(executor.spawn(move || captured.0)), 10);
        assert_eq!(value(executor.spawn_with(TaskOptions::new(), || 11)), 11);
        let failed = executor.spawn_fallible(|| Err::<u64, _>("12"));
        assert!(matches!(failed.result(), Err(TaskError::Failed(_))));
        let sum: u64 =
            Map::in_process(executor, MapOptions::new(), |NoSerde(n)| n, (0..4).map(NoSerde)).map(Result::unwrap).sum();
        assert_eq!(sum, 6);
    }
    bounded(|| {
        let pool = pool(2);
        every_way(&pool);
        every_way(&pool.handle());
        let boxed: Box<dyn InProcess> = Box::new(pool);
        every_way(&*boxed);
        every_call_is_plain!(boxed);
        let shared: Arc<dyn InProcess> = Arc::from(boxed);
        every_way(&*shared);
        every_call_is_plain!(shared);
        let as_executor: &dyn Executor = &shared;
        every_call_is_plain!(as_executor);
    });
}
