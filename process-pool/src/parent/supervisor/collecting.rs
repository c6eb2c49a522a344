//! How a supervisor ends what its worker has answered, and takes what others have taken back from it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use concurrent_futures_core::{Tally, TaskError};

use super::{Supervisor, cancelled};
use crate::attachments;
use crate::bytes::Bytes;
use crate::page::{Record, SLOTS};
use crate::parent::lane::InFlight;
use crate::parent::payload::Payload;
use crate::parent::waiting::{Held, Waiting};
use crate::shared_bytes;
use crate::wire::note::{self, Note};

impl Supervisor {
    /// Reads what has arrived.
    pub(super) fn read_notes(&mut self) {
        while let Ok(Some(note)) = self.notes.try_receive() {
            self.read_note(&note);
        }
    }

    /// Whether there is something to do that it had not seen before it lay down.
    pub(super) fn is_called(&self) -> bool {
        self.worker.has_news()
            || !self.results.is_empty(&self.worker.page)
            // A job that was cancelled while it lay with the worker leaves no result: having passed it is all there is.
            || self.jobs_seen.is_some_and(|seen| self.worker.jobs_passed() != seen)
            || self.awaits_reading_since.is_some_and(|seen| self.worker.frames_read() != seen)
    }

    pub(super) fn read_note(&mut self, note: &[u8]) {
        match note::read(note) {
            Ok(Note::Look) => {}
            Ok(Note::Result { slot, position, attachments, reply }) if slot < SLOTS => {
                let beside: Result<Vec<Bytes>, _> = (0..attachments).map(|_| self.receive_attachment()).collect();
                // The rest will not come: the worker is dead, or its channel is of no use.
                let Ok(beside) = beside else { return self.worker.process().give_up() };
                let record = Record { slot, position, bytes: 0..reply.len() };
                attachments::supply(beside, || self.complete(&[record], reply));
                self.settle(slot);
            }
            Ok(Note::Result { .. }) | Err(_) => self.worker.process().give_up(),
        }
    }

    /// What belongs to the note before. What ends the wait where the worker dies before it has sent it: the note of its
    /// death, after which nothing is waited for.
    pub(super) fn receive_attachment(&self) -> std::io::Result<Bytes> {
        let next = || if self.worker.is_dead() { self.notes.try_receive() } else { self.notes.receive() };
        note::attachment(next).map(Bytes::from)
    }

    /// Ends what the worker has answered, and takes what others have taken back from it.
    pub(super) fn collect(&mut self) {
        self.drain();
        let occupied = self.worker.lane.lock().occupied();
        occupied.into_iter().for_each(|slot| self.settle(slot));
    }

