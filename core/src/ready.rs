//! Room in a bounded queue, awaited: for async submitters, who must not block.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::error::{Reason, Rejected};
use crate::executor::{Executor, InProcess};
use crate::job::Job;
use crate::room::{Permit, Place, Room};
use crate::shutdown::{Shutdown, ShutdownReport};
use crate::stats::Stats;
use crate::sync::Mutex;

/// An executor whose queue may be bounded, as [`Ready`] sees it: the handles of the pools of this project.
pub trait Admits: Executor + Clone {
    /// What [`Ready`] gives: an executor with the calls of its pool, each as loose or as strict as there.
    type Slot: From<Admitted<Self>>;

    /// The bound of its queue, if it has one.
    #[doc(hidden)]
    fn room(&self) -> Option<&Arc<Room>>;

    /// Why it takes nothing any more.
    #[doc(hidden)]
    fn refusal(&self) -> Option<Rejected>;

    /// Whether the calling thread may wait for room: not one that makes room itself.
    #[doc(hidden)]
    fn may_wait(&self) -> bool;

    /// As `execute`, in room that was taken before.
    #[doc(hidden)]
    fn execute_in(&self, job: Job, permit: Permit);
}

/// Waits for room for one task in a pool's queue; from the pools' `ready()`.
///
/// Fair: who is polled first comes in first, in one line with the submits that block. Dropping it leaves the line. A pool without
/// `max_pending` is always ready.
#[must_use = "it waits when it is awaited"]
pub struct Ready<E: Admits> {
    executor: E,
    place: Option<Place>,
}

impl<E: Admits> Ready<E> {
    #[doc(hidden)]
    pub fn new(executor: E) -> Self {
        Self { executor, place: None }
    }
}

/// Nothing in it is pinned.
impl<E: Admits> Unpin for Ready<E> {}

impl<E: Admits> std::future::Future for Ready<E> {
    type Output = Result<E::Slot, Rejected>;

    /// Polled again after it was ready, it waits again.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(refusal) = this.executor.refusal() {
            this.place = None;
            return Poll::Ready(Err(refusal));
        }
        let Some(room) = this.executor.room() else { return Poll::Ready(Ok(Admitted::slot(&this.executor, None))) };
        let may_wait = this.executor.may_wait();
        let place = this.place.get_or_insert_with(|| room.place(1));
        let admitted = match place.poll(context) {
            Poll::Pending if may_wait => return Poll::Pending,
            Poll::Pending => Some(room.force_enter(1)),
            Poll::Ready(admitted) => admitted,
        };
        this.place = None;
        Poll::Ready(match admitted {
            Some(permit) => Ok(Admitted::slot(&this.executor, Some(permit))),
            None => Err(this.executor.refusal().unwrap_or_else(|| Rejected::new(Reason::ShutDown))),
        })
    }
}

impl<E: Admits> fmt::Debug for Ready<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("is_in_line", &self.place.is_some()).finish_non_exhaustive()
    }
}

/// What the slots of the pools are made of: an executor that lets one task in by the room that was taken for it, whatever
/// `WhenFull` says, and what comes after it as its pool does. A job of several tasks, as `map` makes them, gives the room back
/// and enters as by the pool.
#[doc(hidden)]
pub struct Admitted<E: Admits> {
    executor: E,
    permit: Mutex<Option<Permit>>,
}

impl<E: Admits> Admitted<E> {
    fn slot(executor: &E, permit: Option<Permit>) -> E::Slot {
        Self { executor: executor.clone(), permit: Mutex::new(permit) }.into()
    }
}

impl<E: Admits> Executor for Admitted<E> {
    fn execute(&self, job: Job) {
        let permit = self.permit.lock().take();
        match permit.filter(|permit| permit.tasks() >= job.tasks()) {
            Some(permit) => self.executor.execute_in(job, permit),
            None => self.executor.execute(job),
        }
    }

    fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.executor.shutdown(how)
    }

    fn stats(&self) -> Stats {
        self.executor.stats()
    }

    fn capacity(&self) -> Option<usize> {
        self.executor.capacity()
    }

    fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>> {
        self.executor.poll_capacity(context)
    }
}

impl<E: Admits + InProcess> InProcess for Admitted<E> {}

impl<E: Admits> fmt::Debug for Admitted<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted").field("permit", &*self.permit.lock()).finish_non_exhaustive()
    }
}
