//! A program that calls `init()` on a thread of its own with a large stack. Its workers are the same program, and would do
//! the same.

mod parts;

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::thread;

use concurrent_futures_process_pool::{BuildError, ProcessPool, Reason, TaskError, init};

/// Set where the program does what it should not.
const FIRST_ON_A_THREAD: &str = "CONCURRENT_FUTURES_FIRST_ON_A_THREAD";

fn main() -> ExitCode {
    if env::var_os(FIRST_ON_A_THREAD).is_some() {
        let work = thread::Builder::new().name("large stack".to_owned()).stack_size(64 << 20).spawn(work).unwrap();
        work.join().unwrap();
    }
    parts::run(
        &[("whose_workers_come_there", submit)],
        &[
            ("init_on_a_thread_marks_nothing_and_a_worker_that_comes_there_says_so", || {
                let mut program = parts::program_that_plays("whose_workers_come_there");
                assert!(program.env(FIRST_ON_A_THREAD, "yes").status().expect("the program starts again").success());
            }),
            ("init_on_a_thread_behind_one_on_the_main_thread_is_fine", || {
                thread::spawn(|| {
                    init();
                    assert_eq!(ProcessPool::new(1).unwrap().submit(|n: u64| n + 1, 1).result().unwrap(), 2);
                })
                .join()
                .unwrap();
            }),
        ],
    )
}

/// What a program does on a large stack, if nobody has told it.
fn work() {
    init();
    let error = ProcessPool::new(1).unwrap_err();
    assert!(matches!(&error, BuildError::InitialisedOffMain { thread } if thread == "large stack"), "{error}");
    assert!(error.to_string().contains("first line of `main` itself, before any thread is started"), "{error}");
}

/// By now `init` has been called on the main thread too; its workers come to the other one first.
fn submit() {
    let pool = ProcessPool::new(1).unwrap();
    let error = pool.submit(|n: u64| n, 1).result().unwrap_err();
    let TaskError::Rejected(why) = &error else { panic!("{error}") };
    assert!(matches!(why.reason(), Reason::Broken { .. }), "{why:?}");
    let cause = why.source().expect("it has a cause").to_string();
    assert!(cause.contains("`init()` was called on the thread `large stack`"), "{cause}");
}
