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

/// What most tasks never have.
pub(super) struct Extras<T> {
    pub(super) options: Option<Arc<TaskOptions>>,
    pub(super) deadline: Option<Instant>,
    pub(super) callbacks: Vec<Callback<T>>,
    pub(super) watchers: Vec<Watcher>,
    pub(super) waker: Option<Waker>,
    pub(super) interrupt: Option<InterruptHook>,
    pub(super) permit: Option<Box<dyn Any + Send>>,
    /// The worker elsewhere that may have begun the task, or runs it. Never beside `interrupt`: the later one counts.
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
    /// PENDING or BEGUN → RUNNING; gives what is to be dropped outside the lock.
    pub(super) fn start(&mut self, interrupt: Option<InterruptHook>) -> Result<Freed, Skipped> {
        let was_pending = self.life.is_pending();
        if !self.life.start() {
            return Err(self.skipped());
        }
        let mut freed = if was_pending { self.start_extras() } else { Freed::default() };
        if interrupt.is_some() {
            let extras = self.extras();
            extras.interrupt = interrupt;
            freed.offer = extras.offer.take();
        }
        Ok(freed)
    }

    /// PENDING → BEGUN if the offer says so; gives what is to be dropped outside the lock.
    pub(super) fn look(&mut self) -> Freed {
        match self.pending_offer() {
            Some(offer) if offer.has_begun() => self.begin(),
            _ => Freed::default(),
        }
    }

    /// Takes an offered task back from its worker, as far as it is offered. PENDING → BEGUN if that is too late.
    pub(super) fn withdraw_offer(&mut self) -> Freed {
        match self.pending_offer() {
            Some(offer) if !offer.withdraw() => self.begin(),
            _ => Freed::default(),
        }
    }

    /// Whom to ask whether the task has begun.
    pub(super) fn pending_offer(&self) -> Option<&dyn Offer> {
        let extras = self.extras.as_ref().filter(|_| self.life.is_pending())?;
        extras.offer.as_deref()
    }

    fn begin(&mut self) -> Freed {
        self.life.begin();
        self.start_extras()
    }

    fn start_extras(&mut self) -> Freed {
        let Some(extras) = &mut self.extras else { return Freed::default() };
        extras.deadline = extras.next_deadline();
        Freed { permit: extras.permit.take(), offer: None }
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
            None => work.map(|work| LeftOver { work: Some(work), freed: Freed::default(), callbacks: Vec::new() }),
            Some(extras) => {
                let freed = Freed { permit: extras.permit.take(), offer: extras.offer.take() };
                Some(LeftOver { work, freed, callbacks: std::mem::take(&mut extras.callbacks) })
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

/// What an executor left with a task until it started or ended; to be dropped outside the lock.
#[derive(Default)]
#[must_use = "it is dropped after the lock"]
pub(super) struct Freed {
    permit: Option<Box<dyn Any + Send>>,
    offer: Option<Arc<dyn Offer>>,
}

impl Freed {
    pub(super) fn discard(self) {
        discard_some(self.permit);
        discard_some(self.offer);
    }
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
    pub(super) freed: Freed,
    pub(super) callbacks: Vec<Callback<W::Output>>,
}

impl<W: Work> LeftOver<W> {
    /// Drops the function and its captures at once, and keeps the callbacks.
    pub(super) fn dismantle(self) -> Vec<Callback<W::Output>> {
        discard_some(self.work);
        self.freed.discard();
        self.callbacks
    }
}

impl<T> Extras<T> {
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
