//! The promises that every backend makes, on `ThreadPool` with either queue.
#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

use concurrent_futures_conformance::{Backend, in_process_tests, portable_tests};
use concurrent_futures_thread_pool::{QueueKind, ThreadPool};

struct Threads;

impl Backend for Threads {
    type Executor = ThreadPool;

    fn make(&self, max_workers: usize) -> ThreadPool {
        ThreadPool::new(max_workers).expect("a pool of some workers can be built")
    }
}

portable_tests!(Threads);
in_process_tests!(Threads);

mod lock_free {
    use super::{Backend, QueueKind, ThreadPool, in_process_tests, portable_tests};

    struct LockFree;

    impl Backend for LockFree {
        type Executor = ThreadPool;

        fn make(&self, max_workers: usize) -> ThreadPool {
            let builder = ThreadPool::builder().max_workers(max_workers).queue(QueueKind::LockFree);
            builder.build().expect("a pool of some workers can be built")
        }
    }

    portable_tests!(LockFree);
    in_process_tests!(LockFree);
}
