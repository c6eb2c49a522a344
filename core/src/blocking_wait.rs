//! The one place where a thread waits for one future.
//!
//! In this order: pay the completions that this thread owes; refuse what could never end; spin for a moment; on a
//! worker, run the awaited task in place if it is still queued here; else announce to the pool that the worker blocks;
//! park. The thread that runs the completions of others runs the awaited one instead, as soon as it is there. What wakes the park if everybody else is dead: the producer's side can't vanish without deciding an outcome
//! (promise L7 of [`state`](crate::state)).

use std::sync::Arc;
use std::time::Instant;

use crate::callback;
use crate::cycle;
use crate::shared::AnyTask;
use crate::spin::{Place, Spinner};
use crate::watch::{Watch, Watcher};
use crate::worker::{self, CompletionQueue};

std::thread_local! {
    static SPINNER: Spinner = const { Spinner::new() };
}

/// Waits until `task` is released, or until `deadline`; tells whether it is released.
///
/// # Panics
///
/// If the wait could never end: in the task's own callback, in a circle of tasks, or where the pool can't compensate
/// for one more blocked worker.
#[track_caller]
pub(crate) fn wait(task: &Arc<dyn AnyTask>, deadline: Option<Instant>) -> bool {
    if task.is_released() {
        return true;
    }
    callback::pay_debts();
    if task.is_released() {
        return true;
    }
    assert!(
        !callback::is_completing(task.id()),
        "a done callback waited for its own future, {}, which is done only after its callbacks",
        task.id()
    );
    let context = worker::context();
    let _edge = if deadline.is_none() { cycle::wait_for(task.id()) } else { None };
    if let (Some(context), None) = (&context, deadline)
        && let Some(running) = worker::claim(task, &**context)
    {
        context.run_in_place(running);
        // Deep in callbacks the task's own completion is owed now.
        callback::pay_debts();
    }
    if let Some(queue) = worker::queue() {
        return wait_at_queue(&queue, task, deadline);
    }
    let place = Place::take();
    if SPINNER.with(|spinner| spinner.until_in(&place, || task.is_released())) {
        return true;
    }
    block(deadline.is_some(), || task.park(deadline))
}

/// Waits on the thread that runs the completions of `queue`.
fn wait_at_queue(queue: &Arc<dyn CompletionQueue>, task: &Arc<dyn AnyTask>, deadline: Option<Instant>) -> bool {
    let watch: Arc<dyn Watch> = Arc::new(Wakes(queue.clone()));
    if task.watch(Watcher { watch: watch.clone(), index: 0 }).is_err() {
        return true;
    }
    let is_released = worker::wait_at(&**queue, deadline, &|id| id == task.id(), || task.is_released());
    if !is_released {
        task.unwatch(&watch);
    }
    is_released
}

/// Ends the wait at a queue when a future is released.
struct Wakes(Arc<dyn CompletionQueue>);

impl Watch for Wakes {
    fn released(&self, _index: usize, _failed: bool) {
        self.0.wake();
    }
}

/// Refuses a wait for several futures that can't end, since the calling thread is in their callbacks.
///
/// # Panics
///
/// If so.
#[track_caller]
pub(crate) fn refuse_if(waits_for_its_own_callback: bool) {
    assert!(
        !waits_for_its_own_callback,
        "a done callback waited for its own future, which is done only after its callbacks"
    );
}

/// Blocks in `body`, on a worker with a spare taking over.
///
/// # Panics
///
/// If the wait has no timeout and the pool may not block one more worker.
#[track_caller]
pub(crate) fn block<R>(is_timed: bool, body: impl FnOnce() -> R) -> R {
    match worker::blocking(body) {
        Ok(result) => result,
        Err((_, body)) if is_timed => body(),
        Err((limit, _)) => panic!("a task can't wait here: {limit}"),
    }
}
