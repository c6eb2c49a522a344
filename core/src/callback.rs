//! Callbacks: how they are called, how deep, and what becomes of one that panics.
//!
//! A callback may complete further futures, whose callbacks complete further ones. Each completion nests in the one
//! that caused it until [`DEPTH_LIMIT`] is reached; what is completed deeper is *owed* and run by the frame at the
//! limit, one after the other, so that the stack is bounded however long the chain is. A thread that waits pays first
//! what it owes ([`pay_debts`]): nobody waits for a completion that lies on his own list.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::TaskError;
use crate::report::{self, Report};
use crate::sync::thread_local;
use crate::task::TaskId;

/// A done callback: it is shown the outcome, which stays where it is.
pub(crate) type Callback<T> = Box<dyn FnOnce(Result<&T, &TaskError>) + Send>;

/// How many completions may nest on one stack. Each takes a few hundred bytes of ours, and what the callback takes.
const DEPTH_LIMIT: usize = 16;

/// What one thread has begun and not ended.
#[derive(Default)]
struct Completions {
    /// The tasks whose callbacks run, innermost last.
    running: Vec<TaskId>,
    owed: VecDeque<Box<dyn FnOnce()>>,
}

thread_local! {
    static COMPLETIONS: RefCell<Completions> = RefCell::default();
}

/// Looks at the thread's completions; `None` on a thread that is ending, whose thread-locals are destroyed: there
/// completions nest without being counted.
fn completions<R>(look: impl FnOnce(&mut Completions) -> R) -> Option<R> {
    COMPLETIONS.try_with(|completions| look(&mut completions.borrow_mut())).ok()
}

/// Calls `callbacks` in order with `outcome`; a panic is reported and stops nothing.
pub(crate) fn tell<T>(id: TaskId, callbacks: Vec<Callback<T>>, outcome: &Result<T, TaskError>) {
    let depth = completions(|completions| {
        completions.running.push(id);
        completions.running.len()
    });
    for callback in callbacks {
        tell_one(id, callback, outcome.as_ref());
    }
    // Only the frame at the limit pays: those above it nest in the payment itself.
    if depth == Some(DEPTH_LIMIT) {
        pay_debts();
    }
    completions(|completions| completions.running.pop());
}

/// Calls one callback; a panic is reported.
pub(crate) fn tell_one<T>(id: TaskId, callback: impl FnOnce(Result<&T, &TaskError>), outcome: Result<&T, &TaskError>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| callback(outcome))) {
        report::send(&Report::callback_panicked(id, &*payload));
        report::forget(payload);
    }
}

/// Whether a completion with callbacks must be owed instead of nesting further.
pub(crate) fn is_too_deep() -> bool {
    completions(|completions| completions.running.len() >= DEPTH_LIMIT).unwrap_or(false)
}

/// Leaves a completion to whoever pays next on this thread: the frame at the depth limit, where [`is_too_deep`].
pub(crate) fn owe(completion: Box<dyn FnOnce()>) {
    let mut completion = Some(completion);
    completions(|completions| completions.owed.extend(completion.take()));
    // On a thread that is ending nobody pays.
    if let Some(completion) = completion {
        completion();
    }
}

/// Runs the completions that this thread owes, those that they cause included.
pub(crate) fn pay_debts() {
    while let Some(completion) = completions(|completions| completions.owed.pop_front()).flatten() {
        completion();
    }
}

/// Whether the calling thread is inside a callback of this task.
pub(crate) fn is_completing(id: TaskId) -> bool {
    completions(|completions| completions.running.contains(&id)).unwrap_or(false)
}

/// The task whose callback the calling thread is in: the innermost, unless that is one of the outermost `below`.
pub(crate) fn innermost_above(below: usize) -> Option<TaskId> {
    completions(|completions| completions.running.get(below..)?.last().copied()).flatten()
}

/// How many callbacks the calling thread is in.
pub(crate) fn depth() -> usize {
    completions(|completions| completions.running.len()).unwrap_or(0)
}