    /// Ends what lies answered in the page.
    pub(super) fn drain(&mut self) {
        let (mut bytes, mut records) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.records));
        bytes.clear();
        records.clear();
        if self.results.drain(&self.worker.page, &mut bytes, &mut records).is_err() {
            self.worker.process().give_up();
        }
        self.worker.page.bell().wake_worker();
        for of_one_slot in records.chunk_by(|one, other| one.slot == other.slot) {
            self.complete(of_one_slot, &bytes);
        }
        (self.bytes, self.records) = (bytes, records);
    }

    /// Ends some tasks of a job by what the worker has answered. The records are of one slot, and lie in `bytes`.
    pub(super) fn complete(&self, records: &[Record], bytes: &[u8]) {
        let Some(slot) = records.first().map(|record| record.slot) else { return };
        let (job, is_alone) = {
            let mut lane = self.worker.lane.lock();
            (lane.take(slot), lane.is_open() && lane.len() == 1)
        };
        let Some(mut job) = job else { return };
        if records.iter().any(|record| record.position >= job.offered) {
            // There is no such task: the worker's memory can't be trusted. Its burial ends the job.
            self.worker.lane.lock().put_back(slot, job);
            return self.worker.process().give_up();
        }
        if job.done == 0 {
            self.note_begun(slot, &mut job);
        }
        job.done += records.len();
        self.worker.record.tasks.fetch_add(records.len() as u64, Ordering::Relaxed);
        let took = self.took(slot, &job);
        let mut searches_next = is_alone && job.done == job.offered && !self.is_to_leave();
        let (regions, indices) = (job.waiting.payload.attachments.regions.clone(), job.indices.clone());
        if let Some(running) = job.begin() {
            if let Some(took) = took {
                running.note_took(took);
            }
            let index = |position| indices.as_ref().map_or(position, |indices| indices[position]);
            let mut replies = records.iter().map(|record| (index(record.position), &bytes[record.bytes.clone()]));
            let mut sum = Tally::default();
            let mut count = |tally| {
                self.shared.counters.end(tally);
                sum += tally;
                // After all decoding, and before anybody is woken (Q4).
                if sum.total() == records.len() && std::mem::take(&mut searches_next) {
                    self.shared.announce_search(self.worker.number);
                }
            };
            shared_bytes::referring_to(&regions, || running.complete_tasks_then(&mut replies, &mut count));
            job.tally += sum;
        }
        self.worker.lane.lock().put_back(slot, job);
    }

    /// How long a job took, once all of it has come back.
    pub(super) fn took(&self, slot: usize, job: &InFlight) -> Option<Duration> {
        let nanos = self.worker.page.slot(slot).took();
        (job.done == job.offered && nanos > 0).then(|| {
            self.shared.counters.note_ran(nanos);
            Duration::from_nanos(nanos)
        })
    }

    pub(super) fn note_begun(&self, slot: usize, job: &mut InFlight) {
        let (id, number) = (job.waiting.id(), self.worker.number);
        self.shared.options.observer.tell(|observer| observer.started(id, number));
        let since_begun = crate::page::now_nanos().saturating_sub(self.worker.page.slot(slot).begun_at());
        self.shared.counters.note_queued(job.waiting.since.elapsed().saturating_sub(Duration::from_nanos(since_begun)));
    }

    /// Takes what was taken back from a job, and empties its slot if nothing of it is left.
    pub(super) fn settle(&self, slot: usize) {
        let Some(mut job) = self.worker.lane.lock().take(slot) else { return };
        let back = self.reclaim(slot, &mut job);
        self.put_back_or_release(slot, job);
        self.shared.give_back(back);
    }

    pub(super) fn put_back_or_release(&self, slot: usize, job: InFlight) {
        let mut lane = self.worker.lane.lock();
        if job.done < job.offered {
            return lane.put_back(slot, job);
        }
        lane.release(slot);
        drop(lane);
        let (id, tally) = (job.waiting.id(), job.tally);
        if tally.total() > 0 {
            self.shared.options.observer.tell(|observer| observer.finished(id, tally));
        }
        drop(job);
        self.shared.note_change();
    }

    /// What the worker will not begin any more of a job, to be put into the queue.
    pub(super) fn reclaim(&self, slot: usize, job: &mut InFlight) -> Vec<Waiting> {
        let look = self.worker.page.slot(slot).look();
        if look.end >= job.offered || look.begun == 0 && look.end > 0 {
            return Vec::new();
        }
        let tail = job.offered - look.end;
        job.offered = look.end;
        if look.begun == 0 {
            let whole = job.waiting.hollow_out();
            let is_aborted = self.worker.lane.lock().kill_reason(slot).is_some();
            return self.wanted(whole, is_aborted);
        }
        let from = job.index(look.end);
        let is_killed = self.shared.cancels_waiting();
        let indices: Vec<usize> = (look.end..look.end + tail).map(|position| job.index(position)).collect();
        let Some(running) = job.begin() else { return Vec::new() };
        if running.is_withdrawn() || is_killed {
            indices.iter().for_each(|&index| running.fail_task(index, TaskError::Cancelled));
            self.shared.counters.cancel(tail);
            job.tally += cancelled(tail);
            return Vec::new();
        }
        let Some(rest) = running.split_off(from) else { return Vec::new() };
        let tasks = rest.tasks();
        match Payload::of(&rest) {
            Ok(payload) if payload.tasks() > 0 => return vec![Waiting::new(rest, payload)],
            Ok(_) => {}
            Err(error) => drop(rest.fail(error)),
        }
        self.shared.counters.fail(tasks);
        Vec::new()
    }

    /// A whole job that the worker will not begin, unless its future has ended, which is a cancel.
    pub(super) fn wanted(&self, waiting: Waiting, is_aborted: bool) -> Vec<Waiting> {
        if let Held::Fresh(job) = &waiting.held {
            job.take_back();
        }
        if is_aborted || waiting.is_unwanted() {
            self.shared.cancel_waiting(waiting);
            return Vec::new();
        }
        vec![waiting]
    }
}
