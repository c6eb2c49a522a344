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
//! The stack of running tasks lives here too: `task::current()` reads its top, `Shutdown::kill` all of it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32 as StdAtomicU32, Ordering};

use crate::callback;
use crate::job::{Job, JobHandle, RunningJob};
use crate::shared::AnyTask;
use crate::sync::{Mutex, thread_local};
use crate::task::{CurrentTask, TaskId, TaskView};

/// Which executor a job waits in: a number of its own for each, within this process.
///
/// ```
/// use concurrent_futures_core::worker::ExecutorId;
/// assert_ne!(ExecutorId::next(), ExecutorId::next());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExecutorId(NonZeroU32);

static NEXT_EXECUTOR: StdAtomicU32 = StdAtomicU32::new(1);

impl ExecutorId {
    /// A number that no other executor of this process has.
    ///
    /// # Panics
    ///
    /// After two thousand million executors.
    #[must_use]
    pub fn next() -> Self {
        let number = NEXT_EXECUTOR.fetch_add(1, Ordering::Relaxed);
        assert!(number < 1 << 31, "this process has made more executors than there are numbers for");
        Self(NonZeroU32::new(number).expect("numbers begin at 1"))
    }

    pub(crate) fn bits(self) -> u32 {
        self.0.get()
    }

    pub(crate) fn from_bits(bits: u32) -> Option<Self> {
        NonZeroU32::new(bits).map(Self)
    }
}

/// What a pool tells core about one of its worker threads.
///
/// Only [`executor`](Self::executor) must be written; the defaults are those of a pool that neither compensates nor
/// shares.
///
/// ```
/// use std::sync::Arc;
/// use concurrent_futures_core::worker::{self, ExecutorId, WorkerContext};
///
/// struct Plain(ExecutorId);
/// impl WorkerContext for Plain {
///     fn executor(&self) -> ExecutorId {
///         self.0
///     }
/// }
///
/// let guard = worker::enter(Arc::new(Plain(ExecutorId::next())));   // on the worker's thread
/// assert!(guard.running_jobs().handles().is_empty());
/// ```
pub trait WorkerContext: Send + Sync {
    /// The executor that the thread works for.
    fn executor(&self) -> ExecutorId;

    /// Whether a queued task may run on top of the one that waits for it: is enough stack left?
    fn can_nest(&self) -> bool {
        false
    }

    /// Runs a queued task of this executor that a task on this thread waits for.
    fn run_in_place(&self, job: RunningJob) {
        job.run();
    }

    /// The thread is about to block. `Err` names a limit that is reached.
    ///
    /// # Errors
    ///
    /// If no spare worker may take over. A wait with a timeout then goes on without one; one without panics.
    fn block(&self) -> Result<(), BlockLimit> {
        Ok(())
    }

    /// The thread goes on after a successful [`block`](Self::block).
    fn unblock(&self) {}

    /// A flag that the pool raises when it wants something of the chunks of `map` that run here, so that they needn't
    /// ask for its [`wish`](Self::wish) between any two tasks. `None`: they ask each time.
    fn attention(&self) -> Option<Attention> {
        None
    }

    /// What the pool wants of a chunk that runs here; asked between its tasks while the flag is raised.
    fn wish(&self) -> Wish {
        Wish::GoOn
    }

    /// Takes a part of a chunk that has not begun, after [`Wish::Share`]. The default abandons it.
    fn share(&self, job: Job) {
        drop(job);
    }
}

/// A flag by which a pool asks running chunks to look at its [`wish`](WorkerContext::wish). Cloning it shares it.
///
/// ```
/// use concurrent_futures_core::worker::Attention;
///
/// let flag = Attention::default();
/// flag.clone().set(true);
/// assert!(flag.is_raised());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Attention(Arc<AtomicBool>);

impl Attention {
    /// Raises or lowers the flag.
    pub fn set(&self, raised: bool) {
        // Relaxed, here and below: a chunk that sees it late runs one task more.
        self.0.store(raised, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    #[must_use]
    #[inline]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a pool wants of a chunk that one of its workers runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    GoOn,
    /// Another worker has nothing to do: share what has not begun.
    Share,
    /// Begin nothing further: the pool is being killed.
    Stop,
}

/// How many workers of a pool may be blocked at once; the limit is reached.
///
/// ```
/// let limit = concurrent_futures_core::worker::BlockLimit { max_blocked: 256 };
/// assert!(limit.to_string().contains("256"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockLimit {
    /// The limit.
    pub max_blocked: usize,
}

impl fmt::Display for BlockLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} workers of this pool are blocked already, which is its max_blocked: raise it, or let fewer tasks wait \
             for each other",
            self.max_blocked
        )
    }
}

