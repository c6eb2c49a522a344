//! A pool in a program that gets no more threads: its futures say so, and nothing hangs. X-29.
//!
//! Each test starts this program again, and lowers there how much memory may be mapped to less than the stack of a thread.

mod parts;

use std::error::Error;
use std::process::ExitCode;
use std::thread;

use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{Future, ProcessPool, Reason, Shutdown, TaskError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn main() -> ExitCode {
    parts::run(
        &[("nobody", submit_without_threads), ("one", go_on_with_one_worker), ("end", drain_without_a_replacement)],
        &[
            ("x29_without_a_thread_for_its_first_worker_a_pool_rejects_and_works_later", || succeeds("nobody")),
            ("x29_without_a_thread_for_another_worker_the_tasks_wait_for_those_that_are_there", || succeeds("one")),
            ("x29_without_a_thread_for_a_replacement_a_shutdown_ends", || succeeds("end")),
        ],
    )
}

fn succeeds(part: &str) {
    assert!(parts::program_that_plays(part).status().expect("the program starts again").success());
}

/// As long as this lives, the process gets no more threads.
struct NoThreads(Rlimit);

impl NoThreads {
    fn from_now_on() -> Self {
        let before = getrlimit(Resource::As);
        // Something for the heap, and less than the 2 MiB of a stack.
        let limit = Rlimit { current: Some(mapped() + (1 << 20)), maximum: before.maximum };
        setrlimit(Resource::As, limit).expect("less is always allowed");
        assert!(thread::Builder::new().spawn(|| ()).is_err(), "the limit holds");
        Self(before)
    }
}

impl Drop for NoThreads {
    fn drop(&mut self) {
        setrlimit(Resource::As, self.0).expect("the old limit is allowed again");
    }
}

/// How many bytes this process has mapped.
fn mapped() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("the system says it");
    let pages = text.split_ascii_whitespace().next().and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("a number of pages") * rustix::param::page_size() as u64
}

fn square(n: u64) -> u64 {
    n * n
}

#[track_caller]
fn assert_no_thread(future: Future<u64>) {
    let error = future.result().expect_err("nobody could run it");
    let TaskError::Rejected(rejected) = &error else { panic!("{error:?}") };
    assert!(matches!(rejected.reason(), Reason::Broken(why) if why.contains("no thread")), "{rejected}");
    assert!(rejected.source().is_some_and(<dyn Error>::is::<std::io::Error>), "{rejected:?}");
}

fn submit_without_threads() {
    let pool = ProcessPool::new(2).expect("a pool needs no thread");
    let limit = NoThreads::from_now_on();
    (0..3).for_each(|n| assert_no_thread(pool.submit(square, n)));
    assert_eq!((pool.stats().failed, pool.stats().workers, pool.stats().pending), (3, 0, 0));
    drop(limit);
    assert_eq!(pool.submit(square, 3).result().expect("it was no lasting harm"), 9);
    assert!(pool.shutdown(Shutdown::drain()).is_complete());
}

fn pass(gate: Gate) -> u32 {
    gate.pass(1);
    std::process::id()
}

fn go_on_with_one_worker() {
    let pool = ProcessPool::new(2).expect("a pool");
    let keeper = Gatekeeper::new();
    let first = pool.submit(pass, keeper.gate());
    keeper.await_arrivals(1);
    let limit = NoThreads::from_now_on();
    let rest: Vec<Future<u32>> = (0..3).map(|_| pool.submit(pass, keeper.gate())).collect();
    assert_eq!((pool.stats().workers, pool.stats().pending), (1, 3));
    keeper.open();
    let worker = first.result().expect("it ran before");
    assert!(rest.into_iter().all(|future| future.result().expect("it only waits") == worker));
    drop(limit);
    assert!(pool.shutdown(Shutdown::drain()).is_complete());
}

fn drain_without_a_replacement() {
    let pool = ProcessPool::new(1).expect("a pool");
    let keeper = Gatekeeper::new();
    let die = |gate: Gate| -> u64 {
        gate.pass(1);
        std::process::abort()
    };
    let doomed = pool.submit(die, keeper.gate());
    keeper.await_arrivals(1);
    let rest: Vec<Future<u64>> = (0..3).map(|n| pool.submit(square, n)).collect();
    let _limit = NoThreads::from_now_on();
    keeper.open();
    assert!(matches!(doomed.result(), Err(TaskError::WorkerDied(_))));
    assert!(pool.shutdown(Shutdown::drain()).is_complete());
    rest.into_iter().for_each(assert_no_thread);
}
