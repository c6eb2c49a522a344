//! The promises on executors of this process: one with threads, one that runs at once, one that somebody steps.

use concurrent_futures_conformance::{Backend, ChaosExecutor, in_process_tests, portable_tests};

struct Calm;

impl Backend for Calm {
    type Executor = ChaosExecutor;

    fn make(&self, max_workers: usize) -> ChaosExecutor {
        ChaosExecutor::calm(max_workers)
    }
}

portable_tests!(Calm);
in_process_tests!(Calm);

mod inline {
    use concurrent_futures_conformance::{Backend, InlineExecutor, portable_tests};

    struct Inline;

    impl Backend for Inline {
        type Executor = InlineExecutor;

        fn make(&self, _max_workers: usize) -> InlineExecutor {
            InlineExecutor::new()
        }
    }

    portable_tests!(Inline; submit, failure, callbacks, drops, map, context);
}
