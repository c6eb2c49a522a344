use std::fmt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use concurrent_futures_core::{BuildError, Observer, ObserverSlot, Portable, Shutdown, TaskFailure, WhenFull};

use crate::child::{Role, depth, role, why_not_initialised};
use crate::initializer::Initializer;
use crate::pool::ProcessPool;

/// The options of a [`ProcessPool`], from [`ProcessPool::builder`]. Python: the arguments of `ProcessPoolExecutor`.
///
/// ```
/// # concurrent_futures_process_pool::worker_entry!();
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use concurrent_futures_process_pool::ProcessPool;
///
/// let pool = ProcessPool::builder()
///     .max_workers(2)
///     .idle_timeout(Duration::from_secs(30))
///     .max_tasks_per_worker(1000)
///     .configure(|command| {
///         command.env("OMP_NUM_THREADS", "1");
///     })
///     .build()?;
/// assert_eq!(pool.submit(|name: String| std::env::var(name).ok(), "OMP_NUM_THREADS".into()).result()?.as_deref(), Some("1"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct ProcessPoolBuilder {
    pub(crate) max_workers: Option<usize>,
    pub(crate) name: Option<String>,
    pub(crate) stack_size: usize,
    pub(crate) initializer: Option<Initializer>,
    pub(crate) max_tasks_per_worker: Option<usize>,
    pub(crate) memory_limit: Option<u64>,
    pub(crate) memory_growth_limit: Option<u64>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) start_timeout: Duration,
    pub(crate) configure: Option<Configure>,
    pub(crate) max_pending: Option<(usize, WhenFull)>,
    pub(crate) max_depth: u32,
    pub(crate) observer: ObserverSlot,
    #[cfg(feature = "log")]
    pub(crate) forwards_logs: bool,
    pub(crate) on_drop: Shutdown,
}

/// What is done to the command that starts a worker.
#[derive(Clone)]
pub(crate) struct Configure(Arc<dyn Fn(&mut Command) + Send + Sync>);

impl Configure {
    pub(crate) fn apply(&self, command: &mut Command) {
        (self.0)(command);
    }
}

impl fmt::Debug for Configure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Configure")
    }
}

/// What the main thread of a program has on most systems, since a task doesn't expect less.
const DEFAULT_STACK_SIZE: usize = 8 * 1024 * 1024;
const SMALLEST_STACK_SIZE: usize = 64 * 1024;
const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_DEPTH: u32 = 1;

static NEXT_POOL: AtomicUsize = AtomicUsize::new(0);

impl Default for ProcessPoolBuilder {
    fn default() -> Self {
        Self {
            max_workers: None,
            name: None,
            stack_size: DEFAULT_STACK_SIZE,
            initializer: None,
            max_tasks_per_worker: None,
            memory_limit: None,
            memory_growth_limit: None,
            idle_timeout: None,
            start_timeout: DEFAULT_START_TIMEOUT,
            configure: None,
            max_pending: None,
            max_depth: DEFAULT_DEPTH,
            observer: ObserverSlot::default(),
            #[cfg(feature = "log")]
            forwards_logs: false,
            on_drop: Shutdown::drain(),
        }
    }
}

impl ProcessPoolBuilder {
    /// How many worker processes there may be. Default: the number of cores that this process may use, as in Python.
    pub fn max_workers(mut self, workers: usize) -> Self {
        self.max_workers = Some(workers);
        self
    }

    /// What the pool is called, in the names of its threads and in the list of processes. Default: `ProcessPool-` and its
    /// number.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many bytes of stack a worker has for its tasks. Default: 8 MiB; at least 64 KiB. The thread of this process that reads
    /// its results has as many, and at least 2 MiB.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// What each worker runs before its first task, replacements included: a plain function and its argument. If it panics,
    /// or ends the process again and again, the pool is broken: what waits and what is submitted later is rejected, with the
    /// cause. Default: nothing. Python: `initializer` and `initargs`.
    ///
    /// ```
    /// # concurrent_futures_process_pool::worker_entry!();
    /// # fn main() {
    /// use std::sync::OnceLock;
    /// use concurrent_futures_process_pool::ProcessPool;
    ///
    /// static TABLE: OnceLock<Vec<u64>> = OnceLock::new();
    ///
    /// let builder = ProcessPool::builder().initializer(|len: u64| TABLE.set((0..len).collect()).unwrap(), 100);
    /// let pool = builder.build().unwrap();
    /// assert_eq!(pool.submit(|index: usize| TABLE.get().unwrap()[index], 7).result().unwrap(), 7);
    /// # }
    /// ```
    pub fn initializer<A: Portable + Clone + Sync>(self, function: fn(A), argument: A) -> Self {
        self.prepared(Initializer::new(move |executor| executor.submit(function, argument.clone())))
    }

