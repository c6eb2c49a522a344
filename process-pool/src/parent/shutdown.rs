//! **The end of a pool.**
//!
//! ```text
//!           shutdown, drop                     nobody lives, nothing waits
//!   OPEN ──────────────────► CLOSED ─────────────────────────────────────► OVER
//!                              │ ▲
//!                              └─┘ a harsher shutdown
//! ```
//!
//! | | new jobs | what waits | what runs |
//! |---|---|---|---|
//! | drain | refused | runs | runs |
//! | cancel pending | refused | cancelled | runs |
//! | kill | refused | cancelled | is asked to stop; after the grace its worker is killed: `Abandoned` |
//!
//! With a `kill_after` the warden makes a kill of it when its time has come.
//!
//! - **D1** After the end no process, thread, descriptor, socket or memory of the pool is left.
//! - **D2** Nobody waits for himself: in a task, a callback or a logger that gets records of workers a shutdown only begins.
//! - **D3** `within` bounds the caller's wait, and makes nothing harsher.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use concurrent_futures_core::sync::deadline_after;
use concurrent_futures_core::worker;
use concurrent_futures_core::{Escalation, Shutdown, ShutdownMode, ShutdownReport};

use super::lane::KillReason;
use super::process::Starting;
use super::shared::Shared;
use super::supervisor;

/// Whether somebody has shut the pool down.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    was_shut_down: AtomicBool,
}

impl Lifecycle {
    pub(crate) fn was_shut_down(&self) -> bool {
        self.was_shut_down.load(Ordering::Acquire)
    }
}

impl Shared {
    /// Ends the pool as `how` says, and waits as long as it says.
    pub(crate) fn shut_down(self: &Arc<Self>, how: Shutdown) -> ShutdownReport {
        self.lifecycle.was_shut_down.store(true, Ordering::Release);
        match how.mode() {
            ShutdownMode::CancelPending => self.cancel_pending(),
            ShutdownMode::Kill { grace } => self.kill_within(grace),
            _ => drop(self.close(false, false)),
        }
        if let Some(later) = how.escalation() {
            self.kill_later(later);
        }
        self.end_if_over();
        let is_inside = worker::is_inside_task() || supervisor::is_on_one() || is_on_a_reader_of_logs();
        self.wait_for_end(if is_inside { Some(Duration::ZERO) } else { how.wait_limit() });
        self.report()
    }

    fn cancel_pending(self: &Arc<Self>) {
        let waiting = self.close(true, false);
        waiting.into_iter().for_each(|waiting| self.cancel_waiting(waiting));
        for worker in self.everybody().0 {
            worker.take_back_all();
        }
    }

    /// Kills what has not ended by then. Where the warden has ended, everything has.
    fn kill_later(self: &Arc<Self>, later: Escalation) {
        let shared = Arc::downgrade(self);
        self.warden.after(later.after, move || {
            if let Some(shared) = shared.upgrade() {
                shared.kill_within(later.grace);
            }
        });
    }

    fn kill_within(self: &Arc<Self>, grace: Duration) {
        let waiting = self.close(true, true);
        let (workers, starting) = self.everybody();
        // Before the futures are told, so that nobody who waits for them finds a task that was not asked to stop.
        workers.iter().for_each(|worker| worker.request_stop());
        starting.iter().for_each(Starting::kill);
        waiting.into_iter().for_each(|waiting| self.cancel_waiting(waiting));
        if grace.is_zero() {
            return self.kill_all();
        }
        let shared = Arc::downgrade(self);
        self.warden.after(grace, move || {
            if let Some(shared) = shared.upgrade() {
                shared.kill_all();
            }
        });
    }

    fn kill_all(&self) {
        for worker in self.everybody().0 {
            worker.kill(KillReason::Shutdown);
        }
    }

    /// Waits for OVER. What ends it: the last supervisor, each of which comes to its burial, or the limit.
    fn wait_for_end(&self, limit: Option<Duration>) {
        let deadline = limit.map(deadline_after);
        let mut state = self.lock();
        while !self.is_over(&state) {
            if deadline.flatten().is_some_and(|deadline| deadline <= Instant::now()) {
                return;
            }
            state = self.sleep(state, deadline.flatten());
        }
        drop(state);
        self.join(deadline.flatten());
    }

    /// Waits for the threads. Only the callbacks may still have something to do, and who hands log records over: that may
    /// take long.
    fn join(&self, deadline: Option<Instant>) {
        for thread in self.take_threads() {
            if thread.thread().id() != std::thread::current().id() {
                // They contain their panics.
                let _ = thread.join();
            }
        }
        self.warden.join();
        self.callbacks.join(deadline);
        #[cfg(feature = "log")]
        self.logs.join(deadline);
    }

    fn report(&self) -> ShutdownReport {
        let stats = self.stats();
        let mut report = ShutdownReport::default();
        report.killed = self.counters.killed();
        report.finished = (stats.finished + stats.failed).saturating_sub(report.killed);
        report.cancelled = stats.cancelled;
        let (begun, offered) = self.everybody().0.iter().map(|worker| worker.load()).fold((0, 0), add);
        report.still_running = begun;
        report.still_pending = stats.pending + offered;
        report
    }
}

fn is_on_a_reader_of_logs() -> bool {
    #[cfg(feature = "log")]
    return super::logs::is_on_a_reader();
    #[cfg(not(feature = "log"))]
    return false;
}

fn add(one: (usize, usize), other: (usize, usize)) -> (usize, usize) {
    (one.0 + other.0, one.1 + other.1)
}
