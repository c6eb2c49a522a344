//! PENDING or RUNNING → DECIDED → released: the one way out.

use std::sync::Arc;

use super::{Cell, LeftOver, RELEASED, Task};
use crate::callback::{self, Callback};
use crate::error::TaskError;
use crate::job::{RunHooks, Tally};
use crate::report;
use crate::state::Notes;
use crate::sync::Ordering;
use crate::work::Work;
use crate::worker::{self, Completion, CompletionSink};

impl<W: Work> Task<W> {
    /// Ends the task with `outcome` unless something else did before. The one way out of PENDING and RUNNING.
    pub(crate) fn finish(
        self: &Arc<Self>,
        mut outcome: Result<W::Output, TaskError>,
        hooks: &mut dyn RunHooks,
    ) -> bool {
        let mut inner = self.inner.lock();
        if !inner.life.decide() {
            drop(inner);
            report::discard(outcome);
            announce(hooks, Tally::default());
            return false;
        }
        let ended_on_request = inner.saw_the_stop(&outcome);
        let left = inner.take_left_over();
        let tasks = inner.tasks as usize;
        drop(inner);
        if ended_on_request {
            report::discard(std::mem::replace(&mut outcome, Err(TaskError::Cancelled)));
        }
        let tally = match &outcome {
            // A chunk that ends as a whole ends for each of its tasks.
            Err(error) if W::IS_CHUNK => Tally::of_error(error).times(tasks),
            _ => W::tally(&outcome),
        };
        match left {
            Some(left) => self.conclude(outcome, left.dismantle(), tally, hooks),
            // Most tasks: nobody has asked for anything but the value.
            None => {
                announce(hooks, tally);
                if let Err((outcome, callbacks)) = self.release(outcome, hooks) {
                    retract(hooks);
                    self.conclude(outcome, callbacks, Tally::default(), hooks);
                }
            }
        }
        true
    }

    /// Ends the task with an error that no worker brings. The hooks are told only if it does.
    pub(super) fn decide_and_conclude(
        self: Arc<Self>,
        error: TaskError,
        only_unstarted: bool,
        hooks: &mut dyn RunHooks,
    ) -> bool {
        let mut inner = self.inner.lock();
        if only_unstarted && !inner.life.is_unstarted() || !inner.life.decide() {
            drop(inner);
            report::discard(error);
            return false;
        }
        let tasks = inner.unsettled();
        inner.life.notes.set(Notes::STOP_REQUESTED);
        let left = inner.take_left_over();
        drop(inner);
        let tally = Tally::of_error(&error).times(tasks);
        self.conclude_error(error, left, tally, hooks);
        true
    }

    /// DECIDED → released: callbacks, then whoever waits. The hooks are told between the two.
    pub(super) fn conclude(
        self: &Arc<Self>,
        mut outcome: Result<W::Output, TaskError>,
        mut callbacks: Vec<Callback<W::Output>>,
        mut tally: Tally,
        hooks: &mut dyn RunHooks,
    ) {
        loop {
            if !callbacks.is_empty() {
                let sink = worker::sink();
                if sink.is_some() || callback::is_too_deep() {
                    announce(hooks, tally);
                    return self.leave_to(sink, outcome, callbacks);
                }
                callback::tell(self.id, callbacks, &outcome);
            }
            announce(hooks, std::mem::take(&mut tally));
            match self.release(outcome, hooks) {
                Ok(()) => return,
                Err(back) => (outcome, callbacks) = back,
            }
            // Callbacks have joined since the announcement.
            retract(hooks);
        }
    }

