//! How a program ends that uses an executor: each promise starts this very program again, which plays a part and ends.
//! For a program whose `main` calls [`run_cases`](crate::run_cases).

use std::env;
use std::process::{Command, Stdio, exit};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use concurrent_futures_core::{Executor, ExecutorExt, Future, MapOptions, Shutdown, TaskError};

use super::tasks::announce;
use crate::{Backend, Gate, Gatekeeper, LIMIT};

/// Tells the program that is started again which part to play, and at which gate its tasks are seen.
const ORDER: &str = "CONCURRENT_FUTURES_CONFORMANCE_EXIT";

/// What is written instead of a `main`; the gate is the one of the test.
type Part<B> = fn(&B, Gate);

/// Plays the part that the environment asks for, as the rest of `main`. False if it asks for none.
pub(crate) fn play<B: Backend>(backend: &B) -> bool {
    let Ok(order) = env::var(ORDER) else { return false };
    let (name, gate) = order.split_once(' ').expect("an order is a name and a gate");
    let part: Part<B> = match name {
        "drops" => drops_it,
        "returns" => does_not_wait,
        "cancels" => cancels,
        "leaks" => leaks_it,
        "maps" => maps_and_does_not_read,
        other => panic!("there is no part named {other}"),
    };
    limit_the_program();
    part(backend, Gate::from_text(gate).expect("the gate of the test"));
    true
}

/// A part that hangs ends by itself, so that none is left behind.
fn limit_the_program() {
    let (forever, end) = mpsc::channel::<()>();
    thread::spawn(move || {
        let _nobody_tells = forever;
        let _hung = end.recv_timeout(LIMIT / 2);
        exit(101);
    });
}

/// Starts the program again, and waits for its end. It must end well, and say nothing on stderr.
fn end_of_a_program_that(part: &str, keeper: &Gatekeeper) {
    let program = env::current_exe().expect("the program knows its file");
    let order = format!("{part} {}", keeper.gate().to_text());
    let mut command = Command::new(program);
    command.env(ORDER, order).stdin(Stdio::null());
    let output = command.output().expect("the program starts again");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{part}: {}, {complaints}", output.status);
}

fn pass_and_announce((inner, outer, n): (Gate, Gate, u64)) {
    inner.pass(n);
    outer.announce(n);
}

fn announce_and_get_stuck((inner, outer, n): (Gate, Gate, u64)) {
    outer.announce(n);
    inner.announce(n);
    loop {
        thread::park();
    }
}

/// Occupies the only worker for longer than the program lives.
fn occupy(executor: &dyn Executor, outer: Gate) {
    let keeper = Gatekeeper::new();
    executor.submit(announce_and_get_stuck, (keeper.gate(), outer, 0)).detach();
    keeper.await_arrivals(1);
}

fn drops_it<B: Backend>(backend: &B, outer: Gate) {
    let executor = backend.make(2);
    // Dropped before the executor, and only then open.
    let keeper = Gatekeeper::new();
    (0..5).for_each(|n| executor.submit(pass_and_announce, (keeper.gate(), outer, n)).detach());
    keeper.await_arrivals(2);
}

/// S-15. CPython `test_interpreter_shutdown`: the end of `main` drops the executor, which runs all that it took.
pub fn at_the_end_of_main_all_that_was_taken_runs<B: Backend>(_: &B) {
    let keeper = Gatekeeper::new();
    end_of_a_program_that("drops", &keeper);
    let mut ran = keeper.arrivals();
    ran.sort_unstable();
    assert_eq!(ran, [0, 1, 2, 3, 4]);
}

fn does_not_wait<B: Backend>(backend: &B, outer: Gate) {
    let executor = backend.make(1);
    occupy(&executor, outer);
    executor.submit(announce, (outer, 1)).detach();
    executor.shutdown(Shutdown::drain().within(Duration::ZERO));
}

/// S-17. CPython `test_hang_gh83386`; loky `hang_issue39205`: after a shutdown that didn't wait, nor does the end.
pub fn after_a_shutdown_that_did_not_wait_the_program_ends<B: Backend>(_: &B) {
    let keeper = Gatekeeper::new();
    end_of_a_program_that("returns", &keeper);
    assert_eq!(keeper.arrivals(), [0]);
}

fn cancels<B: Backend>(backend: &B, outer: Gate) {
    let executor = backend.make(1);
    occupy(&executor, outer);
    let waiting: Vec<Future<u64>> = (1..4).map(|n| executor.submit(announce, (outer, n))).collect();
    executor.shutdown(Shutdown::cancel_pending().within(Duration::ZERO));
    assert!(waiting.into_iter().all(|future| matches!(future.result(), Err(TaskError::Cancelled))));
}

/// S-17. CPython `test_cancel_futures_wait_false`: what waited is cancelled, and what runs holds nobody up.
pub fn after_a_cancel_that_did_not_wait_the_program_ends<B: Backend>(_: &B) {
    let keeper = Gatekeeper::new();
    end_of_a_program_that("cancels", &keeper);
    assert_eq!(keeper.arrivals(), [0]);
}

fn leaks_it<B: Backend>(backend: &B, outer: Gate) {
    let executor = Box::leak(Box::new(backend.make(1)));
    occupy(executor, outer);
}

/// An executor that nobody drops, in a `static` or leaked, ends with the program, its tasks with it.
pub fn an_executor_that_is_never_dropped_ends_with_the_program<B: Backend>(_: &B) {
    let keeper = Gatekeeper::new();
    end_of_a_program_that("leaks", &keeper);
    assert_eq!(keeper.arrivals(), [0]);
}

fn maps_and_does_not_read<B: Backend>(backend: &B, outer: Gate) {
    let executor = backend.make(1);
    // Dropped after the results and before the executor, and only then open.
    let keeper = Gatekeeper::new();
    let input = (0..3).map(|n| (keeper.gate(), outer, n));
    let _results = executor.map_with(MapOptions::new().chunk_size(1), pass_and_announce, input);
    keeper.await_arrivals(1);
}

/// M4, S-15. Loky `interpreter_shutdown`, the results of a map unread: what has begun ends, the rest never begins.
pub fn at_the_end_of_main_an_unread_map_is_dropped<B: Backend>(_: &B) {
    let keeper = Gatekeeper::new();
    end_of_a_program_that("maps", &keeper);
    assert_eq!(keeper.arrivals(), [0]);
}
