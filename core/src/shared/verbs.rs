//! The verbs, as others call them: each takes the lock, asks the [`Life`](crate::state), and acts outside the lock.

use std::any::Any;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::ending::discard_some;
use super::{AnyTask, Cell, Inner, InterruptHook, RELEASED, Task, TypedTask};
use crate::callback::Callback;
use crate::error::TaskError;
use crate::job::{Interrupt, Job, Offer, RunHooks, Skipped, Tally};
#[cfg(feature = "portable")]
use crate::portable::{Encoded, Replies};
use crate::report;
use crate::state::{Cancel, Notes, State};
use crate::sync::{MutexGuard, Ordering};
use crate::task::{TaskId, TaskOptions, TaskView};
use crate::watch::{Watch, Watcher};
use crate::work::Work;
use crate::worker::ExecutorId;

impl<W: Work> TaskView for Task<W> {
    fn id(&self) -> TaskId {
        self.id
    }

    fn label(&self) -> Option<String> {
        self.inner.lock().label().map(str::to_owned)
    }

    fn attempt(&self) -> u32 {
        self.inner.lock().life.attempt.into()
    }

    fn deadline(&self) -> Option<Instant> {
        self.inner.lock().deadline()
    }

    fn stop_requested(&self) -> bool {
        self.inner.lock().life.notes.has(Notes::STOP_REQUESTED)
    }

    fn see_stop(&self) {
        self.inner.lock().life.notes.set(Notes::STOP_SEEN);
    }

    fn has_seen_stop(&self) -> bool {
        self.inner.lock().life.notes.has(Notes::STOP_SEEN)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn as_task(self: Arc<Self>) -> Option<Arc<dyn AnyTask>> {
        Some(self)
    }
}

impl<W: Work> AnyTask for Task<W> {
    fn state(&self) -> State {
        let inner = self.inner.lock();
        if inner.pending_offer().is_some() { look(inner) } else { inner.life.state() }
    }

    fn is_released(&self) -> bool {
        // Acquire: what happened before the release happened before whatever the caller does next (L3).
        self.status.load(Ordering::Acquire) & RELEASED != 0
    }

    fn is_decided(&self) -> bool {
        self.inner.lock().life.is_decided()
    }

    fn executor(&self) -> Option<ExecutorId> {
        // Relaxed: a stale answer only means that a wait doesn't run the task in place.
        ExecutorId::from_bits(self.status.load(Ordering::Relaxed) & !RELEASED)
    }

    fn options(&self) -> TaskOptions {
        self.inner.lock().options().as_deref().cloned().unwrap_or_default()
    }

    fn len(&self) -> usize {
        // Only a chunk has more than one, and only its number changes: asked for every submit, so without the lock.
        if W::IS_CHUNK { self.inner.lock().tasks as usize } else { 1 }
    }

    fn give_away(&self, tasks: usize) -> bool {
        let mut inner = self.inner.lock();
        let is_ours = !inner.life.is_decided();
        if is_ours {
            inner.tasks = inner.tasks.saturating_sub(tasks.try_into().unwrap_or(u32::MAX));
        }
        is_ours
    }

    fn bind(&self, executor: ExecutorId) {
        // Relaxed: whoever finds the job in the executor's queue finds this with it. A release that comes between its
        // own load and store may drop the executor again, which nobody asks for any more.
        let set = |status: u32| Some(status & RELEASED | executor.bits());
        let _ = self.status.fetch_update(Ordering::Relaxed, Ordering::Relaxed, set);
    }

    fn hold(&self, permit: Box<dyn Any + Send>) {
        let mut inner = self.inner.lock();
        let refused = if inner.life.is_pending() { inner.extras().permit.replace(permit) } else { Some(permit) };
        drop(inner);
        report::discard(refused);
    }

    fn start(&self, interrupt: Option<InterruptHook>) -> Result<Option<Instant>, Skipped> {
        start(self.inner.lock(), interrupt)
    }

    fn claim(&self) -> Result<Option<Instant>, Skipped> {
        let inner = self.inner.lock();
        // What is offered, or was seen to begin elsewhere, is for its executor to start.
        let is_ours = inner.life.is_pending() && inner.pending_offer().is_none();
        if is_ours { start(inner, None) } else { Err(inner.skipped()) }
    }

    fn offer(&self, offer: Arc<dyn Offer>) -> Result<(), Skipped> {
        let mut inner = self.inner.lock();
        if !inner.life.is_pending() {
            let skipped = inner.skipped();
            drop(inner);
            report::discard(offer);
            return Err(skipped);
        }
        let previous = inner.extras().offer.replace(offer);
        drop(inner);
        discard_some(previous);
        Ok(())
    }

