//! Every promise that does not need shared memory, on an executor that crosses bytes.

use concurrent_futures_conformance::{Backend, LoopbackExecutor, encoding_tests, portable_tests};

struct Loopback;

impl Backend for Loopback {
    type Executor = LoopbackExecutor;

    fn make(&self, max_workers: usize) -> LoopbackExecutor {
        LoopbackExecutor::new(max_workers)
    }
}

portable_tests!(Loopback);
encoding_tests!(Loopback);

/// The same executor without threads: what needs no worker.
mod in_the_caller {
    use super::{Backend, LoopbackExecutor, encoding_tests, portable_tests};

    struct InCaller;

    impl Backend for InCaller {
        type Executor = LoopbackExecutor;

        fn make(&self, _max_workers: usize) -> LoopbackExecutor {
            LoopbackExecutor::new(0)
        }
    }

    portable_tests!(InCaller; submit, failure, callbacks, drops, map, context);
    encoding_tests!(InCaller);
}
