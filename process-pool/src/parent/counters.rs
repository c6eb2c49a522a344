//! What a pool has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use concurrent_futures_core::Tally;

/// Numbers for people; nothing is decided by them, so every order of memory will do.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    submitted: AtomicU64,
    returned: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    killed: AtomicU64,
    restarts: AtomicU64,
    queue_nanos: AtomicU64,
    run_nanos: AtomicU64,
}

impl Counters {
    pub(crate) fn submit(&self, tasks: usize) {
        self.submitted.fetch_add(tasks as u64, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, tally: Tally) {
        self.returned.fetch_add(tally.returned as u64, Ordering::Relaxed);
        self.failed.fetch_add(tally.failed as u64, Ordering::Relaxed);
        self.cancelled.fetch_add(tally.cancelled as u64, Ordering::Relaxed);
    }

    pub(crate) fn fail(&self, tasks: usize) {
        self.failed.fetch_add(tasks as u64, Ordering::Relaxed);
    }

    pub(crate) fn cancel(&self, tasks: usize) {
        self.cancelled.fetch_add(tasks as u64, Ordering::Relaxed);
    }

    /// Counts tasks whose worker was killed under them by a shutdown; they count as failed too.
    pub(crate) fn kill(&self, tasks: usize) {
        self.killed.fetch_add(tasks as u64, Ordering::Relaxed);
    }

    pub(crate) fn restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_queued(&self, time: Duration) {
        self.queue_nanos.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    pub(crate) fn note_ran(&self, nanos: u64) {
        self.run_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn submitted(&self) -> u64 {
        self.submitted.load(Ordering::Relaxed)
    }

    pub(crate) fn returned(&self) -> u64 {
        self.returned.load(Ordering::Relaxed)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn cancelled(&self) -> u64 {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(crate) fn killed(&self) -> u64 {
        self.killed.load(Ordering::Relaxed)
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    pub(crate) fn queued(&self) -> Duration {
        Duration::from_nanos(self.queue_nanos.load(Ordering::Relaxed))
    }

    pub(crate) fn ran(&self) -> Duration {
        Duration::from_nanos(self.run_nanos.load(Ordering::Relaxed))
    }
}
