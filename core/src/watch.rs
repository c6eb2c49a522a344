//! Who is told when a future is released, besides the thread that waits on it: `wait` and `as_completed`.

use std::sync::Arc;

/// Somebody who waits for several futures at once.
pub(crate) trait Watch: Send + Sync {
    /// Future number `index` has been released. Called once for each registration, with no lock held.
    fn released(&self, index: usize, failed: bool);
}

/// One registration with one future.
pub(crate) struct Watcher {
    pub(crate) watch: Arc<dyn Watch>,
    pub(crate) index: usize,
}

impl Watcher {
    pub(crate) fn tell(self, failed: bool) {
        self.watch.released(self.index, failed);
    }

    pub(crate) fn is_from(&self, watch: &Arc<dyn Watch>) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.watch), Arc::as_ptr(watch))
    }
}
