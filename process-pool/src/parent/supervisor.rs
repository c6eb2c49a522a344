//! **A worker's life**, as its supervisor leads it: one thread for each worker, from the start to the burial.
//!
//! ```text
//!             hello            sent something            answered everything
//!  STARTING ────────► IDLE ◄──────────────────► BUSY
//!     │                │  leave: nothing lies with it, and it is due or not needed
//!     │ failed         ▼
//!     │             LEAVING ── stop ──► exits by itself, or is killed after a while
//!     ▼                │
//!   again, later;      ▼        died, or was killed
//!   or the pool     BURIED ◄──────────────────────────── from every state
//!   is broken
//! ```
//!
//! Only the supervisor makes these moves. Others wake it: the worker by a note, the warden at the worker's death, a submit
//! at work, a shutdown at its own. It sleeps in the worker's channel, where each of them rings ([`bell`](crate::page)).
//!
//! - **V1** What a worker has answered before it died counts; the task that it was in the middle of fails; what it had not
//!   begun goes to another worker. Each task runs once, unless it asked for retries.
//! - **V2** Whatever the worker does, and whatever it writes, its supervisor comes to the burial, since its death is noticed
//!   by the system's own handle of the process.
//! - **V3** No user code but `configure`, decoding, wakers and the destructors of what they leave runs on a supervisor, and
//!   its panics are contained.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use concurrent_futures_core::worker::defer_callbacks;
use concurrent_futures_core::{Abandoned, DeadlineExceeded, DeadlineOf, Panicked, TaskError};

use super::death;
use super::lane::{Giving, InFlight, KillReason};
use super::offer::RetryOffer;
use super::pace::Pace;
use super::payload::Payload;
use super::shared::{Next, Shared};
use super::start;
use super::waiting::{Held, Waiting};
use super::worker::Worker;
use crate::attachments;
use crate::bytes::Bytes;
use crate::link::Receiver;
use crate::page::{Consumer, Record, SLOTS};
use crate::shared_bytes;
use crate::start_failure::StartFailure;
use crate::wire::frame;
use crate::wire::note::{self, Note};

