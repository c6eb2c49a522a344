//! A failure is the outcome of its own task, and of nothing else. Fits any executor.

use std::error::Error;
use std::fmt;

use concurrent_futures_core::{ExecutorExt, Future, Panicked, TaskError, TaskOptions};
use serde::{Deserialize, Serialize};

use super::tasks::square;
use crate::Backend;

const LINE_OF_THE_PANIC: u32 = line!() + 4;

/// Nobody's panic but its own names its line.
fn reciprocal(n: u64) -> u64 {
    assert!(n > 0, "nothing is the reciprocal of {n}");
    1 / n
}

fn panic_of<T>(future: &Future<T>) -> &Panicked {
    match future.error() {
        Some(TaskError::Panicked(panicked)) => panicked,
        other => panic!("it should have panicked: {other:?}"),
    }
}

/// E-12, P-23. CPython `test_traceback`: the message and the line of the panic arrive.
pub fn a_panic_arrives_with_message_and_place<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit(reciprocal, 0);
    let panicked = panic_of(&future);
    assert_eq!(panicked.message(), "nothing is the reciprocal of 0");
    if let Some(location) = panicked.location() {
        let place = format!("failure.rs:{LINE_OF_THE_PANIC}:");
        assert!(location.contains(&place), "the place of the panic is {location}, not {place}");
    }
    assert!(future.result().unwrap_err().to_string().contains("nothing is the reciprocal of 0"));
}

/// E-12: a panic whose payload is no text ends the future like any other.
pub fn a_panic_without_text_ends_the_future<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit(
        |n: u32| {
            if n > 0 {
                std::panic::panic_any(n)
            }
        },
        7,
    );
    assert!(matches!(future.result(), Err(TaskError::Panicked(_))));
}

/// E-11. Pebble `exception_isolated`: the worker goes on with the next task.
pub fn the_next_task_is_fine<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    for n in 1..20 {
        assert!(executor.submit(reciprocal, 0).error().is_some());
        assert_eq!(executor.submit(square, n).result().unwrap(), n * n);
    }
}

/// Procspawn `basic`: of sixteen tasks every fourth panics.
pub fn of_many_tasks_only_the_panicking_ones_fail<B: Backend>(backend: &B) {
    let executor = backend.make(4);
    let futures: Vec<Future<u64>> = (0..16).map(|n| executor.submit(reciprocal, n % 4)).collect();
    let failed: Vec<bool> = futures.into_iter().map(|future| future.result().is_err()).collect();
    let expected: Vec<bool> = (0..16).map(|n| n % 4 == 0).collect();
    assert_eq!(failed, expected);
}

#[derive(Debug)]
struct Outer(Inner);

#[derive(Debug)]
struct Inner;

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("can't open the index")
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such file")
    }
}

impl Error for Inner {}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// P-26. Pebble `error`: what a task returns as its error is the future's error, with type, message and causes.
pub fn a_returned_error_is_the_futures_with_all_its_causes<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit_fallible(|n: u64| if n > 0 { Err(Outer(Inner)) } else { Ok(n) }, 1);
    match future.result() {
        Err(TaskError::Failed(failed)) => {
            assert_eq!(failed.message(), "can't open the index");
            assert_eq!(failed.to_string(), "the task failed: can't open the index");
            assert_eq!(failed.source().map(ToString::to_string).as_deref(), Some("no such file"));
            assert_eq!(failed.chain(), ["can't open the index", "no such file"]);
            assert!(failed.type_name().ends_with("Outer"), "{}", failed.type_name());
        }
        other => panic!("it should have failed: {other:?}"),
    }
    let fine = executor.submit_fallible(|n: u64| if n > 0 { Err(Outer(Inner)) } else { Ok(n) }, 0);
    assert_eq!(fine.result().unwrap(), 0);
}

/// P-24. Pebble `frozen_error`: anything that turns into an error will do.
pub fn texts_and_boxes_are_errors<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let text = executor.submit_fallible(|n: u8| if n > 0 { Err("text") } else { Ok(()) }, 1);
    let boxed = executor.submit_fallible(
        |n: u8| -> Result<(), Box<dyn Error + Send + Sync>> { if n > 0 { Err("boxed".into()) } else { Ok(()) } },
        1,
    );
    for (future, message) in [(text, "text"), (boxed, "boxed")] {
        match future.result() {
            Err(TaskError::Failed(failed)) => assert_eq!(failed.message(), message),
            other => panic!("it should have failed: {other:?}"),
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct TooSmall {
    by: u64,
}

/// P-25. Pebble `error_returned`: an error that is the value of a task is no failure.
pub fn an_error_as_a_value_is_a_success<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit(|n: u64| if n < 10 { Err(TooSmall { by: 10 - n }) } else { Ok(n) }, 7);
    let value: Result<u64, TooSmall> = future.result().unwrap();
    assert_eq!(value, Err(TooSmall { by: 3 }));
}

/// F-28. CPython `test_swallows_falsey_exceptions`: an error that is empty is an error.
pub fn an_empty_error_is_an_error<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future =
        executor.submit_fallible(|empty: String| if empty.is_empty() { Err(empty) } else { Ok(()) }, String::new());
    assert!(matches!(future.result(), Err(TaskError::Failed(failed)) if failed.message().is_empty()));
}

/// The label is how a failure names its task.
pub fn a_failure_names_its_task<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let panicked = executor.submit_with(TaskOptions::new().label("invert"), reciprocal, 0);
    assert!(panicked.result().unwrap_err().to_string().contains("`invert`"));
    let failed = executor.submit_fallible_with(TaskOptions::new().label("open"), |()| Err::<(), _>("no"), ());
    assert!(failed.result().unwrap_err().to_string().contains("`open`"));
}

/// CPython `test_killed_child` and others share one error object; here every future has its own.
pub fn every_future_has_an_error_of_its_own<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let futures: Vec<Future<u64>> = (0..8).map(|_| executor.submit(reciprocal, 0)).collect();
    for future in futures {
        assert!(future.error().is_some());
        let error = future.result().unwrap_err();
        assert_eq!(error.clone().to_string(), error.to_string());
    }
}