impl std::error::Error for BlockLimit {}

// On a thread that is ending, thread-locals may be destroyed already when a destructor waits or runs a task: then it
// is no worker, and runs no task that anybody could ask about.
thread_local! {
    static CONTEXT: RefCell<Option<Arc<dyn WorkerContext>>> = RefCell::default();
    static RUNNING: RunningJobs = RunningJobs::default();
    static PLACE: Cell<Place> = Cell::default();
}

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

/// The tasks that one worker thread runs: usually one, more where a wait runs what it waits for in place.
#[derive(Clone, Default)]
pub struct RunningJobs(Arc<Mutex<Running>>);

#[derive(Default)]
struct Running {
    views: Vec<Arc<dyn TaskView>>,
    stop_requested: bool,
    given_up: bool,
}

impl RunningJobs {
    /// Handles to the tasks, the outermost first.
    #[must_use]
    pub fn handles(&self) -> Vec<JobHandle> {
        let views = self.0.lock().views.clone();
        views.into_iter().filter_map(TaskView::as_task).map(|task| JobHandle::new(&task)).collect()
    }

    /// Sets the cancellation flag of the tasks, and of what the thread takes up from now on: it may have taken a job
    /// that isn't among them yet.
    pub fn request_stop(&self) {
        self.0.lock().stop_requested = true;
        self.handles().iter().for_each(JobHandle::request_stop);
    }

    /// Handles to the tasks, to be failed; what the thread takes up from now on is cancelled instead of run.
    #[must_use]
    pub fn give_up(&self) -> Vec<JobHandle> {
        self.0.lock().given_up = true;
        self.handles()
    }

    /// Takes a task up, or gives it back if it must not run.
    fn push(&self, view: Arc<dyn TaskView>) -> Result<(), Arc<dyn TaskView>> {
        let mut running = self.0.lock();
        // What a task runs on top of itself, perhaps for another executor, is its own affair.
        let is_outermost = running.views.is_empty();
        if running.given_up && is_outermost {
            return Err(view);
        }
        let told_to_stop = (running.stop_requested && is_outermost).then(|| view.clone());
        running.views.push(view);
        drop(running);
        if let Some(task) = told_to_stop.and_then(TaskView::as_task) {
            task.request_stop();
        }
        Ok(())
    }

    fn pop(&self) -> Option<Arc<dyn TaskView>> {
        self.0.lock().views.pop()
    }

    fn top(&self) -> Option<Arc<dyn TaskView>> {
        self.0.lock().views.last().cloned()
    }
}

impl fmt::Debug for RunningJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunningJobs").field(&self.0.lock().views.len()).finish()
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
pub(crate) fn give_away(tasks: usize) {
    if let Some(task) = top().and_then(TaskView::as_task) {
        task.give_away(tasks);
    }
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

/// Whether the calling thread is inside a task or a callback: whoever is must not wait for a shutdown, which would
/// wait for him.
///
/// ```
/// assert!(!concurrent_futures_core::worker::is_inside_task());
/// ```
#[must_use]
pub fn is_inside_task() -> bool {
    callback::depth() > 0 || RUNNING.try_with(|jobs| !jobs.0.lock().views.is_empty()).unwrap_or(false)
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

/// Claims a queued task for the calling worker if it belongs to the same executor and may nest here.
pub(crate) fn claim(task: &Arc<dyn AnyTask>, context: &dyn WorkerContext) -> Option<RunningJob> {
    if task.executor() != Some(context.executor()) || !context.can_nest() {
        return None;
    }
    RunningJob::claim(task)
}

/// Blocks the calling thread in `body`, letting a spare worker take over if it is a worker of a pool.
///
/// # Errors
///
/// Gives `body` back if the pool has no spare worker left.
pub fn blocking<R, F: FnOnce() -> R>(body: F) -> Result<R, (BlockLimit, F)> {
    struct Unblock(Arc<dyn WorkerContext>);
    impl Drop for Unblock {
        fn drop(&mut self) {
            self.0.unblock();
        }
    }
    let Some(context) = context() else { return Ok(body()) };
    if let Err(limit) = context.block() {
        return Err((limit, body));
    }
    let _unblock = Unblock(context);
    Ok(body())
}
