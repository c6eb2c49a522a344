//! A job that waits for a worker.

use std::time::Instant;

use concurrent_futures_core::{Job, JobHandle, RunningJob, TaskId, TaskOptions};

use super::payload::Payload;

/// A job with everything that is needed to send it.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) held: Held,
    pub(crate) payload: Payload,
    pub(crate) options: TaskOptions,
    pub(crate) since: Instant,
    /// A worker has died of it before, or perhaps of it: it is sent alone, so that it is plain who did it.
    pub(crate) is_quarantined: bool,
    /// So many workers could not be sent it, or died before they began it.
    pub(crate) failed_sends: u32,
    /// It counts against `max_pending`, as long as it lies in the queue.
    pub(crate) takes_room: bool,
}

/// Where a job is in its life.
#[derive(Debug)]
pub(crate) enum Held {
    /// It has not begun, as far as is known here.
    Fresh(Job),
    /// It has begun: it runs, or waits for another attempt.
    Begun(RunningJob),
    /// Its future has ended without it.
    Over(TaskId),
}

impl Waiting {
    pub(crate) fn new(job: Job, payload: Payload) -> Self {
        let options = job.options();
        Self {
            held: Held::Fresh(job),
            payload,
            options,
            since: Instant::now(),
            is_quarantined: false,
            failed_sends: 0,
            takes_room: false,
        }
    }

    pub(crate) fn id(&self) -> TaskId {
        match &self.held {
            Held::Fresh(job) => job.id(),
            Held::Begun(job) => job.id(),
            Held::Over(id) => *id,
        }
    }

    pub(crate) fn handle(&self) -> Option<JobHandle> {
        match &self.held {
            Held::Fresh(job) => Some(job.handle()),
            Held::Begun(job) => Some(job.handle()),
            Held::Over(_) => None,
        }
    }

    /// How many tasks it holds that have not ended: one whose argument could not be encoded has.
    pub(crate) fn tasks(&self) -> usize {
        if let Held::Over(_) = self.held { 0 } else { self.payload.tasks() }
    }

    /// Takes the job out of a slot that it is about to leave.
    pub(crate) fn hollow_out(&mut self) -> Self {
        let over = Held::Over(self.id());
        let held = std::mem::replace(&mut self.held, over);
        let payload = std::mem::replace(&mut self.payload, Payload::nothing());
        let (options, since) = (self.options.clone(), self.since);
        let (is_quarantined, failed_sends) = (self.is_quarantined, self.failed_sends);
        Self { held, payload, options, since, is_quarantined, failed_sends, takes_room: false }
    }

    /// It leaves the queue for a worker.
    pub(crate) fn give_room(&mut self) {
        if std::mem::take(&mut self.takes_room)
            && let Held::Fresh(job) = &self.held
        {
            // In place of the permit, which is dropped.
            job.hold(());
        }
    }

    /// Whether nobody wants it to run: its outcome is decided, while callbacks of a cancel run too; or it was to be tried
    /// again, and was aborted, by who perhaps found only the attempt before.
    pub(crate) fn is_unwanted(&self) -> bool {
        let is_retry = matches!(self.held, Held::Begun(_));
        self.handle().is_none_or(|handle| handle.is_over() || is_retry && handle.is_stop_requested())
    }

    pub(crate) fn attempt(&self) -> u32 {
        match &self.held {
            Held::Begun(job) => job.attempt(),
            _ => 1,
        }
    }

    /// Whether it can be written to an idle worker by anybody: it is small, and nothing travels beside it.
    pub(crate) fn is_light(&self) -> bool {
        self.payload.size <= super::lane::LARGEST_LIGHT && self.payload.attachments.is_empty()
    }
}
