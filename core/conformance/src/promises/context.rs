//! What goes along with a task: H1 to H3, as numbered in the core crate's `context`.

use concurrent_futures_core::{Executor, ExecutorExt, MapOptions, TaskError, context};

use crate::Backend;
use crate::request::{
    PANICS_BEFORE, PANICS_BEHIND, PANICS_IN_CAPTURE, PANICS_IN_DECODE, PANICS_IN_DROP, PANICS_IN_ENCODE, REQUEST,
    RequestHook,
};

/// Calls `body` on a thread that has this request.
fn with<R>(request: u64, body: impl FnOnce() -> R) -> R {
    context::register(RequestHook);
    let before = REQUEST.replace(request);
    let result = body();
    REQUEST.set(before);
    result
}

fn request(_: u64) -> u64 {
    REQUEST.get()
}

/// Changes what it has, as a careless task does.
fn change(to: u64) -> u64 {
    REQUEST.replace(to)
}

fn panic_with(text: String) -> u64 {
    panic!("{text}")
}

/// H1
pub fn a_task_has_what_its_submitter_had<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let futures: Vec<_> = (1..=20).map(|n| with(n, || executor.submit(request, 0))).collect();
    let requests: Vec<u64> = futures.into_iter().map(|future| future.result().unwrap()).collect();
    assert!(requests.into_iter().eq(1..=20), "in a worker process the hook is registered before `init`");
}

/// H1
pub fn a_map_has_what_was_there_when_it_was_called<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let executor: &dyn Executor = &executor;
    for options in [MapOptions::new(), MapOptions::new().chunk_size(3).buffer_size(9), MapOptions::new().unordered()] {
        let map = with(7, || executor.map_with(options, request, 0..100));
        let requests: Vec<u64> = with(8, || map.map(Result::unwrap).collect());
        assert_eq!(requests, [7; 100]);
    }
}

/// H2
pub fn nothing_stays_behind_a_task<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let ours = REQUEST.get();
    for _ in 0..3 {
        assert_eq!(with(5, || executor.submit(change, 6)).result().unwrap(), 5);
        assert_eq!(with(0, || executor.submit(request, 0)).result().unwrap(), 0);
        // Each task of a chunk has it anew.
        let map = with(5, || executor.map_with(MapOptions::new().chunk_size(10), change, [6; 10]));
        assert_eq!(map.map(Result::unwrap).collect::<Vec<_>>(), [5; 10]);
    }
    assert_eq!(REQUEST.get(), ours, "also where the submitter runs them itself");
}

/// H2
pub fn a_panic_of_the_task_is_its_own_and_leaves_nothing<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let error = with(5, || executor.submit(panic_with, "of the task".to_owned())).result().unwrap_err();
    assert!(matches!(&error, TaskError::Panicked(panicked) if panicked.message() == "of the task"), "{error}");
    assert_eq!(with(0, || executor.submit(request, 0)).result().unwrap(), 0);
}

/// H3
pub fn a_hook_that_panics_fails_its_task_alone<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let submit = |n| with(n, || executor.submit(request, 0));
    let (good, captured, before) = (submit(1), submit(PANICS_IN_CAPTURE), submit(PANICS_BEFORE));
    let (behind, encoded, decoded) = (submit(PANICS_BEHIND), submit(PANICS_IN_ENCODE), submit(PANICS_IN_DECODE));
    let (dropped, also_good) = (submit(PANICS_IN_DROP), submit(2));
    assert_eq!((good.result().unwrap(), also_good.result().unwrap()), (1, 2));
    for (future, place) in [(captured, "in capture"), (before, "before")] {
        let error = future.result().unwrap_err();
        let TaskError::Panicked(panicked) = &error else { panic!("{error}") };
        assert!(panicked.message().starts_with(&format!("a context hook: {place}")), "{panicked}");
    }
    for (future, n) in [(behind, PANICS_BEHIND), (dropped, PANICS_IN_DROP)] {
        assert_eq!(future.result().unwrap(), n, "the task has run, and its value is there");
    }
    for (future, n) in [(encoded, PANICS_IN_ENCODE), (decoded, PANICS_IN_DECODE)] {
        match future.result() {
            // Nothing is encoded where the task stays in this process.
            Ok(value) => assert_eq!(value, n),
            Err(error) => assert!(error.to_string().contains("a context hook: in "), "{error}"),
        }
    }
}