    /// Leaves callbacks and release to another thread, or to the frame at the depth limit of this one.
    fn leave_to(
        self: &Arc<Self>,
        sink: Option<Arc<dyn CompletionSink>>,
        outcome: Result<W::Output, TaskError>,
        callbacks: Vec<Callback<W::Output>>,
    ) {
        let task = self.clone();
        let Some(sink) = sink else {
            return callback::owe(Box::new(move || task.conclude_shallow(outcome, callbacks)));
        };
        let completion = Completion::new(self.id, move || {
            if callback::is_too_deep() {
                task.leave_to(None, outcome, callbacks);
            } else {
                task.conclude_shallow(outcome, callbacks);
            }
        });
        report::contain("a completion sink", || sink.accept(completion));
    }

    /// As [`conclude`](Self::conclude), of an outcome that no worker brings.
    pub(super) fn conclude_error(
        self: &Arc<Self>,
        error: TaskError,
        left: Option<LeftOver<W>>,
        tally: Tally,
        hooks: &mut dyn RunHooks,
    ) {
        let callbacks = left.map_or_else(Vec::new, LeftOver::dismantle);
        self.conclude(Err(error), callbacks, tally, hooks);
    }

    /// The rest of a completion that was left to another thread, or owed: called there, or by the frame at the depth
    /// limit, where nesting is allowed again.
    pub(super) fn conclude_shallow(
        &self,
        mut outcome: Result<W::Output, TaskError>,
        mut callbacks: Vec<Callback<W::Output>>,
    ) {
        loop {
            callback::tell(self.id, callbacks, &outcome);
            match self.release(outcome, &mut |_: Tally| ()) {
                Ok(()) => return,
                Err(back) => (outcome, callbacks) = back,
            }
        }
    }

    /// Publishes the outcome and tells who waits; gives it back if callbacks joined meanwhile.
    #[expect(clippy::type_complexity, reason = "what comes back is what went in, and what joined")]
    pub(super) fn release(
        &self,
        outcome: Result<W::Output, TaskError>,
        hooks: &mut dyn RunHooks,
    ) -> Result<(), (Result<W::Output, TaskError>, Vec<Callback<W::Output>>)> {
        let mut inner = self.inner.lock();
        if let Some(extras) = &mut inner.extras
            && !extras.callbacks.is_empty()
        {
            return Err((outcome, std::mem::take(&mut extras.callbacks)));
        }
        let cancelled = matches!(outcome, Err(TaskError::Cancelled));
        let failed = outcome.is_err() && !cancelled;
        inner.life.release(cancelled);
        if failed {
            inner.life.notes.set(Notes::FAILED);
        }
        inner.cell = Cell::Outcome(outcome);
        let waits = inner.life.notes.has(Notes::THREAD_WAITS);
        let woken = inner
            .extras
            .as_mut()
            .map(|extras| (extras.waker.take(), std::mem::take(&mut extras.watchers), extras.interrupt.take()));
        // Release: pairs with the Acquire in `is_released`, whose caller may go on without taking the lock.
        // A plain store suffices: after `bind` only the holder of the lock writes here.
        let bound = self.status.load(Ordering::Relaxed);
        self.status.store(bound | RELEASED, Ordering::Release);
        drop(inner);
        if waits {
            self.released.notify_all();
        }
        if let Some((waker, watchers, interrupt)) = woken {
            watchers.into_iter().for_each(|watcher| watcher.tell(failed));
            if waker.is_some() || interrupt.is_some() {
                retract(hooks);
            }
            if let Some(waker) = waker {
                report::contain("a waker", || waker.wake());
            }
            discard_some(interrupt);
        }
        Ok(())
    }
}

/// Tells the executor that the result is released next. Whatever it panics with, the future is released.
pub(super) fn announce(hooks: &mut dyn RunHooks, tally: Tally) {
    report::contain("an executor", || hooks.before_release(tally));
}

/// Tells the executor that foreign code comes first.
pub(super) fn retract(hooks: &mut dyn RunHooks) {
    report::contain("an executor", || hooks.before_foreign_code());
}

/// Drops what is usually not there.
pub(super) fn discard_some<T>(value: Option<T>) {
    if let Some(value) = value {
        report::discard(value);
    }
}
