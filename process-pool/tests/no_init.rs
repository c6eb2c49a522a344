//! A program in which `init()` has not run. Here it never does: this file has no `worker_entry!`.

use concurrent_futures_process_pool::{BuildError, ProcessPool};

#[test]
fn a_pool_without_init_is_an_error_that_names_the_cure() {
    let error = ProcessPool::new(1).unwrap_err();
    assert!(matches!(error, BuildError::NotInitialised));
    assert!(error.to_string().contains("make `init()` the first line of `main`"), "{error}");
    // Which would be no help in a test.
    assert!(error.to_string().contains("say `worker_entry!();` at the top level of a test"), "{error}");
    // What is wrong with the options comes first: it is wrong wherever the pool is made.
    assert!(matches!(ProcessPool::new(0), Err(BuildError::ZeroWorkers)));
}
