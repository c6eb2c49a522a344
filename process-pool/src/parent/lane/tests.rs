//! The lane, with the test in the place of the worker: what it has begun and answered, it writes into the page itself.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Weak};

use concurrent_futures_conformance::{LIMIT, watchdog};
use concurrent_futures_core::sync::Mutex;
use concurrent_futures_core::{Executor, ExecutorExt, Future, Job, Portable, Shutdown, ShutdownReport, Stats};

use super::{KillReason, UNREAD_FRAMES};
use crate::link::{self, FrameReceiver, Receiver};
use crate::page::{Page, SLOTS};
use crate::parent::payload::Payload;
use crate::parent::process::Process;
use crate::parent::waiting::{Held, Waiting};
use crate::parent::worker::Worker;
use crate::wire::control::Control;

/// A worker that does nothing by itself, and the other ends of its channels.
struct Stage {
    worker: Arc<Worker>,
    frames: FrameReceiver,
    _notes: Receiver,
    _control: Control,
}

impl Stage {
    fn new() -> Self {
        let idle = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0).spawn().unwrap();
        let process = Arc::new(Process::new(idle).unwrap());
        let (page, _) = Page::create().unwrap();
        let (control, theirs) = Control::pair().unwrap();
        let (ours, worker_ends) = link::connected().unwrap();
        let (frames, bell) = (ours.frames, ours.bell);
        let worker = Worker::new(0, Weak::new(), process, page, Arc::new(control), frames, bell, false);
        let (frames, control) = (worker_ends.frames, Control::from_fd(theirs));
        Self { worker: Arc::new(worker), frames, _notes: ours.notes, _control: control }
    }

    /// Sends a job in a frame of its own; gives the slot, and the future to be kept.
    fn send(&self) -> (usize, Future<u64>) {
        let (future, waiting) = job();
        assert!(self.worker.send(vec![waiting], usize::MAX).is_ok());
        let slots = self.worker.lane.lock().occupied();
        let newest = slots.into_iter().max_by_key(|&slot| self.worker.lane.lock().order(slot));
        (newest.unwrap(), future)
    }

    /// What the worker does with the only task of a job.
    fn begin(&self, slot: usize) -> bool {
        self.worker.page.slot(slot).begin(FIRST as u16)
    }

    fn room(&self, frames_read: u64) -> super::Room {
        self.worker.lane.lock().room(frames_read, SLOTS)
    }

    fn is_open(&self) -> bool {
        self.worker.lane.lock().is_open()
    }
}

/// The generation of the first job in each slot.
const FIRST: u64 = 1;

fn job() -> (Future<u64>, Waiting) {
    waiting(|n: u64| n, 1)
}

/// A job as it waits in a queue, and its future.
pub(crate) fn waiting<A: Portable, R: Portable>(function: fn(A) -> R, argument: A) -> (Future<R>, Waiting) {
    /// Takes a job, and keeps it.
    #[derive(Default)]
    struct Keeps(Mutex<Option<Job>>);

    impl Executor for Keeps {
        fn execute(&self, job: Job) {
            *self.0.lock() = Some(job);
        }
        fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
            ShutdownReport::default()
        }
        fn stats(&self) -> Stats {
            Stats::default()
        }
    }

    let keeps = Keeps::default();
    let future = ExecutorExt::submit(&keeps, function, argument);
    let job = keeps.0.lock().take().unwrap();
    let payload = Payload::of(&job).unwrap();
    (future, Waiting::new(job, payload))
}

#[test]
fn n3_who_is_killed_for_one_task_begins_no_other_meanwhile() {
    watchdog(LIMIT, "n3_who_is_killed_for_one_task_begins_no_other_meanwhile", || {
        let stage = Stage::new();
        let (doomed, _one) = stage.send();
        let (other, _two) = stage.send();
        assert!(stage.begin(doomed));
        stage.worker.kill_task(doomed, FIRST, KillReason::Aborted);
        assert!(!stage.begin(other), "it was taken back before the kill");
        assert!(!stage.is_open());
        let lane = stage.worker.lane.lock();
        assert_eq!((lane.kill_reason(doomed), lane.kill_reason(other)), (Some(KillReason::Aborted), None));
    });
}

#[test]
fn n3_nobody_is_killed_for_a_task_that_is_answered_and_not_yet_collected() {
    watchdog(LIMIT, "n3_nobody_is_killed_for_a_task_that_is_answered_and_not_yet_collected", || {
        let stage = Stage::new();
        let (slot, _future) = stage.send();
        assert!(stage.begin(slot));
        stage.worker.page.slot(slot).answer(FIRST as u16, 0);
        stage.worker.kill_task(slot, FIRST, KillReason::Aborted);
        assert_eq!(stage.worker.lane.lock().kill_reason(slot), None);
        // It lives and is of use.
        assert!(stage.is_open());
        assert!(!stage.send().1.done());
    });
}

#[test]
fn n2_a_closed_lane_gives_back_what_is_sent() {
    watchdog(LIMIT, "n2_a_closed_lane_gives_back_what_is_sent", || {
        let stage = Stage::new();
        stage.worker.lane.lock().close();
        let (future, waiting) = job();
        let back = stage.worker.send(vec![waiting], usize::MAX).unwrap_err();
        assert!(matches!(back[..], [Waiting { held: Held::Fresh(_), .. }]) && !future.done());
        assert!(stage.worker.lane.lock().is_empty());
    });
}

#[test]
fn n1_a_worker_has_no_more_frames_unread_than_the_bound() {
    watchdog(LIMIT, "n1_a_worker_has_no_more_frames_unread_than_the_bound", || {
        let stage = Stage::new();
        let mut futures: Vec<Future<u64>> = Vec::new();
        while stage.room(0).jobs > 0 {
            futures.push(stage.send().1);
        }
        assert_eq!(futures.len(), UNREAD_FRAMES);
        const { assert!(SLOTS > UNREAD_FRAMES, "the number of jobs is not what bounds them") };
        stage.frames.receive().unwrap().unwrap();
        assert!(stage.room(1).jobs > 0, "one was read");
    });
}
