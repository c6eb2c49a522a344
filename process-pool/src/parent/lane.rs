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

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use concurrent_futures_core::sync::MutexGuard;
use concurrent_futures_core::{RunningJob, Tally};

use super::offer::SlotOffer;
use super::waiting::{Held, Waiting};
use super::worker::Worker;
use crate::attachments::Attachments;
use crate::link::FrameSender;
use crate::page::{SLOTS, Slot};
use crate::wire::control::Control;
use crate::wire::frame::{FrameWriter, Header};

/// The most bytes of a job that anybody may write to an idle worker.
pub(crate) const LARGEST_LIGHT: usize = 16 * 1024;

/// What a worker that is not idle may have unread. A socket holds three times as many bytes, and ten times as many
/// messages.
const UNREAD_BYTES: usize = 64 * 1024;
const UNREAD_FRAMES: usize = 24;

/// What lies with a worker.
#[derive(Debug)]
pub(crate) struct Lane {
    is_open: bool,
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
}

/// A job that lies with the worker.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) waiting: Waiting,
    /// How many of its tasks are the worker's, as far as the supervisor has looked. Where the slot says fewer, the others
    /// are to be put into the queue.
    pub(crate) offered: usize,
    /// How many of them have an outcome.
    pub(crate) done: usize,
    /// How they ended.
    pub(crate) tally: Tally,
    pub(crate) indices: Option<Vec<usize>>,
}

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
        Self {
            is_open: true,
            is_cancelled: false,
            entries,
            free: (0..SLOTS).rev().collect(),
            frames_sent: 0,
            unread: VecDeque::new(),
        }
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

    /// How long the job of a slot has lain here.
    fn waits_for(&self, slot: usize) -> Duration {
        self.entries[slot].tag.as_ref().map_or(Duration::ZERO, |tag| tag.sent.elapsed())
    }

    fn holds(&self, slot: usize, generation: u64) -> Option<&Tag> {
        let entry = &self.entries[slot];
        entry.tag.as_ref().filter(|_| entry.generation == generation)
    }
}

impl InFlight {
    /// The index of the task at a position.
    pub(crate) fn index(&self, position: usize) -> usize {
        self.indices.as_ref().map_or(position, |indices| indices[position])
    }

    /// Makes sure that the job counts as begun; `None` if its future has ended without it.
    pub(crate) fn begin(&mut self) -> Option<&RunningJob> {
        if let Held::Fresh(_) = self.waiting.held {
            let over = Held::Over(self.waiting.id());
            // What it was skipped for, its future has ended by that.
            if let Held::Fresh(job) = std::mem::replace(&mut self.waiting.held, over)
                && let Ok(running) = job.start()
            {
                self.waiting.held = Held::Begun(running);
            }
        }
        match &self.waiting.held {
            Held::Begun(running) => Some(running),
            _ => None,
        }
    }
}

impl Worker {
    /// Sends jobs, all in one frame. At most as many tasks of each are offered as `most` says.
    ///
    /// # Errors
    ///
    /// Gives them back if the lane is closed, or cancelled.
    pub(crate) fn send(self: &Arc<Self>, jobs: Vec<Waiting>, most: usize) -> Result<(), Vec<Waiting>> {
        self.send_into(self.lane.lock(), jobs, most)
    }

