//! Counts the tasks of a scope that still hold what they captured.

use std::sync::Arc;

use concurrent_futures_core::sync::{Condvar, Mutex};

#[derive(Default)]
pub(super) struct Latch {
    held: Mutex<usize>,
    released: Condvar,
}

/// One task of the scope; given back on drop.
pub(super) struct Hold(Arc<Latch>);

impl Latch {
    pub(super) fn hold(self: &Arc<Self>) -> Hold {
        *self.held.lock() += 1;
        Hold(self.clone())
    }

    /// Waits until nobody holds it. Each task's closure is either run or dropped, whatever becomes of the task, and
    /// both give its hold back.
    pub(super) fn wait(&self) {
        let mut held = self.held.lock();
        while *held > 0 {
            held = self.released.wait(held);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.0.held.lock();
        *held -= 1;
        if *held == 0 {
            self.0.released.notify_all();
        }
    }
}
