//! How a program ends that uses a pool: started again for each case, since only a real `main` can end.

use std::process::ExitCode;

use concurrent_futures_conformance::{Backend, exit_cases, run_cases};
use concurrent_futures_thread_pool::ThreadPool;

struct Threads;

impl Backend for Threads {
    type Executor = ThreadPool;

    fn make(&self, max_workers: usize) -> ThreadPool {
        ThreadPool::new(max_workers).expect("a pool of some workers can be built")
    }
}

fn main() -> ExitCode {
    run_cases(Threads, exit_cases())
}
