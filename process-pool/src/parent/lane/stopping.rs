//! How a task is stopped that lies with a worker: by its deadline, an abort, or the end of the pool (N3).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Lane;
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
    /// Looks, when the job of a slot may have run out of time, whether it has.
    pub(super) fn look(self: &Arc<Self>, slot: usize, due: Instant) {
        let mut lane = self.lane.lock();
        let entry = &mut lane.entries[slot];
        entry.looks.retain(|look| *look != due);
        let (generation, limit) = (entry.generation, entry.tag.as_ref().and_then(|tag| tag.limit));
        let Some(limit) = limit else { return };
        let seen = self.page.slot(slot);
        if seen.look().begun == 0 {
            // Not before so long from now.
            self.look_after(limit.max(SHORTEST_LOOK), slot, &mut lane);
            drop(lane);
            return self.pass_over_if_stopped();
        }
        let ran = Duration::from_nanos(crate::page::now_nanos().saturating_sub(seen.begun_at()));
        if ran < limit {
            return self.look_after(limit - ran, slot, &mut lane);
        }
        drop(lane);
        self.kill_task(slot, generation, KillReason::Deadline(limit));
    }

    /// Looks at a slot so long from now, unless somebody looks before: he goes on from there. So what is still to be looked
    /// at doesn't add up behind tasks that end long before their deadlines.
    pub(super) fn look_after(self: &Arc<Self>, left: Duration, slot: usize, lane: &mut Lane) {
        let (Some(shared), Some(due)) = (self.shared.upgrade(), Instant::now().checked_add(left)) else { return };
        let looks = &mut lane.entries[slot].looks;
        if looks.last().is_some_and(|next| *next <= due) {
            return;
        }
        looks.push(due);
        let worker = Arc::downgrade(self);
        shared.warden.at(due, move || {
            if let Some(worker) = worker.upgrade() {
                worker.look(slot, due);
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
            lane.pass_over();
            self.process().kill();
        }
        drop(lane);
        self.wake();
    }

    /// Asks a task to stop, and ends its worker after `grace` if it still runs.
    pub(crate) fn abort(self: &Arc<Self>, slot: usize, generation: u64, grace: Duration) {
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
    pub(crate) fn kill_task(&self, slot: usize, generation: u64, reason: KillReason) {
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

    /// Asks all tasks that lie here to stop, and takes back what has not begun, for good.
    pub(crate) fn request_stop(&self) {
        let mut lane = self.lane.lock();
        lane.is_cancelled = true;
        for slot in lane.occupied() {
            self.page.slot(slot).request_stop();
            self.page.slot(slot).take_back(|_| 0);
        }
        drop(lane);
        self.wake();
    }
}
