//! Why a worker that isn't parked doesn't count as active: it is blocked, or late with a task.

use std::sync::Arc;

use concurrent_futures_core::sync::{AtomicBool, AtomicUsize, Ordering};

/// Of one worker: whether it is blocked, and with how many of its tasks it is late. Written under the roster's lock.
#[derive(Default)]
pub(crate) struct Absence {
    blocked: AtomicBool,
    /// More than one where a task runs on top of another.
    late_tasks: AtomicUsize,
}

/// A task with a deadline on a worker: the timer and the worker's return meet here. Written under the roster's lock.
pub(crate) struct TimedTask {
    absence: Arc<Absence>,
    is_late: AtomicBool,
    has_returned: AtomicBool,
}

impl Absence {
    // Relaxed, here and below: the roster's lock orders it.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    pub(crate) fn set_blocked(&self, blocked: bool) {
        self.blocked.store(blocked, Ordering::Relaxed);
    }

    pub(crate) fn is_late(&self) -> bool {
        self.late_tasks.load(Ordering::Relaxed) > 0
    }
}

impl TimedTask {
    pub(crate) fn new(absence: Arc<Absence>) -> Self {
        Self { absence, is_late: AtomicBool::new(false), has_returned: AtomicBool::new(false) }
    }

    /// The worker that runs it.
    pub(crate) fn absence(&self) -> &Absence {
        &self.absence
    }

    /// Its deadline has ended its future; nothing to its worker if it has returned meanwhile.
    pub(crate) fn note_late(&self) {
        if !self.has_returned.load(Ordering::Relaxed) && !self.is_late.swap(true, Ordering::Relaxed) {
            self.absence.late_tasks.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Its function has returned, and is late no more.
    pub(crate) fn note_returned(&self) {
        self.has_returned.store(true, Ordering::Relaxed);
        if self.is_late.swap(false, Ordering::Relaxed) {
            self.absence.late_tasks.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
