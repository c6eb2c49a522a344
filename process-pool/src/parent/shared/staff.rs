//! How workers come and go (Q2).

use std::collections::VecDeque;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures_core::{Abandoned, Rejected, portable};

use super::Shared;
use crate::parent::lane;
use crate::parent::process::Starting;
use crate::parent::supervisor;
use crate::parent::waiting::{Held, Waiting};
use crate::parent::worker::Worker;
use crate::start_failure::StartFailure;

/// Of a supervisor, which runs foreign code: destructors, wakers, an observer.
const SMALLEST_STACK_SIZE: usize = 2 * 1024 * 1024;

impl Shared {
    pub(super) fn hire(self: &Arc<Self>, number: usize) {
        let shared = self.clone();
        // It reads what the worker writes, so it has no less stack than that has.
        let stack_size = self.options.stack_size.max(SMALLEST_STACK_SIZE);
        let builder = thread::Builder::new().name(format!("{}_{number}", self.name)).stack_size(stack_size);
        match builder.spawn(move || {
            portable::bound_stack(stack_size);
            supervisor::supervise(&shared, number);
        }) {
            Ok(thread) => {
                let mut state = self.state.lock();
                let (over, threads) = state.threads.drain(..).partition(thread::JoinHandle::is_finished);
                state.threads = threads;
                state.threads.push(thread);
                drop(state);
                let over: Vec<thread::JoinHandle<()>> = over;
                over.into_iter().for_each(|thread| drop(thread.join()));
            }
            Err(error) => self.note_no_thread(number, error),
        }
    }

    /// No thread could be started: with other workers the jobs wait for those; without any they would wait for ever.
    pub(super) fn note_no_thread(&self, number: usize, error: io::Error) {
        let mut state = self.state.lock();
        state.starting.retain(|(other, _)| *other != number);
        let stranded = if state.live() == 0 { std::mem::take(&mut state.queue) } else { VecDeque::new() };
        drop(state);
        let why = Rejected::broken("no thread could be started for a worker", Some(Arc::new(error)));
        stranded.into_iter().for_each(|waiting| self.fail_waiting(waiting, why.clone()));
        self.end_if_over();
    }

    /// How far a supervisor has come with a start. False if nobody wants the worker any more.
    pub(crate) fn note_starting(&self, number: usize, how_far: Starting) -> bool {
        let mut state = self.state.lock();
        let is_wanted = !state.is_killed;
        if let Some((_, place)) = state.starting.iter_mut().find(|(other, _)| *other == number) {
            *place = Some(how_far);
        }
        is_wanted
    }

    /// Ends a start that has not even given a process.
    pub(crate) fn end_spawning(&self, number: usize) {
        let state = self.state.lock();
        let ours = state.starting.iter().find(|(other, _)| *other == number);
        if let Some((_, Some(spawning @ Starting::Spawning(_)))) = ours {
            spawning.kill();
        }
    }

    /// A worker has said hello.
    pub(crate) fn note_ready(&self, worker: &Arc<Worker>) {
        let mut state = self.state.lock();
        state.starting.retain(|(number, _)| *number != worker.number);
        state.workers.push(worker.clone());
        state.failed_starts = 0;
        let is_killed = state.is_killed;
        drop(state);
        if is_killed {
            worker.kill(lane::KillReason::Shutdown);
        }
        self.options.observer.tell(|observer| observer.worker_up(worker.number));
    }

    /// A worker has been buried.
    pub(crate) fn note_left(self: &Arc<Self>, worker: &Arc<Worker>) {
        let mut state = self.state.lock();
        let is_another = |other: &Arc<Worker>| !Arc::ptr_eq(other, worker);
        state.workers.retain(is_another);
        state.idle.retain(is_another);
        state.searching.end(worker.number);
        self.act(state);
        self.options.observer.tell(|observer| observer.worker_down(worker.number));
        self.end_if_over();
    }

    /// A worker could not be started. Gives how long to wait before the next try, or `None` to give up: nobody needs it any
    /// more, or the pool is broken now.
    pub(crate) fn note_failed_start(self: &Arc<Self>, number: usize, failure: &StartFailure) -> Option<Duration> {
        let mut state = self.state.lock();
        state.failed_starts += 1;
        if let Some((_, process)) = state.starting.iter_mut().find(|(other, _)| *other == number) {
            *process = None;
        }
        let is_hopeless = failure.is_permanent() || state.failed_starts >= MOST_FAILURES;
        let nobody_waits = state.queue.is_empty() || state.is_killed || state.broken.is_some();
        if !is_hopeless && !nobody_waits {
            return Some(back_off(state.failed_starts));
        }
        state.starting.retain(|(other, _)| *other != number);
        if is_hopeless && !state.is_killed && state.broken.is_none() {
            drop(state);
            self.break_down(failure);
        } else {
            drop(state);
        }
        self.end_if_over();
        None
    }

    /// A worker could not be sent a job, or died before it began it: that may be the job's fault, so it is tried again
    /// alone, and as often as a start. Gives it back if it is.
    pub(crate) fn note_failed_send(&self, mut waiting: Waiting, why: &Arc<dyn Error + Send + Sync>) -> Option<Waiting> {
        waiting.failed_sends += 1;
        waiting.is_quarantined = true;
        if waiting.failed_sends < MOST_FAILURES {
            return Some(waiting);
        }
        let text = format!("{MOST_FAILURES} workers in a row could not be sent the task");
        match waiting.held {
            // It can't be said that it never ran.
            Held::Begun(job) => self.end_begun(&job.handle(), Abandoned::new(format!("{text} once more: {why}"))),
            _ => self.fail_waiting(waiting, Rejected::broken(text, Some(why.clone()))),
        }
        None
    }

    /// The pool can't work: everything that waits fails, with the first cause.
    pub(super) fn break_down(&self, failure: &StartFailure) {
        let why = failure.rejection();
        let mut state = self.state.lock();
        state.broken.get_or_insert_with(|| why.clone());
        let (waiting, idle) = (std::mem::take(&mut state.queue), std::mem::take(&mut state.idle));
        drop(state);
        if let Some((room, _)) = &self.room {
            room.close();
        }
        idle.iter().for_each(|worker| worker.ask_to_leave());
        waiting.into_iter().for_each(|waiting| self.fail_waiting(waiting, why.clone()));
    }

    /// Waits before another try to start a worker, unless the pool is closed meanwhile.
    pub(crate) fn pause(&self, delay: Duration) {
        let deadline = Instant::now() + delay;
        let mut state = self.state.lock();
        while !state.is_closed && Instant::now() < deadline {
            state = self.sleep(state, Some(deadline));
        }
    }
}

/// So many starts in a row may fail before the pool gives up, and so many sends of a job before the pool gives up the job.
const MOST_FAILURES: u32 = 5;

/// How long to wait after so many failures in a row: the first try comes at once, the next ones later and later.
pub(crate) fn back_off(failed: u32) -> Duration {
    match failed {
        0 | 1 => Duration::ZERO,
        more => Duration::from_millis(10) * 4_u32.saturating_pow(more - 2).min(100),
    }
}
