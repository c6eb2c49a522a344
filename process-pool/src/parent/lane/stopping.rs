//! How a task is stopped that lies with a worker: by its deadline, an abort, or the end of the pool (N3).

use std::sync::Arc;
use std::time::Duration;

use crate::parent::worker::Worker;

/// Why a worker was killed under its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KillReason {
    /// The task ran longer than this.
    Deadline(Duration),
    /// Its future was aborted.
    Aborted,
    /// The pool was killed.
    Shutdown,
    /// The worker used more memory than this.
    Memory { limit: u64, used: u64 },
}

/// A job that has not begun is looked at again no sooner, however short its deadline is.
const SHORTEST_LOOK: Duration = Duration::from_millis(1);

impl Worker {
    /// Looks, when a job may have run out of time, whether it has.
    pub(super) fn watch_deadline(self: &Arc<Self>, slot: usize, generation: u16) {
        let limit = self.lane.lock().holds(slot, generation).and_then(|tag| tag.limit);
        let Some(limit) = limit else { return };
        let seen = self.page.slot(slot);
        if seen.look().begun == 0 {
            self.pass_over_if_stopped();
            // Not before so long from now.
            return self.watch_deadline_after(limit.max(SHORTEST_LOOK), slot, generation);
        }
        let ran = Duration::from_nanos(crate::page::now_nanos().saturating_sub(seen.begun_at()));
        if ran < limit {
            self.watch_deadline_after(limit - ran, slot, generation);
        } else {
            self.kill_task(slot, generation, KillReason::Deadline(limit));
        }
    }

    pub(super) fn watch_deadline_after(self: &Arc<Self>, left: Duration, slot: usize, generation: u16) {
        let Some(shared) = self.shared.upgrade() else { return };
        let worker = Arc::downgrade(self);
        shared.warden.after(left, move || {
            if let Some(worker) = worker.upgrade() {
                worker.watch_deadline(slot, generation);
            }
        });
    }

    /// Takes back what a stopped worker would not begin before somebody continues it, and replaces it, unless it is in the
    /// middle of a task: that one has a right to its own deadline, or to none.
    pub(super) fn pass_over_if_stopped(&self) {
        if !self.process().is_stopped() {
            return;
        }
        let mut lane = self.lane.lock();
        let slots = lane.occupied();
        for &slot in &slots {
            self.page.slot(slot).take_back(|_| 0);
        }
        if !slots.iter().any(|&slot| self.page.slot(slot).is_running()) {
            lane.close();
            self.process().kill();
        }
        drop(lane);
        self.wake();
    }

    /// Asks a task to stop, and ends its worker after `grace` if it still runs.
    pub(crate) fn abort(self: &Arc<Self>, slot: usize, generation: u16, grace: Duration) {
        {
            // Under the lock, or it might be the next job of the slot that is asked to stop.
            let lane = self.lane.lock();
            if lane.holds(slot, generation).is_none() {
                return;
            }
            self.page.slot(slot).request_stop();
        }
        if grace.is_zero() {
            return self.kill_task(slot, generation, KillReason::Aborted);
        }
        let Some(shared) = self.shared.upgrade() else { return };
        let worker = Arc::downgrade(self);
        shared.warden.after(grace, move || {
            if let Some(worker) = worker.upgrade() {
                worker.kill_task(slot, generation, KillReason::Aborted);
            }
        });
    }

    /// Kills the process if it is in the middle of this job's task, and hurts nobody else by it (N3).
    pub(crate) fn kill_task(&self, slot: usize, generation: u16, reason: KillReason) {
        let mut lane = self.lane.lock();
        if lane.holds(slot, generation).is_none_or(|tag| tag.kill.is_some()) {
            return;
        }
        for other in lane.occupied() {
            self.page.slot(other).take_back(|_| 0);
        }
        if self.page.slot(slot).look().begun == 0 {
            // An attempt that lies here and has not begun: it is not sent again.
            if let Some(tag) = &mut lane.entries[slot].tag {
                tag.kill = Some(reason);
            }
        }
        // From here on the worker begins nothing. Where it has answered meanwhile, the task kept its outcome; the
        // supervisor finds what was taken back, and puts it into the queue.
        if self.page.slot(slot).is_running() {
            lane.close();
            if let Some(tag) = &mut lane.entries[slot].tag {
                tag.kill = Some(reason);
            }
            self.process().kill();
        }
        drop(lane);
        // The task may lie answered in the page of a worker that was stopped while it rang.
        self.insist();
    }

    /// Kills the process whatever it does; the task that it is in the middle of ends for this reason.
    pub(crate) fn kill(&self, reason: KillReason) {
        let mut lane = self.lane.lock();
        lane.close();
        for slot in lane.occupied() {
            self.page.slot(slot).take_back(|_| 0);
            if self.page.slot(slot).is_running()
                && let Some(tag) = &mut lane.entries[slot].tag
            {
                tag.kill.get_or_insert(reason);
            }
        }
        self.process().kill();
        drop(lane);
        self.wake();
    }

    /// Asks all tasks that lie here to stop, and takes back what has not begun.
    pub(crate) fn request_stop(&self) {
        let lane = self.lane.lock();
        for slot in lane.occupied() {
            self.page.slot(slot).request_stop();
            self.page.slot(slot).take_back(|_| 0);
        }
        drop(lane);
        self.wake();
    }
}
