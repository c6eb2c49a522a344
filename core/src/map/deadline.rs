//! The deadline of a whole map, M5.
//!
//! ```text
//!   running ── the consumer notices that it has passed ──► expired ── what runs has stopped, or STOPPING is over ──► told
//!                 nothing further begins or is pulled,                   what was in time is yielded,
//!                 what runs is stopped                                   the rest says `DeadlineExceeded`
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{InFlight, Map};
use crate::error::{DeadlineExceeded, DeadlineOf, TaskError};
use crate::job::Interrupt;
use crate::shared::AnyTask;
use crate::sync::deadline_after;

/// How long what was stopped at the deadline may take to end: far longer than a kill does.
const STOPPING: Duration = Duration::from_secs(1);

const AT_ONCE: Interrupt = Interrupt::Abort { grace: Duration::ZERO };

/// When a map is over, and how far its end has come.
pub(super) struct MapDeadline {
    pub(super) at: Option<Instant>,
    pub(super) limit: Duration,
    pub(super) has_passed: bool,
    /// Until when what was stopped is waited for.
    pub(super) awaited_until: Option<Instant>,
    /// Something was yielded that says so.
    pub(super) has_told: bool,
}

impl MapDeadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self { at: deadline_after(limit), limit, has_passed: false, awaited_until: None, has_told: false }
    }
}

impl<I, R> Map<'_, I, R>
where
    I: Iterator<Item: Send + 'static>,
    R: Send + 'static,
{
    /// Waits for a chunk until the deadline of the map.
    pub(super) fn await_or_expire(&mut self, chunk: &InFlight<R>) {
        let Some(deadline) = self.deadline.as_ref().filter(|deadline| !deadline.has_passed) else { return };
        let is_done = match deadline.at {
            None => {
                chunk.future.wait();
                true
            }
            Some(at) => chunk.future.wait_timeout(at.saturating_duration_since(Instant::now())),
        };
        if !is_done {
            self.expire(Some(chunk));
        }
    }

    /// After the deadline: whether a chunk has ended. One whose executor stops it is waited for, since what of it was in time
    /// comes with its end. An executor that doesn't do what it was asked for is waited for until [`STOPPING`] is over.
    pub(super) fn await_stopped(&self, chunk: &InFlight<R>) -> bool {
        let until = self.deadline.as_ref().and_then(|deadline| deadline.awaited_until);
        let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        chunk.future.done() || stop(chunk.future.any()) && chunk.future.wait_timeout(left)
    }

    /// After the deadline: whether a chunk ends by itself, since its executor stops it, and its end is still waited for. That
    /// end wakes who polls: an executor that answers an abort by true keeps its word, whether [`STOPPING`] is over or not.
    #[cfg(feature = "stream")]
    pub(super) fn is_being_stopped(&self, chunk: &InFlight<R>) -> bool {
        let until = self.deadline.as_ref().and_then(|deadline| deadline.awaited_until);
        until.is_some_and(|until| Instant::now() < until) && stop(chunk.future.any())
    }

    /// Notes whether one of the current results says that the deadline has passed.
    pub(super) fn note_late_ones(&mut self) {
        let is_late = |result: &Result<R, TaskError>| matches!(result, Err(TaskError::DeadlineExceeded(_)));
        if let Some(deadline) = self.deadline.as_mut().filter(|deadline| deadline.has_passed) {
            deadline.has_told |= self.current.as_slice().iter().any(is_late);
        }
    }

    /// A deadline that left a part of the input where it is must not look like a success to who collects the results:
    /// one item says so, unless one has.
    pub(super) fn tell_of_what_is_left(&mut self) -> bool {
        if self.has_ended || self.input.size_hint().1 == Some(0) || !self.has_expired() {
            return false;
        }
        let Some(deadline) = self.deadline.as_mut().filter(|deadline| !deadline.has_told) else { return false };
        deadline.has_told = true;
        let error = DeadlineExceeded::new(DeadlineOf::Map, deadline.limit, None);
        self.number = self.pulled;
        self.current = vec![Err(error.into())].into_iter();
        self.in_flight += 1;
        true
    }

    /// The deadline of the whole map has passed: nothing further begins, and what runs is stopped, `front` included, which
    /// was taken out to be waited for.
    pub(super) fn expire(&mut self, front: Option<&InFlight<R>>) {
        if let Some(deadline) = &mut self.deadline {
            deadline.has_passed = true;
            deadline.awaited_until = deadline_after(STOPPING);
        }
        self.recall.withdraw();
        let mut tasks = self.tasks_in_flight();
        tasks.extend(front.map(|chunk| chunk.future.any()));
        tasks.extend(self.recall.take_given_away());
        // First all of them: what lies with a worker that is stopped goes to another, and must not begin there.
        tasks.iter().for_each(|task| task.clone().withdraw());
        for task in tasks {
            task.abort(AT_ONCE);
        }
    }

    pub(super) fn has_expired(&self) -> bool {
        self.deadline
            .as_ref()
            .is_some_and(|deadline| deadline.has_passed || deadline.at.is_some_and(|at| at <= Instant::now()))
    }
}

/// Ends a task whether it runs or not. Whether it has ended, or will as soon as its executor has stopped it.
fn stop(task: Arc<dyn AnyTask>) -> bool {
    task.clone().withdraw();
    task.clone().abort(AT_ONCE) || task.is_decided()
}

/// What was cancelled after the deadline of the whole map says so.
pub(super) fn because_of(limit: Duration) -> impl Fn(TaskError) -> TaskError {
    move |error| match error {
        TaskError::Cancelled => DeadlineExceeded::new(DeadlineOf::Map, limit, None).into(),
        other => other,
    }
}
