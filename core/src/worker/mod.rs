//! Which threads are workers, and what a wait on one of them may do.
//!
//! A pool announces each of its threads with [`enter`], giving a [`WorkerContext`] that core asks three things of:
//!
//! 1. *May I run this queued task here?* A wait for a task that is queued on the waiter's own pool runs that very task
//!    on the waiter's stack: it adds no edge to the graph of who waits for whom, so it can't create a deadlock. Never
//!    an unrelated task: that is how work-stealing waits deadlock under a lock that the waiter holds.
//! 2. *I am about to block.* The pool may let a spare worker take over.
//! 3. *Has somebody nothing to do?* Then a chunk of `map` that runs here shares what it has not begun.
//!
//! Threads that decide outcomes without running tasks may leave the callbacks to another thread ([`defer_callbacks`]),
//! which announces itself with [`run_completions_of`].
//!
//! The stack of running tasks lives here too: `task::current()` reads its top, `Shutdown::kill` all of it.

mod completion;
mod completion_queue;
mod context;
mod executor_id;
mod running_jobs;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

pub(crate) use completion::sink;
pub use completion::{Completion, CompletionSink, DeferGuard, defer_callbacks};
pub use completion_queue::{CompletionQueue, QueueGuard, run_completions_of};
pub(crate) use completion_queue::{queue, wait_at};
pub use context::{Attention, BlockLimit, Wish, WorkerContext};
pub use executor_id::ExecutorId;
pub use running_jobs::RunningJobs;

use crate::callback;
use crate::job::RunningJob;
use crate::shared::AnyTask;
use crate::sync::thread_local;
use crate::task::{CurrentTask, TaskId, TaskView};

// On a thread that is ending, thread-locals may be destroyed already when a destructor waits or runs a task: then it
// is no worker, and runs no task that anybody could ask about.
thread_local! {
    static CONTEXT: RefCell<Option<Arc<dyn WorkerContext>>> = RefCell::default();
    static RUNNING: RunningJobs = RunningJobs::default();
    static PLACE: Cell<Place> = Cell::default();
    /// Whether the thread is counted as blocked by its pool.
    static BLOCKED: Cell<bool> = Cell::new(false);
}

/// How many tasks may nest on a thread of which no pool knows how much stack it has.
const MOST_NESTED: usize = 16;

/// Where on its stack the thread is.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Which task of a chunk runs.
    index: usize,
    /// How many callbacks the running task is nested in: those don't wait where it does.
    callbacks_below: usize,
}

fn set_context(new: Option<Arc<dyn WorkerContext>>) -> Option<Arc<dyn WorkerContext>> {
    CONTEXT.try_with(|current| current.replace(new)).ok().flatten()
}

/// Announces the calling thread as a worker until the guard is dropped.
#[must_use]
pub fn enter(context: Arc<dyn WorkerContext>) -> WorkerGuard {
    let previous = set_context(Some(context));
    let running = RUNNING.try_with(RunningJobs::clone).unwrap_or_default();
    WorkerGuard { previous, running, not_send: std::marker::PhantomData }
}

/// The calling thread is a worker; from [`enter`].
pub struct WorkerGuard {
    previous: Option<Arc<dyn WorkerContext>>,
    running: RunningJobs,
    not_send: std::marker::PhantomData<*const ()>,
}

impl WorkerGuard {
    /// The tasks that this thread runs, to be looked at from others.
    #[must_use]
    pub fn running_jobs(&self) -> RunningJobs {
        self.running.clone()
    }
}

impl Drop for WorkerGuard {
    fn drop(&mut self) {
        drop(set_context(self.previous.take()));
    }
}

impl fmt::Debug for WorkerGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerGuard").field("running", &self.running).finish_non_exhaustive()
    }
}

/// A task that the calling thread runs, from [`take_up`].
pub(crate) struct TakenUp {
    outer: Place,
    /// The task itself where the thread-locals are gone: there nobody can ask about it.
    kept: Option<Arc<dyn TaskView>>,
}

/// Makes `view` the running task of this thread, until [`put_down`].
///
/// # Errors
///
/// Gives `view` back where the tasks of this thread were given up: it must not run.
pub(crate) fn take_up(view: Arc<dyn TaskView>) -> Result<TakenUp, Arc<dyn TaskView>> {
    let mut kept = Some(view);
    if let Ok(Some(refused)) = RUNNING.try_with(|jobs| kept.take().and_then(|view| jobs.push(view).err())) {
        return Err(refused);
    }
    let ours = Place { index: 0, callbacks_below: callback::depth() };
    Ok(TakenUp { outer: PLACE.try_with(|place| place.replace(ours)).unwrap_or_default(), kept })
}

/// Ends what [`take_up`] began, and gives the task back.
pub(crate) fn put_down(taken: TakenUp) -> Arc<dyn TaskView> {
    let _ = PLACE.try_with(|place| place.set(taken.outer));
    let view = taken.kept.or_else(|| RUNNING.try_with(RunningJobs::pop).ok().flatten());
    view.expect("each task that is taken up is put down once")
}

