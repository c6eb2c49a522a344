use std::fmt;
use std::time::Duration;

/// How an executor ends: what becomes of its tasks, and how long the caller waits.
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures_core::Shutdown;
///
/// let patient = Shutdown::drain();                                       // Python: shutdown(wait=True)
/// let background = Shutdown::drain().within(Duration::ZERO);             // Python: shutdown(wait=False)
/// let brisk = Shutdown::cancel_pending();                                // Python: cancel_futures=True
/// let firm = Shutdown::kill(Duration::from_secs(5));                     // Python 3.14: kill_workers()
/// let service = Shutdown::drain().kill_after(Duration::from_secs(30), Duration::from_secs(1));
/// assert_eq!(background.wait_limit(), Some(Duration::ZERO));
/// ```
///
/// Python: the arguments `wait` and `cancel_futures` of `Executor.shutdown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shutdown {
    mode: ShutdownMode,
    within: Option<Duration>,
    escalation: Option<Escalation>,
}

/// What becomes of the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShutdownMode {
    /// All of them run to their end.
    Drain,
    /// What waits is cancelled, what runs ends by itself.
    CancelPending,
    /// What waits is cancelled, what runs is asked to stop, and given up after the grace.
    Kill {
        /// How long what runs may go on.
        grace: Duration,
    },
}

/// When a shutdown becomes a kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Escalation {
    /// How long after the shutdown has begun.
    pub after: Duration,
    /// How long what runs may go on from then.
    pub grace: Duration,
}

impl Shutdown {
    /// Takes no new tasks and runs all that were taken.
    #[must_use]
    pub fn drain() -> Self {
        Self::of(ShutdownMode::Drain)
    }

    /// Takes no new tasks and cancels those that wait, the items included that a running chunk of `map` has not begun.
    #[must_use]
    pub fn cancel_pending() -> Self {
        Self::of(ShutdownMode::CancelPending)
    }

    /// Takes no new tasks, cancels those that wait, and sets the cancellation flag of those that run. What still runs
    /// after `grace` ends with [`Abandoned`](crate::Abandoned): a worker process is killed; a thread, which can't be,
    /// is left behind and counted in the report.
    #[must_use]
    pub fn kill(grace: Duration) -> Self {
        Self::of(ShutdownMode::Kill { grace })
    }

    /// Whatever has not ended after `limit` is killed, as by [`kill`](Self::kill) with this grace: what a service wants
    /// that has so long to end. It happens whether somebody waits or not, also where a pool is dropped (`on_drop` of its
    /// builder) or its shutdown began in a task. So the caller waits at most for both together.
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures_core::{Executor, Shutdown};
    ///
    /// fn end(executor: &dyn Executor) {
    ///     let report = executor.shutdown(Shutdown::drain().kill_after(Duration::from_secs(2), Duration::from_millis(100)));
    ///     println!("{report}");
    /// }
    /// ```
    ///
    /// Python has no counterpart.
    #[must_use]
    pub fn kill_after(mut self, limit: Duration, grace: Duration) -> Self {
        self.escalation = Some(Escalation { after: limit, grace });
        self
    }

    /// Bounds the caller's wait and nothing else: the shutdown goes on after it, and never becomes harsher by it. Zero:
    /// don't wait. Default: wait until the end.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }

    /// What becomes of the tasks, for who writes an executor.
    #[must_use]
    pub fn mode(&self) -> ShutdownMode {
        self.mode
    }

    /// How long the caller waits, for who writes an executor.
    #[must_use]
    pub fn wait_limit(&self) -> Option<Duration> {
        self.within
    }

    /// Whether and when it becomes a kill, for who writes an executor.
    #[must_use]
    pub fn escalation(&self) -> Option<Escalation> {
        self.escalation
    }

    fn of(mode: ShutdownMode) -> Self {
        Self { mode, within: None, escalation: None }
    }
}

/// What has become of an executor's tasks by the time its shutdown returns. Python's returns nothing.
///
/// A task that was given up on a thread may count twice: it was `abandoned`, and as long as its thread runs on it is
/// `still_running`.
///
/// ```
/// let report = concurrent_futures_core::ShutdownReport::default();
/// assert!(report.is_complete());
/// assert_eq!(report.to_string(), "0 finished, 0 cancelled, 0 killed, 0 abandoned, 0 still running, 0 still pending");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Tasks that ended by themselves since the executor was made, failures and refusals included.
    pub finished: u64,
    /// Tasks that were cancelled since the executor was made.
    pub cancelled: u64,
    /// Tasks whose worker process a shutdown has killed under them, after the grace. None on threads.
    pub killed: u64,
    /// Tasks that a shutdown has given up after the grace on threads, which can't be killed. As long as their threads run
    /// on, they count as `still_running` too.
    pub abandoned: u64,
    /// Tasks that still run: on threads that this executor has left behind, or on workers that it goes on waiting for.
    pub still_running: usize,
    /// Tasks that still wait to run.
    pub still_pending: usize,
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { finished, cancelled, killed, abandoned, still_running, still_pending } = self;
        write!(
            f,
            "{finished} finished, {cancelled} cancelled, {killed} killed, {abandoned} abandoned, {still_running} still running, \
             {still_pending} still pending"
        )
    }
}

impl ShutdownReport {
    /// Whether nothing runs or waits any more.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.still_running == 0 && self.still_pending == 0
    }
}
