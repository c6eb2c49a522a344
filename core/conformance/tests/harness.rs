//! The promises by a `main` of one's own, as a backend tests them whose workers are the test program itself.

use std::process::ExitCode;

use concurrent_futures_conformance::{Backend, LoopbackExecutor, encoding_cases, exit_cases, run_cases};

struct Loopback;

impl Backend for Loopback {
    type Executor = LoopbackExecutor;

    fn make(&self, max_workers: usize) -> LoopbackExecutor {
        LoopbackExecutor::new(max_workers)
    }
}

fn main() -> ExitCode {
    run_cases(Loopback, [encoding_cases(), exit_cases()].into_iter().flatten().collect())
}