    /// As [`initializer`](Self::initializer), of a function that returns a `Result`: an error breaks the pool.
    ///
    /// ```
    /// # concurrent_futures_process_pool::worker_entry!();
    /// # fn main() {
    /// use concurrent_futures_process_pool::ProcessPool;
    ///
    /// let load = |path: String| std::fs::read(path).map(drop);
    /// let pool = ProcessPool::builder().initializer_fallible(load, "/no/such/file".to_owned()).build().unwrap();
    /// let failed = pool.submit(|n: u64| n, 1).result().unwrap_err();
    /// assert!(failed.to_string().contains("No such file"), "{failed}");
    /// # }
    /// ```
    pub fn initializer_fallible<A, E>(self, function: fn(A) -> Result<(), E>, argument: A) -> Self
    where
        A: Portable + Clone + Sync,
        E: TaskFailure,
    {
        self.prepared(Initializer::new(move |executor| executor.submit_fallible(function, argument.clone())))
    }

    fn prepared(mut self, initializer: Initializer) -> Self {
        self.initializer = Some(initializer);
        self
    }

    /// After how many tasks a worker is replaced by a fresh one. Default: never. It also keeps a pool from sending several
    /// tasks to a worker at once. Python: `max_tasks_per_child`.
    ///
    /// # Panics
    ///
    /// If `tasks` is 0. Python: `ValueError`.
    pub fn max_tasks_per_worker(mut self, tasks: usize) -> Self {
        assert!(tasks > 0, "max_tasks_per_worker must be at least 1");
        self.max_tasks_per_worker = Some(tasks);
        self
    }

    /// How many bytes of memory a worker may use; above that it is killed, and its task fails with
    /// [`WorkerDied`](concurrent_futures_core::WorkerDied). It is the resident size that counts, looked at ten times a
    /// second: a limit for tasks gone wrong, not for the last megabyte. Default: none.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// How many bytes a worker may have grown since its first tasks; above that it is replaced after the task that it runs.
    /// For libraries that leak. Default: none. loky: its memory leak check, at 300 MB.
    pub fn memory_growth_limit(mut self, bytes: u64) -> Self {
        self.memory_growth_limit = Some(bytes);
        self
    }

