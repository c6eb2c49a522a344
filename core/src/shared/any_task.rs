//! A task as others see it: executors and cancellers whatever it computes, its future with its type.

use std::any::Any;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::callback::Callback;
use crate::error::TaskError;
#[cfg(feature = "portable")]
use crate::job::Tally;
use crate::job::{Interrupt, Job, Offer, RunHooks, Skipped};
#[cfg(feature = "portable")]
use crate::portable::{Encoded, Replies};
use crate::state::State;
use crate::task::{TaskOptions, TaskView};
use crate::watch::{Watch, Watcher};
use crate::worker::ExecutorId;

/// How an executor stops a task that runs; see [`Job::start_killable`](crate::Job::start_killable).
pub(crate) type InterruptHook = Arc<dyn Fn(Interrupt) + Send + Sync>;

/// What a task is to executors and cancellers, whatever it computes.
pub(crate) trait AnyTask: TaskView {
    fn state(&self) -> State;
    fn is_released(&self) -> bool;
    fn is_decided(&self) -> bool;
    fn executor(&self) -> Option<ExecutorId>;
    fn options(&self) -> TaskOptions;
    fn len(&self) -> usize;
    /// Some tasks of a chunk are another job's now; false if its future has ended, then they are not.
    fn give_away(&self, tasks: usize) -> bool;

    // The producer's verbs.
    fn bind(&self, executor: ExecutorId);
    fn hold(&self, permit: Box<dyn Any + Send>);
    fn start(&self, interrupt: Option<InterruptHook>) -> Result<Option<Instant>, Skipped>;
    /// As `start`, for a thread that waits for the task; not what was offered to another worker.
    fn claim(&self) -> Result<Option<Instant>, Skipped>;
    fn offer(&self, offer: Arc<dyn Offer>) -> Result<(), Skipped>;
    fn take_back(&self);
    fn offer_retry(&self, offer: Arc<dyn Offer>);
    fn retry(&self);
    /// Has a hook asked to stop the task, which runs; false if that was asked before.
    fn set_interrupt(&self, hook: InterruptHook) -> bool;
    fn run(self: Arc<Self>, hooks: &mut dyn RunHooks);
    fn start_and_run(self: Arc<Self>, hooks: &mut dyn RunHooks) -> Result<(), Skipped>;
    fn fail(self: Arc<Self>, error: TaskError, hooks: &mut dyn RunHooks) -> bool;
    fn fail_pending(self: Arc<Self>, error: TaskError) -> bool;
    fn fail_item(self: Arc<Self>, index: usize, error: TaskError);
    #[cfg(feature = "portable")]
    fn complete_item(self: Arc<Self>, index: usize, reply: &[u8]) -> Tally;
    #[cfg(feature = "portable")]
    fn complete_items(self: Arc<Self>, replies: Replies<'_, '_>, count: &mut dyn FnMut(Tally));
    fn note_took(&self, took: Duration);
    #[cfg(feature = "portable")]
    fn encode(self: Arc<Self>) -> Option<Encoded>;
    fn split_off(self: Arc<Self>, from: usize) -> Option<Job>;
    fn is_withdrawn(&self) -> bool;

    // The consumer's verbs.
    fn cancel(self: Arc<Self>) -> bool;
    fn abort(self: Arc<Self>, interrupt: Interrupt) -> bool;
    fn withdraw(self: Arc<Self>);
    fn request_stop(&self);
    fn park(&self, deadline: Option<Instant>) -> bool;
    fn watch(&self, watcher: Watcher) -> Result<(), Watcher>;
    fn unwatch(&self, watch: &Arc<dyn Watch>);
    fn set_waker(&self, waker: &Waker) -> bool;
    fn observe(&self);
    /// Whether an error may be left that nobody was told: not yet released, or not looked at.
    fn may_hide_error(&self) -> bool;
    /// The error that nobody was told, after the release. A cancel by who has the future is none, and one by the executor is.
    fn hidden_error(&self) -> Option<TaskError>;
    /// As `cancel`, by the executor.
    fn give_up(self: Arc<Self>) -> bool;
    /// Whether the outcome is a failure; false before the release.
    fn failed(&self) -> bool;
}

/// What a task is to its future.
pub(crate) trait TypedTask<T>: AnyTask {
    /// Moves the outcome out, once, after the release.
    fn take(&self) -> Option<Result<T, TaskError>>;
    /// Adds a callback, or gives it back if the future is released.
    fn add_callback(&self, callback: Callback<T>) -> Result<(), Callback<T>>;
    /// A look at the outcome without moving it: the name of the error, if it is one.
    fn outcome_kind(&self) -> Option<Result<(), &'static str>>;
}
