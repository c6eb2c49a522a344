//! What a future may ask of its task while it lies with a worker.

use std::sync::{Arc, Weak};

use concurrent_futures_core::{Interrupt, JobHandle, Offer, TaskError};

use super::shared::Shared;
use super::worker::Worker;

/// One job in one slot. A slot that has passed on to another job answers to nothing.
pub(crate) struct SlotOffer {
    worker: Arc<Worker>,
    slot: usize,
    generation: u64,
}

impl SlotOffer {
    pub(crate) fn new(worker: Arc<Worker>, slot: usize, generation: u64) -> Self {
        Self { worker, slot, generation }
    }
}

impl Offer for SlotOffer {
    fn has_begun(&self) -> bool {
        self.worker.page.slot(self.slot).look().begun > 0
    }

    fn withdraw(&self) -> bool {
        self.worker.page.slot(self.slot).withdraw()
    }

    fn interrupt(&self, interrupt: Interrupt) {
        match interrupt {
            Interrupt::Abort { grace } => self.worker.abort(self.slot, self.generation, grace),
            Interrupt::Withdraw => self.worker.withdraw_rest(self.slot, self.generation),
            _ => {}
        }
    }
}

/// A job that waits in the queue for another attempt.
pub(crate) struct RetryOffer {
    shared: Weak<Shared>,
    handle: JobHandle,
}

impl RetryOffer {
    pub(crate) fn new(shared: &Arc<Shared>, handle: JobHandle) -> Self {
        Self { shared: Arc::downgrade(shared), handle }
    }
}

impl Offer for RetryOffer {
    fn has_begun(&self) -> bool {
        true
    }

    fn withdraw(&self) -> bool {
        false
    }

    fn interrupt(&self, _interrupt: Interrupt) {
        let shared = self.shared.upgrade();
        self.handle.fail_then(TaskError::Cancelled, |tally| {
            if let Some(shared) = &shared {
                shared.count(self.handle.id(), tally);
            }
        });
    }
}