    /// As [`send`](Self::send), for who holds the lane already, so that nothing comes before him.
    pub(crate) fn send_into(
        self: &Arc<Self>,
        mut lane: MutexGuard<'_, Lane>,
        jobs: Vec<Waiting>,
        most: usize,
    ) -> Result<(), Vec<Waiting>> {
        if !lane.is_open || lane.is_cancelled {
            return Err(jobs);
        }
        lane.frames_sent += 1;
        let (number, sent) = (lane.frames_sent, Instant::now());
        let mut frame = FrameWriter::new(jobs.len(), jobs.iter().map(|waiting| waiting.payload.size).sum());
        let mut attachments = Attachments::default();
        for mut waiting in jobs {
            waiting.give_room();
            let slot = lane.free.pop().expect("no more jobs are sent than there is room for");
            let entry = &mut lane.entries[slot];
            entry.generation += 1;
            let generation = entry.generation as u16;
            let tasks = waiting.payload.tasks().min(most).min(Slot::MOST_TASKS);
            self.page.slot(slot).offer(generation, tasks);
            let limit = waiting.options.deadline_limit();
            let header = Header {
                slot,
                generation,
                id: waiting.id().as_u64(),
                entry: waiting.payload.entry,
                function: waiting.payload.function,
                attempt: waiting.attempt(),
                deadline: limit.map_or(0, |limit| u64::try_from(limit.as_nanos()).unwrap_or(0)),
                label: waiting.options.label_text(),
                attachments: waiting.payload.attachments.bytes.len(),
            };
            let indices = waiting.payload.indices();
            if let Some(arguments) = waiting.payload.arguments() {
                frame.job(&header, indices.as_deref(), arguments.map(|(_, argument)| argument));
            }
            let beside = waiting.payload.attachments.clone();
            attachments.bytes.extend(beside.bytes);
            attachments.regions.extend(beside.regions);
            let offer = Arc::new(SlotOffer::new(self.clone(), slot, entry.generation));
            let is_wanted = match &waiting.held {
                Held::Fresh(job) => job.offer(offer).is_ok(),
                Held::Begun(job) => {
                    job.offer(offer);
                    !job.handle().is_over()
                }
                Held::Over(_) => false,
            };
            if !is_wanted {
                // It was cancelled in the queue: the worker passes it over, and the supervisor empties the slot.
                self.page.slot(slot).withdraw();
            }
            entry.tag = Some(Tag { limit, kill: None, frame: number, sent });
            let (offered, tally) = (waiting.payload.tasks(), Tally::default());
            entry.job = Some(InFlight { waiting, offered, done: 0, tally, indices });
            // Before the write, which takes as long as the worker likes.
            if let Some(limit) = limit {
                self.look_after(limit, slot, &mut lane);
            }
        }
        let frame = frame.finish();
        lane.unread.push_back((number, frame.len()));
        // Nobody waits for this lock with the lane's in his hand: a worker has one sender at a time. The write may take as
        // long as the worker likes, and who wants to kill it needs the lane.
        let writer = self.frames.lock();
        drop(lane);
        // What can't be sent has not begun, and the death that is the reason gives it back. Where the reason is another,
        // the system's lack of something, the worker would wait for ever for what is missing.
        if write(&writer, &self.control, &frame, &attachments).is_err() {
            self.process().kill();
        }
        drop(writer);
        Ok(())
    }

    /// Looks, when the job of a slot may have run out of time, whether it has.
    fn look(self: &Arc<Self>, slot: usize, due: Instant) {
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
    fn look_after(self: &Arc<Self>, left: Duration, slot: usize, lane: &mut Lane) {
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
    fn pass_over_if_stopped(&self) {
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

    /// The rest of a chunk is not wanted any more.
    pub(crate) fn withdraw_rest(&self, slot: usize, generation: u64) {
        let lane = self.lane.lock();
        if lane.holds(slot, generation).is_some() {
            self.page.slot(slot).take_back(|_| 0);
            drop(lane);
            self.wake();
        }
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
        self.wake();
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

    /// How many of the worker's frames have been read.
    pub(crate) fn frames_read(&self) -> u64 {
        self.page.frames_read().load(Ordering::Acquire)
    }
}

/// Writes a frame and what belongs to it: the memory before, so that it is there when it is referred to, the rest behind.
fn write(frames: &FrameSender, control: &Arc<Control>, frame: &[u8], attachments: &Attachments) -> io::Result<()> {
    attachments.regions.iter().try_for_each(|region| region.lend_to(control))?;
    frames.send(frame)?;
    attachments.bytes.iter().try_for_each(|bytes| frames.send(bytes))
}

/// A worker that has been in one job for so long does not come to the next by itself soon enough.
const LONG_ENOUGH: Duration = Duration::from_micros(300);

/// A job that has not begun is looked at again no sooner, however short its deadline is.
const SHORTEST_LOOK: Duration = Duration::from_millis(1);

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
