//! **The lane**: the jobs that lie with one worker, and how much may lie there.
//!
//! ```text
//!            send                     the worker has answered all that it began
//!   free ──────────► occupied ─────────────────────────────────────────► free
//!                     │    ▲        or it was taken back, or the worker died
//!       supervisor:   ▼    │ ends what came back, outside the lock
//!                   collected
//! ```
//!
//! Anybody may send a light job to an idle worker; only the supervisor sends anything else, and only it empties a slot.
//!
//! - **N1** A write to a worker that is not idle never blocks: what it has not read yet is bounded in bytes and in
//!   messages, by less than a socket holds.
//! - **N2** A lane that is closed takes nothing any more: what is sent comes back to the sender.
//! - **N3** A worker is killed for the sake of one task only while it is in the middle of that very task, and everything
//!   else that lies with it has been taken back before.

mod giving;
mod in_flight;
mod sending;
mod stopping;
#[cfg(all(test, not(concurrent_futures_loom)))]
pub(super) mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub(crate) use giving::Giving;
pub(crate) use in_flight::InFlight;
pub(crate) use stopping::KillReason;

use concurrent_futures_core::TaskId;

use super::worker::Worker;
use crate::page::{Page, SLOTS};

/// The most bytes of a job that anybody may write to an idle worker: a socket from which everything was read holds twice as
/// many, so the write doesn't block.
pub(crate) const LARGEST_LIGHT: usize = 100 * 1024;

/// What a worker that is not idle may have unread. A socket holds three times as many bytes, and ten times as many
/// messages.
const UNREAD_BYTES: usize = 64 * 1024;
const UNREAD_FRAMES: usize = 24;

/// What lies with a worker.
#[derive(Debug)]
pub(crate) struct Lane {
    is_open: bool,
    /// The worker was stopped, and we have killed it for that.
    is_passed_over: bool,
    /// What has not begun was cancelled, and what is sent from now on would not be.
    is_cancelled: bool,
    entries: Vec<Entry>,
    free: Vec<usize>,
    frames_sent: u64,
    /// Number and size of the frames that the worker has not read.
    unread: VecDeque<(u64, usize)>,
}

#[derive(Debug, Default)]
struct Entry {
    /// Which job of the slot this is. The page has its last 16 bits, which come round; a grace may take longer than that.
    generation: u64,
    /// When the warden will look whether the job is late, the next one last: each is earlier than those before.
    looks: Vec<Instant>,
    tag: Option<Tag>,
    job: Option<InFlight>,
}

/// What is known of a slot also while its job is being collected.
#[derive(Debug)]
struct Tag {
    limit: Option<Duration>,
    kill: Option<KillReason>,
    /// Which of the worker's frames it is in.
    frame: u64,
    sent: Instant,
    /// What the job is called, for who asks what the worker does.
    id: TaskId,
    label: Option<Arc<str>>,
    indices: Option<Arc<[usize]>>,
}

/// The task that a worker is in the middle of.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) id: TaskId,
    pub(crate) label: Option<Arc<str>>,
    /// Which task of its job it is.
    pub(crate) index: usize,
    /// When its job began, by the clock that all processes share.
    pub(crate) at: u64,
}

/// How much more the worker takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) jobs: usize,
    pub(crate) bytes: usize,
    /// Nothing lies with it, so that also a large job can be written.
    pub(crate) is_idle: bool,
    /// Nothing lies with it, but it has frames to read, all of whose jobs were taken back: no result says when it has.
    pub(crate) is_held_up: bool,
}

