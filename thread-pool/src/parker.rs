//! Where a worker sleeps until it is claimed.

use std::time::{Duration, Instant};

use concurrent_futures_core::sync::{AtomicBool, Condvar, Mutex, Ordering};

/// Where one worker sleeps.
#[derive(Default)]
pub(crate) struct Parker {
    token: Mutex<bool>,
    woken: Condvar,
    /// Whether it has slept for a while. Written under the roster's lock, and by the worker when it wakes.
    hungry: AtomicBool,
}

impl Parker {
    pub(crate) fn set_hungry(&self, hungry: bool) {
        // Relaxed, here and below: the roster's lock orders it.
        self.hungry.store(hungry, Ordering::Relaxed);
    }

    pub(crate) fn is_hungry(&self) -> bool {
        self.hungry.load(Ordering::Relaxed)
    }

    /// Wakes the worker; it was claimed by a summons before.
    pub(crate) fn unpark(&self) {
        *self.token.lock() = true;
        self.woken.notify_one();
    }

    /// Sleeps until woken, at most for `timeout`. True if woken.
    pub(crate) fn sleep(&self, timeout: Option<Duration>) -> bool {
        // Loom knows no time, and needs each run to be the same: there no timeout passes.
        let timeout = timeout.filter(|_| !cfg!(concurrent_futures_loom));
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut token = self.token.lock();
        while !*token {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
            token = self.woken.wait_maybe_until(token, deadline);
        }
        *token = false;
        // Woken means claimed, and whoever is claimed is no longer hungry.
        self.set_hungry(false);
        true
    }
}