    fn take_back(&self) {
        let mut inner = self.inner.lock();
        let is_pending = inner.life.is_pending();
        let offer = inner.extras.as_mut().filter(|_| is_pending).and_then(|extras| extras.offer.take());
        drop(inner);
        discard_some(offer);
    }

    fn offer_retry(&self, offer: Arc<dyn Offer>) {
        let mut inner = self.inner.lock();
        let (hook, offer) = if inner.life.is_running() {
            let extras = inner.extras();
            (extras.interrupt.take(), extras.offer.replace(offer))
        } else {
            (None, Some(offer))
        };
        drop(inner);
        discard_some(hook);
        discard_some(offer);
    }

    fn retry(&self) {
        let mut inner = self.inner.lock();
        inner.life.attempt = inner.life.attempt.saturating_add(1);
        if let Some(extras) = &mut inner.extras {
            extras.deadline = extras.next_deadline();
        }
    }

    fn set_interrupt(&self, hook: InterruptHook) -> bool {
        let mut inner = self.inner.lock();
        let is_in_time = inner.life.is_running() && !inner.life.notes.has(Notes::STOP_REQUESTED);
        let unused = if is_in_time { inner.extras().interrupt.replace(hook) } else { Some(hook) };
        drop(inner);
        discard_some(unused);
        is_in_time
    }

    fn run(self: Arc<Self>, hooks: &mut dyn RunHooks) {
        let ready = self.inner.lock().get_ready();
        self.run_ready(ready, hooks);
    }

    fn start_and_run(self: Arc<Self>, hooks: &mut dyn RunHooks) -> Result<(), Skipped> {
        let mut inner = self.inner.lock();
        let permit = inner.start(None)?;
        let ready = inner.get_ready();
        drop(inner);
        discard_some(permit);
        self.run_ready(ready, hooks);
        Ok(())
    }

    fn fail(self: Arc<Self>, error: TaskError, hooks: &mut dyn RunHooks) -> bool {
        self.decide_and_conclude(error, false, hooks)
    }

    fn fail_pending(self: Arc<Self>, error: TaskError) -> bool {
        self.decide_and_conclude(error, true, &mut |_: Tally| ())
    }

    fn fail_item(self: Arc<Self>, index: usize, error: TaskError) {
        self.settle_items(&mut [(index, Some(Err(error)))]);
    }

    #[cfg(feature = "portable")]
    fn complete_item(self: Arc<Self>, index: usize, reply: &[u8]) -> Tally {
        Task::settle_from_bytes(&self, index, reply)
    }

    #[cfg(feature = "portable")]
    fn complete_items(self: Arc<Self>, replies: Replies<'_, '_>, count: &mut dyn FnMut(Tally)) {
        Task::settle_each_from_bytes(&self, replies, count);
    }

    fn note_took(&self, took: Duration) {
        if let Cell::Work(work) = &mut self.inner.lock().cell {
            work.note_took(took);
        }
    }

    #[cfg(feature = "portable")]
    fn encode(self: Arc<Self>) -> Option<Encoded> {
        Task::encode_arguments(&self)
    }

    fn split_off(self: Arc<Self>, from: usize) -> Option<Job> {
        Task::split_tail(&self, from)
    }

    fn is_withdrawn(&self) -> bool {
        self.inner.lock().life.notes.has(Notes::REST_WITHDRAWN)
    }

    fn cancel(self: Arc<Self>) -> bool {
        let mut inner = self.inner.lock();
        if inner.pending_offer().is_some_and(|offer| !offer.withdraw()) {
            begin(inner);
            return false;
        }
        match inner.life.cancel() {
            Cancel::Repeated => true,
            Cancel::Lost => false,
            Cancel::Won => {
                let left = inner.take_left_over();
                drop(inner);
                self.conclude_error(TaskError::Cancelled, left, Tally::default(), &mut |_: Tally| ());
                true
            }
        }
    }

    fn abort(self: Arc<Self>, interrupt: Interrupt) -> bool {
        if self.clone().cancel() {
            return true;
        }
        let hook = {
            let mut inner = self.inner.lock();
            if !inner.life.is_running() {
                return false;
            }
            inner.life.notes.set(Notes::STOP_REQUESTED);
            inner.interrupter()
        };
        hook.is_some_and(|hook| {
            hook.ask(interrupt);
            true
        })
    }

