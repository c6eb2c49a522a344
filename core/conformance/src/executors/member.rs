use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use concurrent_futures_core::RunningJob;
use concurrent_futures_core::worker::{BlockLimit, ExecutorId, Wish, WorkerContext};

use super::crew::Shared;

/// One worker of a crew, as core sees it.
pub(super) struct Member {
    shared: Arc<Shared>,
    /// How many tasks run on top of each other here.
    depth: AtomicUsize,
}

/// A few kilobytes each in a debug build, of the two megabytes that a thread has.
const NESTING_LIMIT: usize = 64;

impl Member {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, depth: AtomicUsize::new(0) }
    }
}

impl WorkerContext for Member {
    fn executor(&self) -> ExecutorId {
        self.shared.id()
    }

    fn can_nest(&self) -> bool {
        self.depth.load(Ordering::Relaxed) < NESTING_LIMIT
    }

    fn run_in_place(&self, job: RunningJob) {
        self.depth.fetch_add(1, Ordering::Relaxed);
        job.run_then(|tally| self.shared.count(tally));
        self.depth.fetch_sub(1, Ordering::Relaxed);
    }

    fn block(&self) -> Result<(), BlockLimit> {
        self.shared.block()
    }

    fn unblock(&self) {
        self.shared.unblock();
    }

    fn wish(&self) -> Wish {
        if self.shared.cancels_waiting() { Wish::Stop } else { Wish::GoOn }
    }
}
