//! RUNNING elsewhere: the work crosses as bytes, and its tasks come back one by one, or many at once.

use std::sync::Arc;

use super::{Cell, Inner, Task};
use crate::error::TaskError;
#[cfg(feature = "portable")]
use crate::error::{Reason, Rejected};
use crate::job::{Job, Tally};
#[cfg(feature = "portable")]
use crate::portable::{Encoded, PortableFace, Replies};
use crate::report;
#[cfg(feature = "portable")]
use crate::task::TaskOptions;
use crate::work::Work;

/// The outcome of one task, with its index; taken out where it is wanted.
pub(crate) type Settled<T> = (usize, Option<Result<T, TaskError>>);

impl<W: Work> Task<W> {
    /// RUNNING, remote: some of the tasks have their outcomes. Tells how those ended that were still wanted.
    pub(super) fn settle_items(self: &Arc<Self>, items: &mut [Settled<W::Item>]) -> Tally {
        let mut sum = Tally::default();
        self.settle_items_then(items, &mut |tally| sum += tally);
        sum
    }

    /// As [`settle_items`](Self::settle_items); `count` is told before anybody who waits is woken.
    fn settle_items_then(self: &Arc<Self>, items: &mut [Settled<W::Item>], count: &mut dyn FnMut(Tally)) {
        let mut tally = Tally::default();
        let mut outcome = None;
        let mut inner = self.inner.lock();
        if let Cell::Work(work) = &mut inner.cell {
            for (index, item) in &mut *items {
                let ended = item.as_ref().map(Tally::of).unwrap_or_default();
                if let Some(whole) = work.settle(*index, item) {
                    outcome = Some(whole);
                }
                if item.is_none() {
                    tally += ended;
                }
            }
        }
        drop(inner);
        // What is still here has come too late.
        items.iter_mut().filter_map(|(_, item)| item.take()).for_each(report::discard);
        match outcome {
            // A single task is counted by who ends it.
            Some(outcome) if !W::IS_CHUNK => {
                self.finish(outcome, &mut |tally: Tally| count(tally));
            }
            outcome => {
                count(tally);
                if let Some(outcome) = outcome {
                    self.finish(outcome, &mut |_: Tally| ());
                }
            }
        }
    }

    /// What turns bytes into outcomes, and the label; `None` once the future has ended.
    #[cfg(feature = "portable")]
    #[expect(clippy::type_complexity, reason = "the face is named once")]
    fn decoder(&self) -> Option<(Result<PortableFace<W::Argument, W::Item>, TaskError>, Option<String>)> {
        let inner = self.inner.lock();
        let Cell::Work(work) = &inner.cell else { return None };
        let face = work.face().ok_or_else(|| Rejected::new(Reason::NotPortable).into());
        Some((face, inner.label().map(str::to_owned)))
    }

    #[cfg(feature = "portable")]
    pub(super) fn settle_from_bytes(self: &Arc<Self>, index: usize, reply: &[u8]) -> Tally {
        let Some((face, label)) = self.decoder() else { return Tally::default() };
        let item = face.and_then(|face| face.decode(reply, label.as_deref()));
        self.settle_items(&mut [(index, Some(item))])
    }

    #[cfg(feature = "portable")]
    pub(super) fn settle_each_from_bytes(self: &Arc<Self>, replies: Replies<'_, '_>, count: &mut dyn FnMut(Tally)) {
        let Some((face, label)) = self.decoder() else { return };
        loop {
            let mut items: Vec<_> = match &face {
                Ok(face) => face.decode_block(replies, label.as_deref()),
                Err(error) => replies.map(|(index, _)| (index, Some(Err(error.clone())))).collect(),
            };
            if items.is_empty() {
                return;
            }
            self.settle_items_then(&mut items, count);
        }
    }

    #[cfg(feature = "portable")]
    pub(super) fn encode_arguments(self: &Arc<Self>) -> Option<Encoded> {
        // The serialiser is user code: the work leaves the cell while it runs, and comes back if it is still wanted.
        let (work, face, options) = {
            let mut inner = self.inner.lock();
            let face = match &inner.cell {
                Cell::Work(work) => work.face()?,
                _ => return None,
            };
            let Cell::Work(work) = std::mem::replace(&mut inner.cell, Cell::Gone) else { return None };
            (work, face, inner.options())
        };
        let carried = options.as_deref().and_then(TaskOptions::carried);
        let (encoded, refused) = face.encode(work.arguments(), carried);
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
            self.settle_items(&mut [(index, Some(Err(error)))]);
        }
        Some(encoded)
    }

    pub(super) fn split_tail(self: &Arc<Self>, from: usize) -> Option<Job> {
        let mut inner = self.inner.lock();
        let Inner { cell: Cell::Work(work), tasks, .. } = &mut *inner else { return None };
        let (job, outcome) = work.split_off(from)?;
        // In the same step, so that whoever ends this task now doesn't count what went.
        *tasks = work.len().try_into().unwrap_or(u32::MAX);
        // Looked at once the part is known to its map, so that one of the two sees the other.
        let is_withdrawn = work.is_withdrawn();
        drop(inner);
        if is_withdrawn {
            job.handle().withdraw();
        }
        if let Some(outcome) = outcome {
            self.finish(outcome, &mut |_: Tally| ());
        }
        Some(job)
    }
}
