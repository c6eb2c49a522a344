//! The shared state of one task: one allocation, seen from both sides.
//!
//! The life of it, with its picture and its promises, is in [`state`](crate::state); here stands what the verbs do to
//! the function, the outcome, and those who wait. A [`Task`] is seen as `dyn AnyTask` by executors and cancellers, and
//! as `dyn TypedTask<T>` by its future. Everything that can be kept out of a queued task is kept in [`Extras`], which
//! most tasks never have: a queued call of `u64` to `u64` takes 72 bytes, reference counts included.

mod any_task;
mod ending;
mod inner;
mod remote;
mod running;
mod verbs;

use std::sync::Arc;

pub(crate) use any_task::{AnyTask, InterruptHook, TypedTask};
use inner::{Cell, Extras, Inner, LeftOver, Ready};
#[cfg(feature = "portable")]
pub(crate) use remote::Settled;

use crate::error::{Abandoned, TaskError};
use crate::report::{self, Report};
use crate::state::{Life, Notes};
use crate::sync::{AtomicU32, Condvar, Mutex};
use crate::task::{TaskId, TaskOptions};
use crate::work::Work;

/// One task: its life, its function and later its outcome, and who waits for it.
pub(crate) struct Task<W: Work> {
    id: TaskId,
    /// Bit 31: released, so that `done()` needs no lock. Below: the executor it is bound to.
    status: AtomicU32,
    /// For threads that wait, under the lock of `inner`; notified only where `THREAD_WAITS` is noted.
    released: Condvar,
    inner: Mutex<Inner<W>>,
}

const RELEASED: u32 = 1 << 31;

impl<W: Work> Task<W> {
    pub(crate) fn new(work: W, options: Option<TaskOptions>) -> Arc<Self> {
        let id = work.first_id();
        let extras = options
            .filter(|options| !options.is_default())
            .map(|options| Box::new(Extras { options: Some(Arc::new(options)), ..Extras::none() }));
        let tasks = work.len().try_into().unwrap_or(u32::MAX);
        let inner = Inner { extras, cell: Cell::Work(work), life: Life::new(), tasks };
        Arc::new(Self { id, status: AtomicU32::new(0), released: Condvar::new(), inner: Mutex::new(inner) })
    }
}

impl<W: Work> Drop for Task<W> {
    fn drop(&mut self) {
        let id = self.id;
        let inner = self.inner.get_mut();
        // A chunk's failure is its map's, which yields it for each item, or was dropped by somebody who wants no more.
        if let Cell::Outcome(Err(error)) = &inner.cell
            && !W::IS_CHUNK
            && !error.is_cancelled()
            && !inner.life.notes.has(Notes::OBSERVED)
        {
            let label = inner.label().map(str::to_owned);
            report::send(&Report::UnseenFailure { id, label, error: error.clone() });
        }
        if let Cell::Outcome(outcome) = std::mem::replace(&mut inner.cell, Cell::Gone) {
            report::discard(outcome);
        }
    }
}

/// The error of a producer that vanished.
pub(crate) fn dropped_by_executor() -> TaskError {
    Abandoned::new("its executor dropped it without running it").into()
}
