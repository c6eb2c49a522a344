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

thread_local! {
    static COMPLETING: RefCell<Vec<TaskId>> = RefCell::new(Vec::new());
    static OWED: RefCell<VecDeque<Box<dyn FnOnce()>>> = RefCell::new(VecDeque::new());
}

/// Calls `callbacks` in order with `outcome`; a panic is reported and stops nothing.
pub(crate) fn tell<T>(id: TaskId, callbacks: Vec<Callback<T>>, outcome: &Result<T, TaskError>) {
    let depth = COMPLETING.with(|stack| {
        let mut stack = stack.borrow_mut();
        stack.push(id);
        stack.len()
    });
    for callback in callbacks {
        tell_one(id, callback, outcome.as_ref());
    }
    // Only the frame at the limit pays: those above it nest in the payment itself.
    if depth == DEPTH_LIMIT {
        pay_debts();
    }
    COMPLETING.with(|stack| stack.borrow_mut().pop());
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
    COMPLETING.with(|stack| stack.borrow().len() >= DEPTH_LIMIT)
}

/// Leaves a completion to the frame at the depth limit.
pub(crate) fn owe(completion: Box<dyn FnOnce()>) {
    OWED.with(|owed| owed.borrow_mut().push_back(completion));
}

/// Runs the completions that this thread owes, those that they cause included.
pub(crate) fn pay_debts() {
    while let Some(completion) = OWED.with(|owed| owed.borrow_mut().pop_front()) {
        completion();
    }
}

/// Whether the calling thread is inside a callback of this task.
pub(crate) fn is_completing(id: TaskId) -> bool {
    COMPLETING.with(|stack| stack.borrow().contains(&id))
}

/// The task whose callback the calling thread is in, innermost first.
pub(crate) fn innermost() -> Option<TaskId> {
    COMPLETING.with(|stack| stack.borrow().last().copied())
}