    /// How long a worker without work stays. Default: until the end of the pool, as in Python.
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = Some(time);
        self
    }

    /// How long a worker may take from its start until it is ready, the initializer included. Default: 10 s.
    pub fn start_timeout(mut self, time: Duration) -> Self {
        self.start_timeout = time;
        self
    }

    /// What is done to the command that starts a worker: environment, working directory, standard output and error. Called
    /// for each start, on the thread that starts the worker. Standard input, the process group and the program itself are
    /// the pool's. Default: nothing; a worker inherits the rest. Python: `mp_context`, as far as it goes. If it
    /// panics, the pool is broken.
    ///
    /// With `command.stderr(Stdio::piped())` the pool reads what workers write there, and the last lines of one that died
    /// are part of the [error](concurrent_futures_core::WorkerDied::stderr) of its task. A piped standard output is read
    /// and forgotten.
    ///
    /// `pre_exec` and `uid` work, and make each start slower the larger this process is.
    pub fn configure(mut self, configure: impl Fn(&mut Command) + Send + Sync + 'static) -> Self {
        self.configure = Some(Configure(Arc::new(configure)));
        self
    }

    /// How many tasks may wait, and what a submit does then: block, or reject. `WhenFull::CallerRuns` is refused by
    /// [`build`](Self::build). A task that has been sent to a worker waits no more, also the moment before it begins there.
    /// Default: any number. Async code waits for room by [`ready`](ProcessPool::ready).
    ///
    /// ```
    /// # concurrent_futures_process_pool::worker_entry!();
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use concurrent_futures_process_pool::{ProcessPool, WhenFull};
    ///
    /// let pool = ProcessPool::builder().max_workers(1).max_pending(10, WhenFull::Block).build()?;
    /// assert_eq!(pool.map(|n: u64| n, 0..100).sum::<Result<u64, _>>()?, 4950);
    /// # Ok(())
    /// # }
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

    /// How deep pools may nest: in a worker that is `depth` processes below the program no pool can be made. Default: 1, a
    /// pool in the tasks of a pool. loky: 10.
    pub fn max_depth(mut self, depth: u32) -> Self {
        self.max_depth = depth;
        self
    }

    /// Who is told what the pool does. Default: nobody.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = ObserverSlot::new(observer);
        self
    }

    /// Hands the log records of the workers to the logger of this process, the crate `log`'s. Needs the feature `log`.
    /// Default: they go to whatever logger the worker has. Python: `multiprocessing.get_logger`, and `QueueHandler`.
    ///
    /// A record arrives with its level, target, module, file, line, message and its own keys and values, those as text, and
    /// with the keys `worker` and `worker.pid`, in a task also `task.id` and `task.label`. The level is what `log::max_level()`
    /// says as the worker is started. It is sent before the call returns, so what was logged just before the worker crashes is not
    /// lost; the end of a shutdown waits for the logger to have taken it. A record and the result of its task take different
    /// ways: either may be first.
    ///
    /// If the logger is slow, workers wait for it, a record for one second at most, and what doesn't get through is counted:
    /// a warning of the target `concurrent_futures` says how much was lost. Messages are cut at 32 KiB, names and
    /// values at one, keys at 64 bytes; of a record's own keys the first 16 come along.
    ///
    /// The logger gets the records on threads of the pool, one for each worker. A shutdown from there only begins, as one from
    /// a callback.
    ///
    /// A logger that is installed before `init()` is the worker's too, and stays: install it behind.
    ///
    /// ```no_run
    /// use concurrent_futures_process_pool::{ProcessPool, init};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     init();
    ///     // env_logger::init();
    ///     let pool = ProcessPool::builder().forward_logs().build()?;
    ///     // pool.submit(|n: u64| log::info!("in the worker: {n}"), 5).result()?;
    ///     Ok(())
    /// }
    /// ```
    #[cfg(feature = "log")]
    pub fn forward_logs(mut self) -> Self {
        self.forwards_logs = true;
        self
    }

    /// How the pool ends when it is dropped without an explicit shutdown. Default: [`Shutdown::drain`], as at the end of
    /// Python's `with` block; while a panic unwinds, [`Shutdown::cancel_pending`].
    pub fn on_drop(mut self, how: Shutdown) -> Self {
        self.on_drop = how;
        self
    }

    /// Makes the pool. No process starts before the first task.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroWorkers`]; [`BuildError::InvalidOption`] for what can't work;
    /// [`BuildError::NotInitialised`] where neither [`init`](crate::init) nor [`worker_entry!`](crate::worker_entry) has
    /// run; [`BuildError::InitialisedOffMain`] where `init` has, on another thread than the main one;
    /// [`BuildError::NestedTooDeep`]. Each says what to do.
    pub fn build(mut self) -> Result<ProcessPool, BuildError> {
        let max_workers = self.max_workers.unwrap_or_else(default_workers);
        if max_workers == 0 {
            return Err(BuildError::ZeroWorkers);
        }
        self.check()?;
        if role() == Role::Unknown {
            return Err(why_not_initialised());
        }
        if depth() > self.max_depth {
            return Err(BuildError::NestedTooDeep { limit: self.max_depth as usize });
        }
        // Relaxed: only the number matters.
        let number = || NEXT_POOL.fetch_add(1, Ordering::Relaxed);
        let name = self.name.take().unwrap_or_else(|| format!("ProcessPool-{}", number()));
        Ok(ProcessPool::start(self, name, max_workers))
    }

    fn check(&self) -> Result<(), BuildError> {
        let invalid = |text: String| Err(BuildError::InvalidOption(text));
        if self.stack_size < SMALLEST_STACK_SIZE {
            return invalid(format!("stack_size is {}; it must be at least {SMALLEST_STACK_SIZE}", self.stack_size));
        }
        if self.name.as_ref().is_some_and(|name| name.contains('\0')) {
            return invalid("name contains a NUL, which no thread and no process can".to_owned());
        }
        match self.max_pending {
            Some((_, WhenFull::CallerRuns)) => invalid(
                "max_pending with CallerRuns would run tasks in this process, which a process pool exists to avoid; use \
                 Block or Reject"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