    fn withdraw(self: Arc<Self>) {
        if self.clone().cancel() {
            return;
        }
        let hook = {
            let mut inner = self.inner.lock();
            inner.life.notes.set(Notes::REST_WITHDRAWN);
            inner.interrupter()
        };
        if let Some(hook) = hook {
            hook.ask(Interrupt::Withdraw);
        }
    }

    fn request_stop(&self) {
        self.inner.lock().life.notes.set(Notes::STOP_REQUESTED);
    }

    fn park(&self, deadline: Option<Instant>) -> bool {
        // What wakes this loop if everybody else is dead: the producer's side can't vanish without deciding an
        // outcome, since dropping a job, a running job or a promise decides one (L7).
        let mut inner = self.inner.lock();
        while !inner.life.is_released() {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
            inner.life.notes.set(Notes::THREAD_WAITS);
            inner = self.released.wait_maybe_until(inner, deadline);
        }
        true
    }

    fn watch(&self, watcher: Watcher) -> Result<(), Watcher> {
        let mut inner = self.inner.lock();
        if inner.life.is_released() {
            return Err(watcher);
        }
        inner.extras().watchers.push(watcher);
        Ok(())
    }

    fn unwatch(&self, watch: &Arc<dyn Watch>) {
        if let Some(extras) = &mut self.inner.lock().extras {
            extras.watchers.retain(|watcher| !watcher.is_from(watch));
        }
    }

    fn set_waker(&self, waker: &Waker) -> bool {
        // Cloning and dropping a waker is foreign code, so both happen outside the lock (L6).
        let fresh = waker.clone();
        let mut inner = self.inner.lock();
        if inner.life.is_released() {
            drop(inner);
            drop(fresh);
            return true;
        }
        let stale = inner.extras().waker.replace(fresh);
        drop(inner);
        report::discard(stale);
        false
    }

    fn observe(&self) {
        self.inner.lock().life.notes.set(Notes::OBSERVED);
    }

    fn may_hide_error(&self) -> bool {
        let inner = self.inner.lock();
        if inner.life.is_released() { inner.hidden_error().is_some() } else { !inner.life.notes.has(Notes::TOLD) }
    }

    fn hidden_error(&self) -> Option<TaskError> {
        self.inner.lock().hidden_error().cloned()
    }

    fn give_up(self: Arc<Self>) -> bool {
        {
            let mut inner = self.inner.lock();
            if !inner.life.is_decided() {
                inner.life.notes.set(Notes::GIVEN_UP);
            }
        }
        self.cancel()
    }

    fn failed(&self) -> bool {
        self.inner.lock().life.notes.has(Notes::FAILED)
    }
}

fn start<W: Work>(
    mut inner: MutexGuard<'_, Inner<W>>,
    interrupt: Option<InterruptHook>,
) -> Result<Option<Instant>, Skipped> {
    let permit = inner.start(interrupt)?;
    let deadline = inner.deadline();
    drop(inner);
    discard_some(permit);
    Ok(deadline)
}

/// The state of an offered task; PENDING → BEGUN if the offer says so.
#[cold]
fn look<W: Work>(inner: MutexGuard<'_, Inner<W>>) -> State {
    if inner.pending_offer().is_some_and(Offer::has_begun) {
        begin(inner);
        State::Running
    } else {
        inner.life.state()
    }
}

/// PENDING → BEGUN.
#[cold]
fn begin<W: Work>(mut inner: MutexGuard<'_, Inner<W>>) {
    let permit = inner.begin();
    drop(inner);
    discard_some(permit);
}

impl<W: Work> TypedTask<W::Output> for Task<W> {
    fn take(&self) -> Option<Result<W::Output, TaskError>> {
        let mut inner = self.inner.lock();
        match std::mem::replace(&mut inner.cell, Cell::Gone) {
            Cell::Outcome(outcome) => Some(outcome),
            other => {
                inner.cell = other;
                None
            }
        }
    }

    fn add_callback(&self, callback: Callback<W::Output>) -> Result<(), Callback<W::Output>> {
        let mut inner = self.inner.lock();
        if inner.life.is_released() {
            return Err(callback);
        }
        inner.extras().callbacks.push(callback);
        inner.life.notes.set(Notes::OBSERVED | Notes::TOLD);
        Ok(())
    }

    fn outcome_kind(&self) -> Option<Result<(), &'static str>> {
        match &self.inner.lock().cell {
            Cell::Outcome(outcome) => Some(outcome.as_ref().map(|_| ()).map_err(TaskError::name)),
            _ => None,
        }
    }
}