/// Some tasks of the chunk that runs here are another job's now.
///
/// False if the chunk's future has ended: then nothing may be given away, since all of it was counted.
pub(crate) fn give_away(tasks: usize) -> bool {
    top().and_then(TaskView::as_task).is_some_and(|task| task.give_away(tasks))
}

/// Says which task of a chunk runs from now on.
pub(crate) fn set_index(new: usize) {
    let _ = PLACE.try_with(|place| place.set(Place { index: new, ..place.get() }));
}

/// The task on top of the calling thread's stack.
pub(crate) fn current_task() -> CurrentTask {
    CurrentTask::new(top(), place().index)
}

fn place() -> Place {
    PLACE.try_with(Cell::get).unwrap_or_default()
}

fn top() -> Option<Arc<dyn TaskView>> {
    RUNNING.try_with(RunningJobs::top).ok().flatten()
}

/// Who would wait if the calling thread waited now: the callback it is in, or the task that runs on top of that.
pub(crate) fn waiter() -> Option<(TaskId, Option<String>)> {
    if let Some(id) = callback::innermost_above(place().callbacks_below) {
        return Some((id, None));
    }
    // A task that is served from bytes has a number of its own process, where it is waited for; here another may have it.
    top().and_then(TaskView::as_task).map(|view| (view.id(), view.label()))
}

/// The worker context of the calling thread.
pub(crate) fn context() -> Option<Arc<dyn WorkerContext>> {
    CONTEXT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// The worker context of the calling thread, if it is the pool of the task on top that the thread works for: a task of
/// another executor that runs here is none of its business.
pub(crate) fn context_of_top() -> Option<Arc<dyn WorkerContext>> {
    let executor = top().and_then(TaskView::as_task).and_then(|task| task.executor())?;
    context().filter(|context| context.executor() == executor)
}

/// Whether the calling thread is inside a task or a callback, or is a worker between two tasks, where it drops what they
/// leave behind: whoever is must not wait for a shutdown, which may wait for him.
///
/// ```
/// assert!(!concurrent_futures_core::worker::is_inside_task());
/// ```
#[must_use]
pub fn is_inside_task() -> bool {
    callback::depth() > 0 || context().is_some() || RUNNING.try_with(|jobs| jobs.len() > 0).unwrap_or(false)
}

/// Whether the calling thread is a worker of this executor.
///
/// ```
/// use concurrent_futures_core::worker::{self, ExecutorId};
/// assert!(!worker::is_worker_of(ExecutorId::next()));
/// ```
#[must_use]
pub fn is_worker_of(executor: ExecutorId) -> bool {
    let works_for = |context: &Arc<dyn WorkerContext>| context.executor() == executor;
    CONTEXT.try_with(|current| current.borrow().as_ref().is_some_and(works_for)).unwrap_or(false)
}

/// Whether the calling thread may run one more task of this executor on top of what it runs: by the stack that is left
/// on one of its workers, by number elsewhere.
///
/// ```
/// use concurrent_futures_core::worker::{self, ExecutorId};
/// assert!(worker::can_nest(ExecutorId::next()));
/// ```
#[must_use]
pub fn can_nest(executor: ExecutorId) -> bool {
    match context().filter(|context| context.executor() == executor) {
        Some(context) => context.can_nest(),
        None => RUNNING.try_with(|jobs| jobs.len() < MOST_NESTED).unwrap_or(false),
    }
}

/// Claims a queued task for the calling worker if it belongs to the same executor and may nest here.
pub(crate) fn claim(task: &Arc<dyn AnyTask>, context: &dyn WorkerContext) -> Option<RunningJob> {
    if task.executor() != Some(context.executor()) || !context.can_nest() {
        return None;
    }
    RunningJob::claim(task)
}

/// Blocks the calling thread in `body`, letting a spare worker take over if it is a worker of a pool.
///
/// ```
/// use concurrent_futures_core::worker;
/// assert_eq!(worker::blocking(|| 5).ok(), Some(5));      // outside any pool it just calls
/// ```
///
/// # Blocking
///
/// As long as `body` does.
///
/// # Errors
///
/// Gives `body` back if the pool has no spare worker left.
pub fn blocking<R, F: FnOnce() -> R>(body: F) -> Result<R, (BlockLimit, F)> {
    struct Unblock(Arc<dyn WorkerContext>);
    impl Drop for Unblock {
        fn drop(&mut self) {
            let _ = BLOCKED.try_with(|blocked| blocked.set(false));
            self.0.unblock();
        }
    }
    callback::pay_debts();
    // One that is counted already is replaced already: a wait inside `blocking`, or in a task that it runs in place.
    let is_counted = BLOCKED.try_with(Cell::get).unwrap_or(true);
    let Some(context) = context().filter(|_| !is_counted) else { return Ok(body()) };
    if let Err(limit) = context.block() {
        return Err((limit, body));
    }
    let _ = BLOCKED.try_with(|blocked| blocked.set(true));
    let _unblock = Unblock(context);
    Ok(body())
}
