//! A call gives its value. Fits any executor, also one that runs its tasks in the caller.

use std::sync::Arc;
use std::time::Duration;

use concurrent_futures_core::{Executor, ExecutorExt, Future, TaskOptions, task};

use super::tasks::{announce, square};
use crate::{Backend, Gatekeeper};

/// E-01. CPython `test_submit`, pebble `single_future`.
pub fn a_call_gives_its_value<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    assert_eq!(executor.submit(square, 9).result().unwrap(), 81);
}

/// A closure that captures nothing is a plain function.
pub fn a_closure_without_captures_is_a_function<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let future = executor.submit(|text: String| text.to_uppercase(), "loud".to_owned());
    assert_eq!(future.result().unwrap(), "LOUD");
}

/// E-02, as far as Rust has it. CPython `test_submit_keyword`.
pub fn several_arguments_travel_as_a_tuple<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let future = executor.submit(|(a, b, name)| format!("{name}: {}", a + b), (1_u8, 2_u8, "sum".to_owned()));
    assert_eq!(future.result().unwrap(), "sum: 3");
}

/// No argument and no value are an argument and a value too.
pub fn unit_is_a_value<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    executor.submit(|(): ()| (), ()).result().unwrap();
}

/// Pebble `multiple_futures`.
pub fn many_calls_give_each_its_own_value<B: Backend>(backend: &B) {
    let executor = backend.make(3);
    let futures: Vec<Future<u64>> = (0..200).map(|n| executor.submit(square, n)).collect();
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result().unwrap(), n * n);
    }
}

/// F-34: a value is looked at as often as wanted, and then moved out.
pub fn a_value_is_looked_at_and_then_moved<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let future = executor.submit(square, 3);
    assert_eq!(future.get().unwrap(), &9);
    assert_eq!(future.get().unwrap(), &9);
    assert!(future.error().is_none());
    assert_eq!(future.result().unwrap(), 9);
}

/// P-22. Pebble `large_data`: a megabyte there, and another one back.
pub fn large_arguments_and_results_arrive_whole<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let there: Vec<u8> = (0..1 << 20).map(|n: u32| (n % 251) as u8).collect();
    let future = executor.submit(
        |mut bytes: Vec<u8>| {
            bytes.reverse();
            bytes
        },
        there.clone(),
    );
    let back = future.result().unwrap();
    assert!(back.iter().rev().eq(&there), "what came back is not what was sent");
}

/// E-15: a task whose future is dropped runs nevertheless.
pub fn a_task_runs_although_its_future_is_dropped<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    executor.submit(announce, (keeper.gate(), 1)).detach();
    drop(executor.submit(announce, (keeper.gate(), 2)));
    keeper.await_arrivals(2);
}

/// E-23: the same call through `&E`, `Box<dyn Executor>` and `Arc<dyn Executor>`.
pub fn every_pointer_to_an_executor_is_one<B: Backend>(backend: &B) {
    fn nine(executor: &(impl Executor + ?Sized)) -> u64 {
        executor.submit(square, 3).result().unwrap()
    }
    let executor = backend.make(1);
    assert_eq!(nine(&executor), 9);
    assert_eq!(nine(&&executor), 9);
    let boxed: Box<dyn Executor> = Box::new(executor);
    assert_eq!(nine(&boxed), 9);
    assert_eq!(nine(&*boxed), 9);
    let shared: Arc<dyn Executor> = Arc::from(boxed);
    assert_eq!(nine(&shared), 9);
    assert_eq!(shared.submit(square, 3).result().unwrap(), 9);
}

/// What a task knows about itself: its id is the future's, its label the one given, and this is its first attempt.
pub fn a_task_knows_its_id_label_and_attempt<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit_with(
        TaskOptions::new().label("census"),
        |(): ()| {
            let task = task::current();
            (task.id().map(concurrent_futures_core::TaskId::as_u64), task.label(), task.attempt(), task.is_cancelled())
        },
        (),
    );
    let id = future.id();
    let (told, label, attempt, cancelled) = future.result().unwrap();
    assert_eq!(told, Some(id.as_u64()));
    assert_eq!((label.as_deref(), attempt, cancelled), (Some("census"), 1, false));
}

/// Retries are accepted everywhere; a task whose worker lives is not run again for them.
pub fn retries_do_not_repeat_what_did_not_die<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let options = TaskOptions::new().retries(3);
    assert_eq!(executor.submit_with(options.clone(), announce, (keeper.gate(), 1)).result().unwrap(), 1);
    let failing = executor.submit_with(
        options,
        |(gate, n): (crate::Gate, u64)| {
            gate.announce(n);
            assert!(n == 0, "not zero");
        },
        (keeper.gate(), 2),
    );
    assert!(failing.error().is_some());
    assert_eq!(keeper.arrivals(), [1, 2]);
}

/// Mpi4py `multiple_executors`, `shared_executors`.
pub fn several_executors_work_side_by_side<B: Backend>(backend: &B) {
    let executors: Vec<B::Executor> = (0..3).map(|_| backend.make(1)).collect();
    let futures: Vec<Future<u64>> = (0..30).map(|n| executors[n as usize % 3].submit(square, n)).collect();
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result().unwrap(), n * n);
    }
}

/// F-31, F-38: a bounded wait for what is done gives the outcome, be the bound nothing at all.
pub fn a_bounded_wait_gives_what_is_done<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.submit(square, 4);
    future.wait();
    assert!(future.done() && future.wait_timeout(Duration::ZERO));
    let value = future.result_timeout(Duration::ZERO).expect("it is done").unwrap();
    assert_eq!(value, 16);
}

/// F-60. CPython `test_repr`, for what an executor ends.
pub fn the_text_of_a_future_tells_its_end<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let returned = executor.submit(square, 4);
    returned.wait();
    assert!(returned.to_string().ends_with("state=finished returned u64>"), "{returned}");
    let raised = executor.submit_fallible(|n: u64| if n == 0 { Ok(n) } else { Err("not zero") }, 1);
    raised.wait();
    assert!(raised.to_string().ends_with("state=finished raised Failed>"), "{raised}");
    assert!(raised.error().is_some());
}