impl Lane {
    pub(crate) fn new() -> Self {
        let entries = (0..SLOTS).map(|_| Entry::default()).collect();
        let free = (0..SLOTS).rev().collect();
        let (is_open, is_passed_over, is_cancelled) = (true, false, false);
        Self { is_open, is_passed_over, is_cancelled, entries, free, frames_sent: 0, unread: VecDeque::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.free.len() == SLOTS
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Takes nothing any more.
    pub(crate) fn close(&mut self) {
        self.is_open = false;
    }

    /// Takes nothing any more, since its worker is stopped and is killed for that: no job is to blame.
    pub(crate) fn pass_over(&mut self) {
        self.close();
        self.is_passed_over = true;
    }

    pub(crate) fn is_passed_over(&self) -> bool {
        self.is_passed_over
    }

    /// How many jobs lie here.
    pub(crate) fn len(&self) -> usize {
        SLOTS - self.free.len()
    }

    /// How much more may be sent, if at most `depth` jobs are to lie here.
    pub(crate) fn room(&mut self, frames_read: u64, depth: usize) -> Room {
        while self.unread.front().is_some_and(|(frame, _)| *frame <= frames_read) {
            self.unread.pop_front();
        }
        if !self.is_open {
            return Room { jobs: 0, bytes: 0, is_idle: false, is_held_up: false };
        }
        if self.is_empty() && self.unread.is_empty() {
            return Room { jobs: depth, bytes: usize::MAX, is_idle: true, is_held_up: false };
        }
        let unread: usize = self.unread.iter().map(|(_, bytes)| bytes).sum();
        let jobs = if self.unread.len() < UNREAD_FRAMES { depth.saturating_sub(self.len()) } else { 0 };
        Room { jobs, bytes: UNREAD_BYTES.saturating_sub(unread), is_idle: false, is_held_up: self.is_empty() }
    }

    /// Takes the job of a slot out, to end some of its tasks outside the lock.
    pub(crate) fn take(&mut self, slot: usize) -> Option<InFlight> {
        self.entries.get_mut(slot)?.job.take()
    }

    /// Puts back what [`take`](Self::take) gave.
    pub(crate) fn put_back(&mut self, slot: usize, job: InFlight) {
        self.entries[slot].job = Some(job);
    }

    /// Empties a slot whose job was taken and is not put back.
    pub(crate) fn release(&mut self, slot: usize) {
        self.entries[slot].tag = None;
        self.free.push(slot);
    }

    /// The slots that hold a job.
    pub(crate) fn occupied(&self) -> Vec<usize> {
        (0..SLOTS).filter(|&slot| self.entries[slot].tag.is_some()).collect()
    }

    /// Why the worker was killed under the job of this slot, if it was.
    pub(crate) fn kill_reason(&self, slot: usize) -> Option<KillReason> {
        self.entries[slot].tag.as_ref().and_then(|tag| tag.kill)
    }

    /// The slots with their jobs, without those that are being collected.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = (usize, &InFlight)> {
        self.entries.iter().enumerate().filter_map(|(slot, entry)| Some((slot, entry.job.as_ref()?)))
    }

    /// When the job of a slot was sent, compared with others.
    pub(crate) fn order(&self, slot: usize) -> u64 {
        self.entries[slot].tag.as_ref().map_or(0, |tag| tag.frame)
    }

    /// The task that the worker is in the middle of (P4). Nothing is sent and nothing released while the lane is held, so each
    /// slot is of one job.
    pub(crate) fn begun(&self, page: &Page) -> Option<Begun> {
        let begun = self.entries.iter().enumerate().filter_map(|(slot, entry)| {
            let (slot, tag) = (page.slot(slot), entry.tag.as_ref()?);
            if !slot.is_running() {
                return None;
            }
            // What a worker has overwritten may say anything.
            let position = slot.look().begun.checked_sub(1)?;
            let index = tag.indices.as_ref().map_or(Some(position), |indices| indices.get(position).copied())?;
            let id = TaskId::from_u64(tag.id.as_u64() + index as u64);
            Some(Begun { id, label: tag.label.clone(), index, at: slot.begun_at() })
        });
        // It may have gone on to the next while they were looked at.
        begun.max_by_key(|begun| begun.at)
    }

    /// How long the job of a slot has lain here.
    fn waits_for(&self, slot: usize) -> Duration {
        self.entries[slot].tag.as_ref().map_or(Duration::ZERO, |tag| tag.sent.elapsed())
    }

    fn holds(&self, slot: usize, generation: u64) -> Option<&Tag> {
        let entry = &self.entries[slot];
        entry.tag.as_ref().filter(|_| entry.generation == generation)
    }
}

impl Worker {
    /// How many tasks lie here that have begun, and how many that have not.
    pub(crate) fn load(&self) -> (usize, usize) {
        let lane = self.lane.lock();
        let mut load = (0, 0);
        for slot in lane.occupied() {
            let look = self.page.slot(slot).look();
            load.0 += usize::from(self.page.slot(slot).is_running());
            load.1 += look.end - look.begun.min(look.end);
        }
        load
    }

    /// How many jobs the worker has done with, also those that it did not begin since they were taken back.
    pub(crate) fn jobs_passed(&self) -> u64 {
        // Acquire: who sees the number finds what became of the jobs.
        self.page.busy().1.load(Ordering::Acquire)
    }

    /// How many of the worker's frames have been read.
    pub(crate) fn frames_read(&self) -> u64 {
        self.page.frames_read().load(Ordering::Acquire)
    }
}
