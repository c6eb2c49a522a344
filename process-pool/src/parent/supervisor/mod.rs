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
//!   begun goes to another worker, unless five in a row came to nothing with it. Each task runs once, unless it asked for
//!   retries.
//! - **V2** Whatever the worker does, and whatever it writes, its supervisor comes to the burial, since its death is noticed
//!   by the system's own handle of the process.
//! - **V3** No user code but `configure`, what an initializer's argument is encoded with, decoding, wakers and the destructors
//!   of what they leave runs on a supervisor, and its panics are contained.

mod burial;
mod collecting;
#[cfg(all(test, not(concurrent_futures_loom)))]
mod tests;

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use concurrent_futures_core::worker::defer_callbacks;
use concurrent_futures_core::{Panicked, Tally};

use super::lane::Giving;
use super::pace::Pace;
use super::shared::{Next, Shared};
use super::start;
use super::waiting::Waiting;
use super::worker::Worker;
use crate::link::Receiver;
use crate::page::{Consumer, Record};
use crate::start_failure::StartFailure;
use crate::wire::frame;

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

pub(crate) fn cancelled(tasks: usize) -> Tally {
    Tally { cancelled: tasks, ..Tally::default() }
}

fn failed(tasks: usize) -> Tally {
    Tally { failed: tasks, ..Tally::default() }
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
    /// How many jobs the worker had done with, when what lies with it was looked at last.
    jobs_seen: Option<u64>,
}

impl Supervisor {
    fn new(shared: Arc<Shared>, worker: Arc<Worker>, notes: Receiver) -> Self {
        let (results, bytes, records, pace) = (Consumer::default(), Vec::new(), Vec::new(), Pace::default());
        let (is_dismissed, awaits_reading_since, jobs_seen) = (false, None, None);
        Self { shared, worker, notes, results, bytes, records, pace, is_dismissed, awaits_reading_since, jobs_seen }
    }

    fn live(mut self) {
        self.shared.note_ready(&self.worker);
        self.shared.warden.watch(self.worker.clone());
        self.shared.watch_memory(&self.worker);
        // A panic would be a bug of ours: nobody but us can end what lies with the worker.
        if catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            self.worker.process().give_up();
        }
        if catch_unwind(AssertUnwindSafe(|| self.bury())).is_err() {
            self.abandon();
        }
        #[cfg(feature = "log")]
        self.worker.stop_hearing();
        self.shared.note_left(&self.worker);
    }

    /// IDLE and BUSY, until the process has ended.
    fn work(&mut self) {
        // What ends this loop: the warden's note of the death, which comes whatever the worker does (V2).
        while !self.worker.is_dead() {
            self.worker.take_news();
            self.jobs_seen = Some(self.worker.jobs_passed());
            self.collect();
            let depth = self.depth();
            let frames_read = self.worker.frames_read();
            let room = self.worker.lane.lock().room(frames_read, depth);
            self.awaits_reading_since = room.is_held_up.then_some(frames_read);
            match self.shared.next_for(&self.worker, room, self.is_due_to_leave()) {
                Next::Send(jobs) => self.send(jobs, room.is_idle),
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

    fn send(&self, jobs: Vec<Waiting>, is_idle: bool) {
        let are_some_ahead = !is_idle || jobs.len() > 1;
        match self.worker.send(jobs, self.shared.quota(&self.worker)) {
            // Who has gone idle while they were in our hands has found them nowhere.
            Ok(()) if are_some_ahead => self.shared.call_idle(),
            Ok(()) => {}
            Err(back) => self.shared.give_back(back),
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

    /// Whether it takes nothing more, as far as is known.
    fn is_to_leave(&self) -> bool {
        self.is_due_to_leave() || self.worker.must_leave()
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
        (self.awaits_reading_since, self.jobs_seen) = (None, None);
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
        let mut asks_again = false;
        for other in others {
            match other.give_to_idle() {
                Giving::Given => {
                    // Somebody else may get it, and there may be more.
                    asks_again = true;
                    break;
                }
                Giving::NotYet => asks_again = true,
                Giving::Nothing => {}
            }
        }
        if asks_again {
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
            Ok(None) | Err(_) => self.worker.process().give_up(),
        }
    }
}
