use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Job, JobHandle, Offer, RunHooks, Tally};
use crate::error::TaskError;
#[cfg(feature = "portable")]
use crate::portable::Encoded;
use crate::shared::{AnyTask, dropped_by_executor};
use crate::task::{TaskId, TaskOptions};

/// A task that has begun: run it in place, or complete it from what came back.
///
/// ```
/// use concurrent_futures_core::Job;
///
/// let (future, job) = Job::new(None, || 5);
/// let running = job.start().unwrap();
/// assert!(future.running());
/// running.run();
/// assert_eq!(future.result().unwrap(), 5);
/// ```
#[must_use = "a running job that is dropped fails its future with Abandoned"]
pub struct RunningJob {
    task: Option<Arc<dyn AnyTask>>,
    deadline: Option<Instant>,
}

impl RunningJob {
    pub(super) fn new(task: Option<Arc<dyn AnyTask>>, deadline: Option<Instant>) -> Self {
        Self { task, deadline }
    }

    /// Claims a queued task for the thread that waits for it.
    pub(crate) fn claim(task: &Arc<dyn AnyTask>) -> Option<Self> {
        let deadline = task.claim().ok()?;
        Some(Self { task: Some(task.clone()), deadline })
    }

    /// The task's id; the first one's of a chunk.
    #[must_use]
    #[inline]
    pub fn id(&self) -> TaskId {
        self.task().id()
    }

    /// How many tasks this is.
    #[must_use]
    #[inline]
    pub fn tasks(&self) -> usize {
        self.task().len()
    }

    /// What was asked of the task.
    #[must_use]
    pub fn options(&self) -> TaskOptions {
        self.task().options()
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.task().attempt()
    }

    /// When the task runs out of time, if it has a deadline; counted from the start.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// A handle that keeps nothing alive, for a deadline or a kill.
    #[must_use]
    pub fn handle(&self) -> JobHandle {
        JobHandle::new(self.task())
    }

    /// Runs the task on the calling thread. A panic in it becomes the outcome.
    ///
    /// # Blocking
    ///
    /// For as long as the task and its done callbacks take, which run here.
    pub fn run(self) {
        self.run_then(|_| ());
    }

    /// As [`run`](Self::run); calls `before_release` once, after the callbacks and before anybody who waits is woken,
    /// to count the task. The tally is empty if the future had ended before, by a deadline or a kill: nobody will see
    /// this outcome.
    pub fn run_then(self, mut before_release: impl FnMut(Tally)) {
        let mut is_counted = false;
        self.run_with(&mut |tally: Tally| {
            if !std::mem::replace(&mut is_counted, true) {
                before_release(tally);
            }
        });
    }

    /// As [`run`](Self::run), telling `hooks` when the worker is free, and when it is not after all.
    pub fn run_with(mut self, hooks: &mut dyn RunHooks) {
        if let Some(task) = self.task.take() {
            task.run(hooks);
        }
    }

    /// Ends the task with an error. False if its future had ended before.
    pub fn fail(mut self, error: impl Into<TaskError>) -> bool {
        self.task.take().is_some_and(|task| task.fail(error.into(), &mut |_: Tally| ()))
    }

    /// Ends one task of the job with an error; the job ends with its last task.
    pub fn fail_task(&self, index: usize, error: impl Into<TaskError>) {
        self.task().clone().fail_item(index, error.into());
    }

    /// Completes one task of the job from the bytes that [`serve`](crate::portable::serve) gave; the job ends with its
    /// last task. Bytes that can't be decoded fail this task with [`TaskError::Codec`]. Tells how
    /// this task ended; the tally is empty if the job had ended before.
    #[cfg(feature = "portable")]
    pub fn complete_task(&self, index: usize, reply: &[u8]) -> Tally {
        self.task().clone().complete_item(index, reply)
    }