thread_local! {
    static IS_SUPERVISOR: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is a supervisor of any pool: it must not wait for what a supervisor does.
pub(crate) fn is_on_one() -> bool {
    IS_SUPERVISOR.get()
}

/// Leads a worker's life.
pub(crate) fn supervise(shared: &Arc<Shared>, number: usize) {
    let _guard = defer_callbacks(shared.callbacks());
    IS_SUPERVISOR.set(true);
    loop {
        // The user's code among it is contained: without this thread nobody would end the tasks.
        let started = catch_unwind(AssertUnwindSafe(|| start::start(shared, number)));
        match started.unwrap_or_else(|payload| Err(panic_in_start(payload))) {
            Ok((worker, notes)) => return Supervisor::new(shared.clone(), worker, notes).live(),
            Err(failure) => match shared.note_failed_start(number, &failure) {
                Some(delay) => shared.pause(delay),
                None => return,
            },
        }
    }
}

fn panic_in_start(payload: Box<dyn Any + Send>) -> StartFailure {
    StartFailure::Panicked(Panicked::from_payload(payload, None, None).message().to_owned())
}

/// A worker that leaves has so long for its exit handlers.
const LONGEST_EXIT: Duration = Duration::from_secs(10);

/// An idle worker asks the others for work so soon again.
const ASK_AGAIN: Duration = Duration::from_micros(500);

struct Supervisor {
    shared: Arc<Shared>,
    worker: Arc<Worker>,
    notes: Receiver,
    results: Consumer,
    bytes: Vec<u8>,
    records: Vec<Record>,
    pace: Pace,
    /// It was told to end by itself.
    is_dismissed: bool,
    /// How many frames the worker had read, where the next is all that makes room.
    awaits_reading_since: Option<u64>,
}

impl Supervisor {
    fn new(shared: Arc<Shared>, worker: Arc<Worker>, notes: Receiver) -> Self {
        let (results, bytes, records, pace) = (Consumer::default(), Vec::new(), Vec::new(), Pace::default());
        let (is_dismissed, awaits_reading_since) = (false, None);
        Self { shared, worker, notes, results, bytes, records, pace, is_dismissed, awaits_reading_since }
    }

    fn live(mut self) {
        self.shared.note_ready(&self.worker);
        self.shared.warden.watch(self.worker.clone());
        self.shared.watch_memory(&self.worker);
        // A panic would be a bug of ours: nobody but us can end what lies with the worker.
        if catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            self.worker.process().kill();
        }
        if catch_unwind(AssertUnwindSafe(|| self.bury())).is_err() {
            self.abandon();
        }
        self.shared.note_left(&self.worker);
    }

    /// Drops what lies with the worker, which ends it.
    fn abandon(&self) {
        let occupied = self.worker.lane.lock().occupied();
        for slot in occupied {
            let job = self.worker.lane.lock().take(slot);
            if let Some(job) = job {
                self.shared.counters.fail(job.offered - job.done);
            }
        }
    }

    /// IDLE and BUSY, until the process has ended.
    fn work(&mut self) {
        // What ends this loop: the warden's note of the death, which comes whatever the worker does (V2).
        while !self.worker.is_dead() {
            self.worker.take_news();
            self.collect();
            let depth = self.depth();
            let frames_read = self.worker.frames_read();
            let room = self.worker.lane.lock().room(frames_read, depth);
            self.awaits_reading_since = room.is_held_up.then_some(frames_read);
            match self.shared.next_for(&self.worker, room, self.is_due_to_leave()) {
                Next::Send(jobs) => {
                    if let Err(back) = self.worker.send(jobs, self.shared.quota(&self.worker)) {
                        self.shared.give_back(back);
                    }
                }
                Next::PassOver(over) => over.into_iter().for_each(|waiting| self.shared.cancel_waiting(waiting)),
                Next::LookAgain => {}
                Next::Sleep => self.sleep(),
                Next::Idle { others, since_now } => {
                    if since_now {
                        self.limit_idleness();
                    }
                    self.ask_for_work(&others);
                    self.sleep();
                }
                Next::Leave => self.dismiss(),
            }
        }
    }

    /// How many jobs may lie with the worker at once.
    fn depth(&mut self) -> usize {
        // Where the number of its tasks is limited, each is counted before the next is sent.
        if self.shared.options.max_tasks_per_worker.is_some() { 1 } else { self.pace.depth(&self.worker.page) }
    }

    fn is_due_to_leave(&self) -> bool {
        let done = self.worker.record.tasks.load(Ordering::Relaxed);
        self.shared.options.max_tasks_per_worker.is_some_and(|most| done >= most as u64)
    }

    /// LEAVING: lets the worker end by itself, unless somebody has sent it something meanwhile.
    fn dismiss(&mut self) {
        {
            let mut lane = self.worker.lane.lock();
            if !lane.is_empty() {
                return;
            }
            lane.close();
        }
        self.is_dismissed = true;
        // If it can't be told, it is dead.
        let _ = self.worker.frames.lock().send(&frame::stop());
        let worker = Arc::downgrade(&self.worker);
        self.shared.warden.after(LONGEST_EXIT, move || {
            if let Some(worker) = worker.upgrade() {
                worker.process().kill();
            }
        });
        self.awaits_reading_since = None;
        while !self.worker.is_dead() {
            self.worker.take_news();
            self.sleep();
        }
    }

    fn limit_idleness(&self) {
        let Some(limit) = self.shared.options.idle_timeout else { return };
        let done = self.worker.record.tasks.load(Ordering::Relaxed);
        let (shared, worker) = (Arc::downgrade(&self.shared), Arc::downgrade(&self.worker));
        self.shared.warden.after(limit, move || {
            if let (Some(shared), Some(worker)) = (shared.upgrade(), worker.upgrade())
                && worker.record.tasks.load(Ordering::Relaxed) == done
            {
                shared.dismiss_if_idle(&worker);
            }
        });
    }

    /// Asks the other workers for something that they have not begun.
    fn ask_for_work(&self, others: &[Arc<Worker>]) {
        let mut is_too_early = false;
        for other in others {
            match other.give_to_idle() {
                Giving::Given => return,
                Giving::NotYet => is_too_early = true,
                Giving::Nothing => {}
            }
        }
        if is_too_early {
            let worker = Arc::downgrade(&self.worker);
            self.shared.warden.after(ASK_AGAIN, move || {
                if let Some(worker) = worker.upgrade() {
                    worker.wake();
                }
            });
        }
    }

    /// Sleeps until somebody rings, and takes what he brings. What wakes it if everybody else is dead: the death of the
    /// worker, by the warden; the warden ends only after the last worker.
    fn sleep(&mut self) {
        let bell = self.worker.page.bell();
        bell.parent_lies_down();
        if self.is_called() {
            if bell.parent_is_up() {
                // Or they would add up in the channel, until who calls blocks.
                self.read_notes();
            }
            return;
        }
        let note = self.notes.receive();
        self.worker.page.bell().parent_is_up();
        match note {
            Ok(Some(note)) => self.read_note(&note),
            // The channel can't close, since we hold an end; if it can't be read, the worker is of no use.
            Ok(None) | Err(_) => self.worker.process().kill(),
        }
    }

    /// Reads what has arrived.
    fn read_notes(&mut self) {
        while let Ok(Some(note)) = self.notes.try_receive() {
            self.read_note(&note);
        }
    }

    /// Whether there is something to do that it had not seen before it lay down.
    fn is_called(&self) -> bool {
        self.worker.has_news()
            || !self.results.is_empty(&self.worker.page)
            || self.awaits_reading_since.is_some_and(|seen| self.worker.frames_read() != seen)
    }

    fn read_note(&mut self, note: &[u8]) {
        match note::read(note) {
            Ok(Note::Look) => {}
            Ok(Note::Result { slot, position, attachments, reply }) if slot < SLOTS => {
                let beside: Result<Vec<Bytes>, _> = (0..attachments).map(|_| self.receive_attachment()).collect();
                // The rest will not come: the worker is dead, or its channel is of no use.
                let Ok(beside) = beside else { return self.worker.process().kill() };
                let record = Record { slot, position, bytes: 0..reply.len() };
                attachments::supply(beside, || self.complete(&[record], reply));
                self.settle(slot);
            }
            Ok(Note::Result { .. }) | Err(_) => self.worker.process().kill(),
        }
    }

    /// What belongs to the note before. What ends the wait where the worker dies before it has sent it: the note of its
    /// death, after which nothing is waited for.
    fn receive_attachment(&self) -> std::io::Result<Bytes> {
        let next = || if self.worker.is_dead() { self.notes.try_receive() } else { self.notes.receive() };
        note::attachment(next).map(Bytes::from)
    }

    /// Ends what the worker has answered, and takes what others have taken back from it.
    fn collect(&mut self) {
        self.drain();
        let occupied = self.worker.lane.lock().occupied();
        occupied.into_iter().for_each(|slot| self.settle(slot));
    }

    /// Ends what lies answered in the page.
    fn drain(&mut self) {
        let (mut bytes, mut records) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.records));
        bytes.clear();
        records.clear();
        if self.results.drain(&self.worker.page, &mut bytes, &mut records).is_err() {
            self.worker.process().kill();
        }
        self.worker.page.bell().wake_worker();
        for of_one_slot in records.chunk_by(|one, other| one.slot == other.slot) {
            self.complete(of_one_slot, &bytes);
        }
        (self.bytes, self.records) = (bytes, records);
    }

    /// Ends some tasks of a job by what the worker has answered. The records are of one slot, and lie in `bytes`.
    fn complete(&self, records: &[Record], bytes: &[u8]) {
        let Some(slot) = records.first().map(|record| record.slot) else { return };
        let Some(mut job) = self.worker.lane.lock().take(slot) else { return };
        if records.iter().any(|record| record.position >= job.offered) {
            // There is no such task: the worker's memory can't be trusted. Its burial ends the job.
            self.worker.lane.lock().put_back(slot, job);
            return self.worker.process().kill();
        }
        if job.done == 0 {
            self.note_begun(slot, &mut job);
        }
        job.done += records.len();
        self.worker.record.tasks.fetch_add(records.len() as u64, Ordering::Relaxed);
        let took = self.took(slot, &job);
        let (regions, indices) = (job.waiting.payload.attachments.regions.clone(), job.indices.clone());
        if let Some(running) = job.begin() {
            if let Some(took) = took {
                running.note_took(took);
            }
            let index = |position| indices.as_ref().map_or(position, |indices| indices[position]);
            let mut replies = records.iter().map(|record| (index(record.position), &bytes[record.bytes.clone()]));
            let tally = shared_bytes::referring_to(&regions, || running.complete_tasks(&mut replies));
            self.shared.counters.end(tally);
            job.tally += tally;
        }
        self.worker.lane.lock().put_back(slot, job);
    }

    /// How long a job took, once all of it has come back.
    fn took(&self, slot: usize, job: &InFlight) -> Option<Duration> {
        let nanos = self.worker.page.slot(slot).took();
        (job.done == job.offered && nanos > 0).then(|| {
            self.shared.counters.note_ran(nanos);
            Duration::from_nanos(nanos)
        })
    }

    fn note_begun(&self, slot: usize, job: &mut InFlight) {
        let (id, number) = (job.waiting.id(), self.worker.number);
        self.shared.options.observer.tell(|observer| observer.started(id, number));
        let since_begun = crate::page::now_nanos().saturating_sub(self.worker.page.slot(slot).begun_at());
        self.shared.counters.note_queued(job.waiting.since.elapsed().saturating_sub(Duration::from_nanos(since_begun)));
    }

    /// Takes what was taken back from a job, and empties its slot if nothing of it is left.
    fn settle(&self, slot: usize) {
        let Some(mut job) = self.worker.lane.lock().take(slot) else { return };
        let back = self.reclaim(slot, &mut job);
        self.put_back_or_release(slot, job);
        self.shared.give_back(back);
    }

    fn put_back_or_release(&self, slot: usize, job: InFlight) {
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
    fn reclaim(&self, slot: usize, job: &mut InFlight) -> Vec<Waiting> {
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
    fn wanted(&self, waiting: Waiting, is_aborted: bool) -> Vec<Waiting> {
        if let Held::Fresh(job) = &waiting.held {
            job.take_back();
        }
        if is_aborted || waiting.is_over() {
            self.shared.cancel_waiting(waiting);
            return Vec::new();
        }
        vec![waiting]
    }

    /// BURIED: ends or gives back everything that lies with a worker that has died (V1).
    fn bury(&mut self) {
        self.worker.lane.lock().close();
        // What it had answered is read to the last byte; what it was sending when it died is not.
        self.drain();
        self.read_notes();
        let status = self.worker.process().bury().ok();
        let mut slots = self.worker.lane.lock().occupied();
        for &slot in &slots {
            self.worker.page.slot(slot).take_back(|_| 0);
        }
        slots.sort_by_key(|&slot| self.worker.lane.lock().order(slot));
        // Before anybody hears of the death.
        if self.is_to_be_replaced(!slots.is_empty()) {
            self.shared.counters.restart();
        }
        let mut back = Vec::new();
        for slot in slots {
            let Some(mut job) = self.worker.lane.lock().take(slot) else { continue };
            back.extend(self.reclaim(slot, &mut job));
            if job.done < job.offered {
                back.extend(self.blame(slot, &mut job, status));
            }
            self.put_back_or_release(slot, job);
        }
        self.shared.give_back(back);
    }

    /// Whether the worker has done something, and was not simply needed no more.
    fn is_to_be_replaced(&self, had_work: bool) -> bool {
        if self.is_dismissed {
            return self.is_due_to_leave();
        }
        (had_work || self.worker.record.tasks.load(Ordering::Relaxed) > 0) && !self.shared.is_killed()
    }

    /// Ends the task that the worker was in the middle of, or gives it back for another attempt.
    fn blame(&self, slot: usize, job: &mut InFlight, status: Option<ExitStatus>) -> Option<Waiting> {
        if job.done == 0 {
            self.note_begun(slot, job);
        }
        let kill = self.worker.lane.lock().kill_reason(slot);
        let index = job.index(job.offered - 1);
        job.done = job.offered;
        let (attempt, retries) = (job.waiting.attempt(), job.waiting.options.retry_limit());
        let label = job.waiting.options.label_text().map(str::to_owned);
        let running = job.begin()?;
        let is_its_own_death = matches!(kill, None | Some(KillReason::Memory { .. }));
        if is_its_own_death && attempt <= retries && !self.shared.cancels_waiting() {
            return Some(self.retry(job.waiting.hollow_out()));
        }
        let pid = self.worker.process().pid();
        let (error, is_cancelled): (TaskError, bool) = match kill {
            Some(KillReason::Deadline(limit)) => {
                (DeadlineExceeded::new(DeadlineOf::Task, limit, label.as_deref()).into(), false)
            }
            Some(KillReason::Aborted) => (TaskError::Cancelled, true),
            Some(KillReason::Shutdown) => {
                self.shared.counters.kill(1);
                (Abandoned::new("its pool was killed while it ran").into(), false)
            }
            None | Some(KillReason::Memory { .. }) => {
                let panics = self.worker.aborts_on_panic;
                let words = self.worker.process().last_words();
                (death::worker_died(pid, status, label.as_deref(), attempt, panics, kill, words).into(), false)
            }
        };
        if is_cancelled {
            self.shared.counters.cancel(1);
        } else {
            self.shared.counters.fail(1);
        }
        running.fail_task(index, error);
        None
    }

    fn retry(&self, mut waiting: Waiting) -> Waiting {
        let handle = waiting.handle();
        if let (Held::Begun(running), Some(handle)) = (&mut waiting.held, handle) {
            running.retry();
            running.offer(Arc::new(RetryOffer::new(&self.shared, handle)));
        }
        waiting.is_quarantined = true;
        waiting.since = Instant::now();
        waiting
    }
}
