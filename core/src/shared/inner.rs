//! What lies under a task's lock, and what is taken out of it before user code runs.

use std::any::Any;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::InterruptHook;
use super::ending::discard_some;
use crate::callback::Callback;
use crate::error::TaskError;
use crate::job::{Interrupt, Offer, Skipped};
use crate::state::{Life, Notes};
use crate::task::TaskOptions;
use crate::watch::Watcher;
use crate::work::Work;

pub(super) struct Inner<W: Work> {
    pub(super) extras: Option<Box<Extras<W::Output>>>,
    pub(super) cell: Cell<W>,
    pub(super) life: Life,
    /// How many tasks this is: those that a chunk gave away are counted where they went.
    pub(super) tasks: u32,
}

/// What an executor leaves with a job for as long as it waits.
pub(super) type Permit = Box<dyn Any + Send>;

/// What most tasks never have.
pub(super) struct Extras<T> {
    pub(super) options: Option<Arc<TaskOptions>>,
    pub(super) deadline: Option<Instant>,
    pub(super) callbacks: Vec<Callback<T>>,
    pub(super) watchers: Vec<Watcher>,
    pub(super) waker: Option<Waker>,
    pub(super) interrupt: Option<InterruptHook>,
    pub(super) permit: Option<Permit>,
    /// The worker elsewhere that may have begun the task, or runs it; where there is an `interrupt`, that came later.
    pub(super) offer: Option<Arc<dyn Offer>>,
}

pub(super) enum Cell<W: Work> {
    /// What is to be done.
    Work(W),
    /// Taken: by the thread that runs it, encodes it, or runs its callbacks; or by the future's owner.
    Gone,
    /// What came out, after the release.
    Outcome(Result<W::Output, TaskError>),
}

impl<W: Work> Inner<W> {
    /// PENDING or BEGUN → RUNNING; gives the permit, to be dropped outside the lock.
    pub(super) fn start(&mut self, interrupt: Option<InterruptHook>) -> Result<Option<Permit>, Skipped> {
        let was_pending = self.life.is_pending();
        if !self.life.start() {
            return Err(self.skipped());
        }
        if interrupt.is_some() {
            self.extras().interrupt = interrupt;
        }
        match &mut self.extras {
            Some(extras) if was_pending => Ok(extras.start()),
            _ => Ok(None),
        }
    }

    /// Whom to ask whether the task has begun.
    #[inline]
    pub(super) fn pending_offer(&self) -> Option<&dyn Offer> {
        let extras = self.extras.as_ref()?;
        if self.life.is_pending() { extras.offer.as_deref() } else { None }
    }

    /// PENDING → BEGUN; gives the permit, to be dropped outside the lock.
    pub(super) fn begin(&mut self) -> Option<Permit> {
        self.life.begin();
        self.extras.as_mut().and_then(|extras| extras.start())
    }

    /// Why a start was refused.
    pub(super) fn skipped(&self) -> Skipped {
        if self.life.was_cancelled_before_start() { Skipped::Cancelled } else { Skipped::Elsewhere }
    }

    /// Who can stop the task where it runs.
    pub(super) fn interrupter(&self) -> Option<Interrupter> {
        let extras = self.extras.as_ref()?;
        let hook = extras.interrupt.clone().map(Interrupter::Hook);
        hook.or_else(|| extras.offer.clone().map(Interrupter::Offer))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.extras.as_ref().and_then(|extras| extras.deadline)
    }

    /// RUNNING: takes out what is needed to run.
    pub(super) fn get_ready(&mut self) -> Ready<W> {
        debug_assert!(self.life.is_running() || self.life.is_decided(), "run before start");
        let (options, deadline) = (self.options(), self.deadline());
        Ready { work: self.take_work(), options, deadline, tasks: self.tasks as usize }
    }

    /// How many tasks this is that nobody has counted.
    pub(super) fn unsettled(&self) -> usize {
        let settled = if let Cell::Work(work) = &self.cell { work.settled() } else { 0 };
        (self.tasks as usize).saturating_sub(settled)
    }

