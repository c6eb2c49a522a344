use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use concurrent_futures_core::{BuildError, Initialised, Initializer, Observer, ObserverSlot, Shutdown, WhenFull};

use crate::pool::ThreadPool;
use crate::queue::QueueKind;

/// The options of a [`ThreadPool`], from [`ThreadPool::builder`].
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures_thread_pool::ThreadPool;
///
/// let pool = ThreadPool::builder()
///     .max_workers(4)
///     .thread_name_prefix("decoder")
///     .keep_alive(Duration::from_secs(10))
///     .build()?;
/// let name = pool.spawn(|| std::thread::current().name().map(str::to_owned)).result().unwrap();
/// assert_eq!(name.as_deref(), Some("decoder_0"));
/// # Ok::<(), concurrent_futures_core::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct ThreadPoolBuilder {
    pub(crate) max_workers: Option<usize>,
    pub(crate) thread_name_prefix: Option<String>,
    pub(crate) stack_size: usize,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) initializer: Option<Initializer>,
    pub(crate) max_pending: Option<(usize, WhenFull)>,
    pub(crate) max_blocked: usize,
    pub(crate) queue: QueueKind,
    pub(crate) observer: ObserverSlot,
    pub(crate) on_drop: Shutdown,
}

/// Rust's own default for threads.
const DEFAULT_STACK_SIZE: usize = 2 * 1024 * 1024;

/// Below this, a task would find no room for the library's own frames.
const SMALLEST_STACK_SIZE: usize = 64 * 1024;

const DEFAULT_MAX_BLOCKED: usize = 256;

static NEXT_POOL: AtomicUsize = AtomicUsize::new(0);

impl Default for ThreadPoolBuilder {
    fn default() -> Self {
        Self {
            max_workers: None,
            thread_name_prefix: None,
            stack_size: DEFAULT_STACK_SIZE,
            keep_alive: None,
            initializer: None,
            max_pending: None,
            max_blocked: DEFAULT_MAX_BLOCKED,
            queue: QueueKind::default(),
            observer: ObserverSlot::default(),
            on_drop: Shutdown::drain(),
        }
    }
}

impl ThreadPoolBuilder {
    /// How many tasks may run at once, not counting those that run on after their deadline. Default: the number of cores
    /// that this process may use, cgroup quotas and affinity included. Python's default is `min(32, cores + 4)`, its answer
    /// to the GIL; here a task that waits for another is replaced by a spare worker instead.
    pub fn max_workers(mut self, workers: usize) -> Self {
        self.max_workers = Some(workers);
        self
    }

    /// What the threads are called, before `_` and their number. Default: `ThreadPool-` and the pool's number. On Linux
    /// the system shows the first 15 bytes. Python: `thread_name_prefix`.
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.thread_name_prefix = Some(prefix.into());
        self
    }

    /// How many bytes of stack each thread has. Default: 2 MiB; at least 64 KiB.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// How long a thread without work stays. Default: until the end of the pool, as in Python.
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.keep_alive = Some(time);
        self
    }

    /// What each thread runs before its first task: a closure that returns nothing or a `Result`. If it fails, the pool
    /// is broken: what waits and what is submitted later is rejected, with the cause. Default: nothing.
    /// Python: `initializer`.
    ///
    /// ```
    /// use concurrent_futures_thread_pool::{Reason, TaskError, ThreadPool};
    ///
    /// let pool = ThreadPool::builder().max_workers(1).initializer(|| Err("no licence")).build()?;
    /// match pool.spawn(|| 1).result() {
    ///     Err(TaskError::Rejected(rejected)) => assert!(matches!(rejected.reason(), Reason::Broken(_))),
    ///     other => unreachable!("{other:?}"),
    /// }
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    pub fn initializer<I: Initialised>(mut self, initializer: impl Fn() -> I + Send + Sync + 'static) -> Self {
        self.initializer = Some(Initializer::new(initializer));
        self
    }

    /// How many tasks may wait, and what a submit does then ([`WhenFull`]). Default: any number, as in Python. Async code waits
    /// for room by [`ready`](ThreadPool::ready).
    ///
    /// ```
    /// use concurrent_futures_thread_pool::{ThreadPool, WhenFull};
    ///
    /// let pool = ThreadPool::builder().max_workers(1).max_pending(100, WhenFull::CallerRuns).build().unwrap();
    /// let sum: u64 = pool.map(|n: u64| n, 0..1000).map(Result::unwrap).sum();
    /// assert_eq!(sum, 499_500);
    /// ```
    ///
    /// # Panics
    ///
    /// If `tasks` is 0.
    pub fn max_pending(mut self, tasks: usize, when_full: WhenFull) -> Self {
        assert!(tasks > 0, "max_pending must be at least 1");
        self.max_pending = Some((tasks, when_full));
        self
    }

    /// How many workers may be blocked, or late with a task whose deadline has passed, each with a spare in its place.
    /// Default: 256. Beyond it a wait with a timeout goes on without a spare, one without panics, naming this limit, and a
    /// late worker keeps its place. So there are never more threads than `max_workers` and this together.
    pub fn max_blocked(mut self, workers: usize) -> Self {
        self.max_blocked = workers;
        self
    }

    /// Which queue the pool has. Default: the locked one.
    pub fn queue(mut self, kind: QueueKind) -> Self {
        self.queue = kind;
        self
    }

    /// Who is told what the pool does. Default: nobody.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = ObserverSlot::new(observer);
        self
    }

    /// How the pool ends when it is dropped without an explicit shutdown. Default: [`Shutdown::drain`], as at the end
    /// of Python's `with` block; while a panic unwinds, [`Shutdown::cancel_pending`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures_thread_pool::{Shutdown, ThreadPool};
    ///
    /// let patient = Shutdown::drain().within(Duration::from_secs(5));
    /// let pool = ThreadPool::builder().on_drop(patient).build()?;
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    pub fn on_drop(mut self, how: Shutdown) -> Self {
        self.on_drop = how;
        self
    }

    /// Makes the pool. No thread starts before the first task. Python: `ThreadPoolExecutor(...)`.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroWorkers`], and [`BuildError::InvalidOption`] for a stack that is too small or a name with a NUL.
    pub fn build(mut self) -> Result<ThreadPool, BuildError> {
        let max_workers = self.max_workers.unwrap_or_else(default_workers);
        if max_workers == 0 {
            return Err(BuildError::ZeroWorkers);
        }
        if self.stack_size < SMALLEST_STACK_SIZE {
            let text = format!("stack_size must be at least {SMALLEST_STACK_SIZE} bytes, not {}", self.stack_size);
            return Err(BuildError::InvalidOption(text));
        }
        if self.thread_name_prefix.as_ref().is_some_and(|prefix| prefix.contains('\0')) {
            return Err(BuildError::InvalidOption("thread_name_prefix must not contain a NUL".to_owned()));
        }
        self.max_workers = Some(max_workers);
        let number = NEXT_POOL.fetch_add(1, Ordering::Relaxed);
        self.thread_name_prefix.get_or_insert_with(|| format!("ThreadPool-{number}"));
        Ok(ThreadPool::start(self))
    }
}

/// The cores that this process may use: affinity and cgroup quotas are honoured by the standard library.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
