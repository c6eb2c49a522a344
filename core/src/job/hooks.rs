use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::{Interrupt, JobHandle, Tally};
use crate::error::TaskError;
use crate::shared::InterruptHook;
use crate::task::TaskId;

/// What a worker is told while it runs a task, by [`Job::run_with`](crate::Job::run_with) and
/// [`RunningJob::run_with`](crate::RunningJob::run_with).
///
/// A worker that announces in [`before_release`](Self::before_release) that it is free is found free by whoever the
/// result wakes. What it announced it takes back in [`before_foreign_code`](Self::before_foreign_code).
///
/// A closure that takes the tally is such hooks, for who announces nothing.
///
/// ```
/// use concurrent_futures_core::{Job, RunHooks, Started, Tally, TaskError};
///
/// #[derive(Default)]
/// struct Diary(Vec<&'static str>);
///
/// impl RunHooks for Diary {
///     fn started(&mut self, _task: &Started<'_>) -> Result<(), TaskError> {
///         self.0.push("started");
///         Ok(())
///     }
///     fn before_release(&mut self, tally: Tally) {
///         if tally.total() > 0 {
///             self.0.push("ended");
///         }
///     }
/// }
///
/// let (future, job) = Job::new(None, || 5);
/// let mut diary = Diary::default();
/// job.run_with(&mut diary).unwrap();
/// assert_eq!((diary.0, future.result().unwrap()), (vec!["started", "ended"], 5));
/// ```
pub trait RunHooks {
    /// The task has started, and runs next.
    ///
    /// # Errors
    ///
    /// What the future ends with instead: the function doesn't run then.
    fn started(&mut self, task: &Started<'_>) -> Result<(), TaskError> {
        let _ = task;
        Ok(())
    }

    /// The result is released next, after the callbacks and before anybody who waits is woken. The first call counts the
    /// task; the tally of later ones is empty, and so is that of a task whose future had ended before, by a deadline or
    /// a kill: nobody will see this outcome.
    fn before_release(&mut self, tally: Tally);

    /// Foreign code runs on this thread although the result was as good as released: a callback that joined late, or
    /// the destructor of a result that nobody wants. It may take long, and it may block.
    fn before_foreign_code(&mut self) {}
}

impl<F: FnMut(Tally)> RunHooks for F {
    fn before_release(&mut self, tally: Tally) {
        self(tally);
    }
}

/// A task that has just started, as [`RunHooks::started`] sees it.
pub struct Started<'a> {
    pub(crate) id: TaskId,
    pub(crate) tasks: usize,
    pub(crate) deadline: Option<Instant>,
    pub(crate) is_stopped_with_its_map: bool,
    pub(crate) handle: &'a dyn Fn() -> JobHandle,
    pub(crate) set_interrupt: &'a dyn Fn(InterruptHook) -> bool,
}

impl Started<'_> {
    /// The task's id; the first one's of a chunk.
    #[must_use]
    #[inline]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// How many tasks this is.
    #[must_use]
    #[inline]
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// When the task runs out of time, if it has a deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether it is part of a `map` that has a deadline, and is to be stopped then, though its function may go on: worth a
    /// hook, for who can end a future before the function returns.
    #[must_use]
    pub fn is_stopped_with_its_map(&self) -> bool {
        self.is_stopped_with_its_map
    }

    /// A handle that keeps nothing alive, for a deadline.
    #[must_use]
    pub fn handle(&self) -> JobHandle {
        (self.handle)()
    }

    /// Has `hook` called when the task is to be stopped, as that of [`Job::start_killable`](crate::Job::start_killable);
    /// an abort is true from here on.
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures_core::{Executor, InProcess, Interrupt, Job, Map, MapOptions, RunHooks, Started, Tally, TaskError};
    ///
    /// /// Ends the future of what its map wants stopped, and leaves the function to itself.
    /// struct Stops;
    ///
    /// impl RunHooks for Stops {
    ///     fn started(&mut self, task: &Started<'_>) -> Result<(), TaskError> {
    ///         let handle = task.handle();
    ///         let stop = move |interrupt| {
    ///             if let Interrupt::Abort { .. } = interrupt {
    ///                 handle.fail(TaskError::Cancelled);
    ///             }
    ///         };
    ///         if task.is_stopped_with_its_map() { task.stop_with(stop) } else { Ok(()) }
    ///     }
    ///     fn before_release(&mut self, _: Tally) {}
    /// }
    /// # use concurrent_futures_core::{Shutdown, ShutdownReport, Stats};
    /// # struct Threads;
    /// # impl Executor for Threads {
    /// #     fn execute(&self, job: Job) { std::thread::spawn(|| job.run_with(&mut Stops).ok()); }
    /// #     fn shutdown(&self, _how: Shutdown) -> ShutdownReport { ShutdownReport::default() }
    /// #     fn stats(&self) -> Stats { Stats::default() }
    /// # }
    /// # impl InProcess for Threads {}
    /// # let (_open, gate) = std::sync::mpsc::channel::<()>();
    /// # let gate = std::sync::Mutex::new(gate);
    /// # let options = MapOptions::new().deadline(Duration::from_millis(50));
    /// # let mut late = Map::in_process(&Threads, options, move |n: u32| gate.lock().unwrap().recv().map_or(n, |()| n), 0..1);
    /// # assert!(matches!(late.next(), Some(Err(TaskError::DeadlineExceeded(_)))));
    /// ```
    ///
    /// # Errors
    ///
    /// [`TaskError::Cancelled`] where it was asked for already: [`started`](RunHooks::started) passes it on, and the function
    /// doesn't run.
    pub fn stop_with(&self, hook: impl Fn(Interrupt) + Send + Sync + 'static) -> Result<(), TaskError> {
        if (self.set_interrupt)(Arc::new(hook)) { Ok(()) } else { Err(TaskError::Cancelled) }
    }
}

impl fmt::Debug for Started<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("id", &self.id).field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