    pub(super) fn extras(&mut self) -> &mut Extras<W::Output> {
        self.extras.get_or_insert_with(|| Box::new(Extras::none()))
    }

    pub(super) fn options(&self) -> Option<Arc<TaskOptions>> {
        self.extras.as_ref().and_then(|extras| extras.options.clone())
    }

    pub(super) fn label(&self) -> Option<&str> {
        self.extras.as_ref().and_then(|extras| extras.options.as_ref()?.label_text())
    }

    /// An `Err` of a task that was told to stop, and looked, is an end on request and no failure.
    pub(super) fn saw_the_stop(&self, outcome: &Result<W::Output, TaskError>) -> bool {
        matches!(outcome, Err(TaskError::Failed(_))) && self.life.notes.has(Notes::STOP_SEEN)
    }

    /// The error that lies where it was released, and that no callback was told.
    pub(super) fn hidden_error(&self) -> Option<&TaskError> {
        let notes = self.life.notes;
        match &self.cell {
            Cell::Outcome(Err(error)) if !notes.has(Notes::TOLD) => {
                Some(error).filter(|error| !error.is_cancelled() || notes.has(Notes::GIVEN_UP))
            }
            _ => None,
        }
    }

    /// Takes the function out, and leaves an outcome where it is: the task may have been failed before it could run.
    pub(super) fn take_work(&mut self) -> Option<W> {
        match std::mem::replace(&mut self.cell, Cell::Gone) {
            Cell::Work(work) => Some(work),
            other => {
                self.cell = other;
                None
            }
        }
    }

    /// Takes out what user code must not run for under the lock.
    pub(super) fn take_left_over(&mut self) -> Option<LeftOver<W>> {
        let work = self.take_work();
        match &mut self.extras {
            None => work.map(|work| LeftOver { work: Some(work), permit: None, offer: None, callbacks: Vec::new() }),
            Some(extras) => {
                let (permit, offer) = (extras.permit.take(), extras.offer.take());
                Some(LeftOver { work, permit, offer, callbacks: std::mem::take(&mut extras.callbacks) })
            }
        }
    }
}

/// What a started task needs to run.
pub(super) struct Ready<W: Work> {
    /// None if the future has ended meanwhile.
    pub(super) work: Option<W>,
    pub(super) options: Option<Arc<TaskOptions>>,
    pub(super) deadline: Option<Instant>,
    pub(super) tasks: usize,
}

/// Who can stop a task where it runs.
pub(super) enum Interrupter {
    Hook(InterruptHook),
    Offer(Arc<dyn Offer>),
}

impl Interrupter {
    pub(super) fn ask(self, interrupt: Interrupt) {
        match self {
            Self::Hook(hook) => hook(interrupt),
            Self::Offer(offer) => offer.interrupt(interrupt),
        }
    }
}

/// What a decided task still holds: to be dropped, and to be called.
pub(super) struct LeftOver<W: Work> {
    pub(super) work: Option<W>,
    pub(super) permit: Option<Permit>,
    pub(super) offer: Option<Arc<dyn Offer>>,
    pub(super) callbacks: Vec<Callback<W::Output>>,
}

impl<W: Work> LeftOver<W> {
    /// Drops the function and its captures at once, and keeps the callbacks.
    pub(super) fn dismantle(self) -> Vec<Callback<W::Output>> {
        discard_some(self.work);
        discard_some(self.permit);
        discard_some(self.offer);
        self.callbacks
    }
}

impl<T> Extras<T> {
    /// An attempt begins now; gives the permit, to be dropped outside the lock.
    fn start(&mut self) -> Option<Permit> {
        self.deadline = self.next_deadline();
        self.permit.take()
    }

    /// When an attempt that begins now runs out of time.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.options.as_ref()?.deadline_limit().and_then(crate::sync::deadline_after)
    }

    pub(super) fn none() -> Self {
        Self {
            options: None,
            deadline: None,
            callbacks: Vec::new(),
            watchers: Vec::new(),
            waker: None,
            interrupt: None,
            permit: None,
            offer: None,
        }
    }
}
