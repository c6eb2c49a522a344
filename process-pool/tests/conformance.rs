//! The promises of every backend, on worker processes.

use std::process::ExitCode;

use concurrent_futures_conformance::{Backend, RequestHook, encoding_cases, exit_cases, portable_cases, run_cases};
use concurrent_futures_process_pool::{ProcessPool, context, init};

struct Processes;

impl Backend for Processes {
    type Executor = ProcessPool;

    fn make(&self, max_workers: usize) -> ProcessPool {
        ProcessPool::new(max_workers).unwrap()
    }
}

fn main() -> ExitCode {
    context::register(RequestHook);
    init();
    run_cases(Processes, [portable_cases(), encoding_cases(), exit_cases()].into_iter().flatten().collect())
}
