//! How a supervisor ends or gives back what lies with a worker that has died (V1).

use std::error::Error;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use concurrent_futures_core::{Abandoned, DeadlineExceeded, DeadlineOf, TaskError};

use super::{Supervisor, cancelled, failed};
use crate::parent::death;
use crate::parent::lane::{InFlight, KillReason};
use crate::parent::offer::RetryOffer;
use crate::parent::shared::back_off;
use crate::parent::waiting::{Held, Waiting};
use crate::start_failure::DiedUnbegun;

impl Supervisor {
    /// Drops what lies with the worker, which ends it.
    pub(super) fn abandon(&self) {
        let occupied = self.worker.lane.lock().occupied();
        for slot in occupied {
            let job = self.worker.lane.lock().take(slot);
            if let Some(job) = job {
                self.shared.counters.fail(job.offered - job.done);
            }
        }
    }

    /// BURIED: ends or gives back everything that lies with a worker that has died (V1).
    pub(super) fn bury(&mut self) {
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
        let (mut back, mut unbegun, mut is_one_to_blame) = (Vec::new(), Vec::new(), false);
        for slot in slots {
            let (job, frame) = {
                let mut lane = self.worker.lane.lock();
                (lane.take(slot), lane.order(slot))
            };
            let Some(mut job) = job else { continue };
            let has_begun = self.worker.page.slot(slot).look().begun > 0;
            let rest = self.reclaim(slot, &mut job);
            if has_begun {
                back.extend(rest);
            } else {
                unbegun.extend(rest.into_iter().map(|waiting| (frame, waiting)));
            }
            if job.done < job.offered {
                is_one_to_blame = true;
                back.extend(self.blame(slot, &mut job, status));
            }
            self.put_back_or_release(slot, job);
        }
        let is_explained = is_one_to_blame || !back.is_empty();
        back.extend(self.spare(unbegun, is_explained, status));
        // Where one worker after the other comes to nothing, there is no hurry with the next.
        self.shared.pause(back_off(back.iter().map(|waiting| waiting.failed_sends).max().unwrap_or(0)));
        self.shared.give_back(back);
    }

    /// Which of the jobs that had not begun are to be tried again. Those of a frame that could not be sent, or that the
    /// worker was to begin next when it died, have had a try, like a start that failed: they may be why it died. Not
    /// where we have killed it, because somebody had stopped it.
    fn spare(&self, unbegun: Vec<(u64, Waiting)>, is_explained: bool, status: Option<ExitStatus>) -> Vec<Waiting> {
        if self.worker.lane.lock().is_passed_over() {
            return unbegun.into_iter().map(|(_, waiting)| waiting).collect();
        }
        let next = unbegun.first().filter(|_| !is_explained).map(|(frame, _)| *frame);
        let (suspected, why): (Option<u64>, Arc<dyn Error + Send + Sync>) = match self.worker.unsent() {
            Some(unsent) => (Some(unsent.frame), unsent.why),
            None => (next, Arc::new(DiedUnbegun(status))),
        };
        let is_suspected = |frame| suspected == Some(frame);
        let tried = |(frame, waiting)| {
            if is_suspected(frame) { self.shared.note_failed_send(waiting, &why) } else { Some(waiting) }
        };
        unbegun.into_iter().filter_map(tried).collect()
    }

    /// Whether the worker has done something, and was not simply needed no more.
    pub(super) fn is_to_be_replaced(&self, had_work: bool) -> bool {
        if self.is_dismissed {
            return self.is_due_to_leave();
        }
        (had_work || self.worker.record.tasks.load(Ordering::Relaxed) > 0) && !self.shared.is_killed()
    }

    /// Ends the task that the worker was in the middle of, or gives it back for another attempt.
    pub(super) fn blame(&self, slot: usize, job: &mut InFlight, status: Option<ExitStatus>) -> Option<Waiting> {
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
        // Who has asked it to stop, with a grace, wants no other attempt either.
        let may_run_again = !running.handle().is_stop_requested() && !self.shared.cancels_waiting();
        if is_its_own_death && attempt <= retries && may_run_again {
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
                let kill = death::killed_by_pool(&self.worker, kill, status);
                (death::worker_died(pid, status, label.as_deref(), attempt, panics, kill, words).into(), false)
            }
        };
        let tally = if is_cancelled { cancelled(1) } else { failed(1) };
        self.shared.counters.end(tally);
        running.fail_task(index, error);
        job.tally += tally;
        None
    }

    pub(super) fn retry(&self, mut waiting: Waiting) -> Waiting {
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