    /// As [`complete_task`](Self::complete_task), of several tasks, many of which settle in one step. Tells how those ended that
    /// were still wanted; if the job had ended before, `replies` isn't asked for anything.
    ///
    /// ```
    /// use concurrent_futures_core::portable::{Context, Serving};
    /// use concurrent_futures_core::{Job, RunningJob, Tally};
    ///
    /// fn serve(job: Job) -> Option<Tally> {
    ///     let (id, encoded) = (job.id(), job.encode()?);
    ///     let running = job.start().ok()?;
    ///     let (mut replies, mut ends) = (Vec::new(), Vec::new());
    ///     // SAFETY: the call was encoded a moment ago, in this process.
    ///     let mut serving = unsafe { Serving::begin(encoded.call(), Context::new(id)) };
    ///     for (index, argument) in encoded.arguments() {
    ///         serving.task(index, argument, &mut replies);
    ///         ends.push((index, replies.len()));
    ///     }
    ///     let mut begin = 0;
    ///     let mut replies = ends.iter().map(|&(index, end)| (index, &replies[std::mem::replace(&mut begin, end)..end]));
    ///     Some(running.complete_tasks(&mut replies))
    /// }
    /// # use concurrent_futures_core::{Executor, ExecutorExt, Shutdown, ShutdownReport, Stats};
    /// # struct Serves;
    /// # impl Executor for Serves {
    /// #     fn execute(&self, job: Job) { assert_eq!(serve(job).unwrap().returned, 4) }
    /// #     fn shutdown(&self, _how: Shutdown) -> ShutdownReport { ShutdownReport::default() }
    /// #     fn stats(&self) -> Stats { Stats::default() }
    /// # }
    /// # let four = concurrent_futures_core::MapOptions::new().chunk_size(4);
    /// # let doubles: Vec<u32> = Serves.map_with(four, |n: u32| 2 * n, 0..4).map(Result::unwrap).collect();
    /// # assert_eq!(doubles, [0, 2, 4, 6]);
    /// ```
    #[cfg(feature = "portable")]
    pub fn complete_tasks(&self, replies: &mut dyn Iterator<Item = (usize, &[u8])>) -> Tally {
        let mut sum = Tally::default();
        self.complete_tasks_then(replies, &mut |tally| sum += tally);
        sum
    }

    /// As [`complete_tasks`](Self::complete_tasks); tells `count` how they ended, part by part, before anybody who waits for
    /// them is woken: so whoever has a result finds it counted.
    #[cfg(feature = "portable")]
    pub fn complete_tasks_then(&self, replies: &mut dyn Iterator<Item = (usize, &[u8])>, count: &mut dyn FnMut(Tally)) {
        self.task().clone().complete_items(replies, count);
    }

    /// Says for how long the tasks that are completed next kept a worker busy, as that measured it: `map` makes its
    /// chunks so large that each takes about a millisecond. Without it a chunk counts from its first completion.
    pub fn note_took(&self, took: Duration) {
        self.task().note_took(took);
    }

    /// The task as bytes, once more: for another attempt after its worker died.
    #[cfg(feature = "portable")]
    #[must_use]
    pub fn encode(&self) -> Option<Encoded> {
        self.task().clone().encode()
    }

    /// Begins another attempt: counts it, and starts the deadline anew. The state stays RUNNING.
    pub fn retry(&mut self) {
        self.task().retry();
    }

    /// Says that another attempt lies with another worker: an abort, and a map that doesn't want the rest, ask there
    /// from now on. Those that came before have left [`is_stop_requested`](JobHandle::is_stop_requested) and
    /// [`is_withdrawn`](Self::is_withdrawn): look at them afterwards.
    pub fn offer(&self, offer: Arc<dyn Offer>) {
        self.task().offer_retry(offer);
    }

    /// Takes back the tasks from index `from` on, none of which may have begun, as a job of their own. `None` if this
    /// is no chunk, or there are none.
    #[must_use]
    pub fn split_off(&self, from: usize) -> Option<Job> {
        self.task().clone().split_off(from)
    }

    /// Whether the tasks that have not begun are not wanted any more: their `map` was dropped.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        self.task().is_withdrawn()
    }

    fn task(&self) -> &Arc<dyn AnyTask> {
        self.task.as_ref().expect("a running job has its task until a move consumes both")
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        if let Some(task) = self.task.take()
            && !task.is_released()
        {
            task.fail(dropped_by_executor(), &mut |_: Tally| ());
        }
    }
}

impl fmt::Debug for RunningJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningJob").field("id", &self.id()).finish_non_exhaustive()
    }
}
