//! A file of tests that calls `init()` where it should say `worker_entry!();`. A worker would run all its tests.

use std::env;
use std::process::Command;

use concurrent_futures_process_pool::{BuildError, ProcessPool, init};

/// Libtest may be told to run the tests one by one; that is no reason to run them on the main thread.
const ONE_BY_ONE: &str = "--test-threads=1";

#[test]
fn init_in_a_test_marks_nothing_and_the_error_names_the_thread_and_the_cure() {
    const NAME: &str = "init_in_a_test_marks_nothing_and_the_error_names_the_thread_and_the_cure";
    init();
    let error = ProcessPool::new(1).unwrap_err();
    assert!(matches!(&error, BuildError::InitialisedOffMain { thread } if thread == NAME), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains(&format!("`init()` was called on the thread `{NAME}`, which is not the main thread")),
        "{text}"
    );
    assert!(text.contains("In a test file say `worker_entry!();` at the top level instead"), "{text}");
    if !env::args().any(|word| word == ONE_BY_ONE) {
        let again = Command::new(env::current_exe().unwrap()).arg(ONE_BY_ONE).output().unwrap();
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
    }
}
