use std::sync::Arc;

use concurrent_futures_core::{RunningJob, Tally};

use crate::parent::waiting::{Held, Waiting};

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
    pub(crate) indices: Option<Arc<[usize]>>,
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
