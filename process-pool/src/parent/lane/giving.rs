//! How tasks that have not begun are taken back from a worker.

use std::time::Duration;

use crate::parent::worker::Worker;

/// Whether a worker could give something away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Giving {
    /// It has nothing that it hasn't begun.
    Nothing,
    /// It will probably come to it itself.
    NotYet,
    /// Its supervisor puts it into the queue.
    Given,
}

/// A worker that has been in one job for so long does not come to the next by itself soon enough.
const LONG_ENOUGH: Duration = Duration::from_micros(300);

impl Worker {
    /// The rest of a chunk is not wanted any more.
    pub(crate) fn withdraw_rest(&self, slot: usize, generation: u64) {
        let lane = self.lane.lock();
        if lane.holds(slot, generation).is_some() {
            self.page.slot(slot).take_back(|_| 0);
            drop(lane);
            self.wake();
        }
    }

    /// Takes back what has not begun, for good: the pool cancels it.
    pub(crate) fn take_back_all(&self) {
        let mut lane = self.lane.lock();
        lane.is_cancelled = true;
        for slot in lane.occupied() {
            self.page.slot(slot).take_back(|_| 0);
        }
        drop(lane);
        self.wake();
    }

    /// Takes back, for a worker that has nothing to do, what this one would begin last. Tells whether there was anything,
    /// and if it is too early, when to ask again.
    pub(crate) fn give_to_idle(&self) -> Giving {
        let lane = self.lane.lock();
        let mut last = None;
        let (mut runs_for, mut waits_for) = (None, Duration::ZERO);
        for (number, job) in lane.jobs() {
            let slot = self.page.slot(number);
            let look = slot.look();
            if slot.is_running() {
                let nanos = crate::page::now_nanos().saturating_sub(slot.begun_at());
                runs_for = Some(Duration::from_nanos(nanos));
            }
            if look.end > look.begun && !job.waiting.is_quarantined {
                waits_for = waits_for.max(lane.waits_for(number));
                last = match last {
                    // What has not begun at all goes before a part of what has.
                    Some((_, begun)) if begun < look.begun => last,
                    _ => Some((number, look.begun)),
                };
            }
        }
        let Some((number, begun)) = last else { return Giving::Nothing };
        // A worker that is in no task, though something has lain there for so long, is stopped.
        if runs_for.unwrap_or(waits_for) < LONG_ENOUGH {
            return Giving::NotYet;
        }
        let kept = |offered: usize| if begun == 0 { 0 } else { offered / 2 };
        self.page.slot(number).take_back(kept);
        drop(lane);
        self.wake();
        Giving::Given
    }
}
