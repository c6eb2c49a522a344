//! RUNNING elsewhere: the work crosses as bytes, and its tasks come back one by one.

use std::sync::Arc;

use super::{Cell, Inner, Task};
use crate::error::TaskError;
#[cfg(feature = "portable")]
use crate::error::{Reason, Rejected};
use crate::job::{Job, Tally};
#[cfg(feature = "portable")]
use crate::portable::Encoded;
use crate::report;
use crate::work::Work;

impl<W: Work> Task<W> {
    /// RUNNING, remote: one task of several has its outcome.
    pub(super) fn settle_item(self: &Arc<Self>, index: usize, item: Result<W::Item, TaskError>) {
        let mut inner = self.inner.lock();
        let Cell::Work(work) = &mut inner.cell else {
            drop(inner);
            return report::discard(item);
        };
        let mut item = Some(item);
        let outcome = work.settle(index, &mut item);
        drop(inner);
        report::discard(item);
        if let Some(outcome) = outcome {
            self.finish(outcome, &mut |_: Tally| ());
        }
    }

    #[cfg(feature = "portable")]
    pub(super) fn settle_from_bytes(self: &Arc<Self>, index: usize, reply: &[u8]) -> Tally {
        let (face, label) = {
            let inner = self.inner.lock();
            let Cell::Work(work) = &inner.cell else { return Tally::default() };
            (work.face(), inner.label().map(str::to_owned))
        };
        let item = match face {
            Some(face) => face.decode(reply, label.as_deref()),
            None => Err(Rejected::new(Reason::NotPortable).into()),
        };
        let tally = Tally::of(&item);
        self.settle_item(index, item);
        tally
    }

    #[cfg(feature = "portable")]
    pub(super) fn encode_arguments(self: &Arc<Self>) -> Option<Encoded> {
        // The serialiser is user code: the work leaves the cell while it runs, and comes back if it is still wanted.
        let (work, face) = {
            let mut inner = self.inner.lock();
            let face = match &inner.cell {
                Cell::Work(work) => work.face()?,
                _ => return None,
            };
            let Cell::Work(work) = std::mem::replace(&mut inner.cell, Cell::Gone) else { return None };
            (work, face)
        };
        let (encoded, refused) = face.encode(work.arguments());
        let mut inner = self.inner.lock();
        let unwanted = if inner.life.is_decided() {
            Some(work)
        } else {
            inner.cell = Cell::Work(work);
            None
        };
        drop(inner);
        report::discard(unwanted);
        for (index, error) in refused {
            self.settle_item(index, Err(error));
        }
        Some(encoded)
    }

    pub(super) fn split_tail(self: &Arc<Self>, from: usize) -> Option<Job> {
        let mut inner = self.inner.lock();
        let Inner { cell: Cell::Work(work), tasks, .. } = &mut *inner else { return None };
        let (job, outcome) = work.split_off(from)?;
        // In the same step, so that whoever ends this task now doesn't count what went.
        *tasks = work.len().try_into().unwrap_or(u32::MAX);
        drop(inner);
        if let Some(outcome) = outcome {
            self.finish(outcome, &mut |_: Tally| ());
        }
        Some(job)
    }
}
