use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use concurrent_futures_core::{
    BuildError, Executor, Future, InProcess, Job, Map, MapOptions, Ready, Shutdown, ShutdownReport, Stats, TaskError,
    TaskFailure, TaskOptions,
};

use crate::builder::ThreadPoolBuilder;
use crate::calls::{looser_calls, ready_call};
use crate::handle::PoolHandle;
use crate::scope::{self, Scope};
use crate::shared::Shared;
use crate::slice;

/// A pool of threads: runs closures and gives futures. Python: `ThreadPoolExecutor`.
///
/// ```
/// use concurrent_futures_thread_pool::ThreadPool;
///
/// let pool = ThreadPool::new(2)?;
/// let factor = 10;
/// let future = pool.submit(move |n: u64| n * factor, 5);
/// let all: Vec<u64> = pool.map(move |n: u64| n * factor, 1..=5).collect::<Result<_, _>>()?;
/// assert_eq!((future.result()?, all), (50, vec![10, 20, 30, 40, 50]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Workers
///
/// Threads start on demand, and only if none is idle; submitting and waiting in a loop uses exactly one. Tasks start in
/// the order in which they were submitted. A panic becomes the outcome of its task and kills no thread.
///
/// # Waiting inside a task
///
/// A task that waits for a *queued* task of the same pool runs that very task itself, never an unrelated one. For one
/// that runs already, a spare worker takes the waiter's place. So no acyclic wait deadlocks, even with one worker; a
/// cycle panics in the task that closes it. A pool of one worker stays serial as long as its tasks wait for each other
/// only, one by one and without timeouts.
///
/// # Tasks that hang
///
/// A thread can't be stopped. A task that runs on after its deadline keeps its thread, but not its worker's place: its
/// future has ended, and a spare worker runs what waits. When it returns, its thread is one of the pool again. A wait that
/// runs the awaited task in place lasts until that returns, whatever its deadline; one with a timeout doesn't.
///
/// # Callbacks
///
/// Done callbacks run on the worker that ran the task, or on the thread that cancels it. Those of tasks that are late, or
/// that a shutdown ends, run on a thread of their own, which the pool starts for them. One that blocks there keeps only
/// its own future from being done: after a few milliseconds the next ones run on another thread.
///
/// # Closing
///
/// Dropping the pool waits for its tasks, like the end of Python's `with` block. Mind the channel trap: locals are
/// dropped in reverse order, so in `let (tx, rx) = channel(); let pool = ...; pool.spawn(move || for x in rx {})` the
/// pool is dropped first and waits for a task that waits for `tx`. Drop `tx` before, or declare the pool first.
/// Inside a task or a callback, of whatever pool, dropping a pool only starts its end: nobody waits there for somebody
/// who may wait for him.
///
/// The methods that `ExecutorExt` gives to every executor are here with looser
/// bounds: any closure, no serialisation. Through `&&ThreadPool` and in generic code the trait's are taken.
pub struct ThreadPool {
    shared: Arc<Shared>,
    on_drop: Shutdown,
}

impl ThreadPool {
    /// Makes a pool of at most `max_workers` threads, none of which starts before the first task.
    /// Python: `ThreadPoolExecutor(max_workers)`.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroWorkers`]. Python: `ValueError`.
    ///
    /// ```
    /// assert!(concurrent_futures_thread_pool::ThreadPool::new(0).is_err());
    /// ```
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// The options of a pool. Python: the arguments of `ThreadPoolExecutor`.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::default()
    }

    pub(crate) fn start(options: ThreadPoolBuilder) -> Self {
        let on_drop = options.on_drop;
        Self { shared: Arc::new(Shared::new(options)), on_drop }
    }

    /// Calls a function with each element of a slice, in parallel: borrows both, and writes the results in place.
    /// The results may borrow from the slice. Python: `list(executor.map(fn, items))`.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(2)?;
    /// let words = ["one", "three", "fifteen"];
    /// assert_eq!(pool.map_slice(&words, |word| word.len())?, [3, 5, 7]);
    ///
    /// let lines = [String::from("one two"), String::from("three four")];
    /// let firsts = pool.map_slice(&lines, |line| line.split(' ').next())?;
    /// assert_eq!(firsts, [Some("one"), Some("three")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first panic of `function`; no further element is begun then, and the results are dropped. `Rejected` after a
    /// shutdown.
    ///
    /// # Blocking
    ///
    /// Until all elements are done.
    ///
    /// # Panics
    ///
    /// As [`scope`](Self::scope), where its own worker may not block.
    pub fn map_slice<'a, A, R, F>(&self, items: &'a [A], function: F) -> Result<Vec<R>, TaskError>
    where
        A: Sync,
        R: Send,
        F: Fn(&'a A) -> R + Sync,
    {
        slice::map(self, items, &function)
    }

    /// Runs tasks that borrow from the caller; returns when all of them have ended. Python has no counterpart.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(2)?;
    /// let text = String::from("two halves");
    /// let (left, right) = text.split_at(4);
    /// let lengths = pool.scope(|scope| {
    ///     let left = scope.spawn(|| left.trim().len());
    ///     let right = scope.spawn(|| right.len());
    ///     (left.result().unwrap(), right.result().unwrap())
    /// });
    /// assert_eq!(lengths, (3, 6));
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    ///
    /// # Blocking
    ///
    /// Until the last task has ended, also where the pool was killed meanwhile: a borrowed value can't be left behind.
    ///
    /// # Panics
    ///
    /// - With the panic of `body`, after cancelling what has not begun and waiting for the rest.
    /// - If a task has no value and nobody looked at its future, after all have ended: it panicked, was refused, ran out of its
    ///   time, or a shutdown gave it up. `std::thread::scope` does so for threads that nobody joined. The message names the
    ///   first such failure; further ones are reported ([`set_report_hook`](crate::set_report_hook)). To look is to call
    ///   `result`, or `get` or `error` of the future, or to give it a done callback; what `wait` and `as_completed` give back
    ///   is not looked at yet. A task that you have cancelled yourself is no failure. On a thread that unwinds already, all are
    ///   reported.
    /// - On a worker of a pool that may not block one more worker, after the tasks have ended.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(2)?;
    /// let mut numbers = [1, 2, 0];
    /// let halved = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
    ///     pool.scope(|scope| {
    ///         for number in &mut numbers {
    ///             scope.spawn(move || *number = 100 / *number);
    ///         }
    ///     });
    /// }));
    /// assert!(halved.is_err());           // the 0 can't pass unseen
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    #[track_caller]
    pub fn scope<'env, R>(&'env self, body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R) -> R {
        scope::run(self, body)
    }

    /// A handle that submits and does not keep the pool open: after the pool was dropped, what it submits is rejected.
    /// Python: a second reference to the executor, which does keep it open.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(1)?;
    /// use concurrent_futures_thread_pool::SpawnExt;
    ///
    /// let handle = pool.handle();
    /// assert_eq!(handle.spawn(|| 1).result().unwrap(), 1);
    /// drop(pool);
    /// assert!(handle.spawn(|| 1).result().is_err());
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    #[must_use]
    pub fn handle(&self) -> PoolHandle {
        PoolHandle::new(self.shared.clone())
    }

    /// Ends the pool. Idempotent, and possible from any thread. Python: `shutdown(wait, cancel_futures)`.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(1)?;
    /// use concurrent_futures_thread_pool::{Shutdown, TaskError};
    ///
    /// let before = pool.spawn(|| 1);
    /// assert!(pool.shutdown(Shutdown::drain()).is_complete());
    /// assert_eq!(before.result().unwrap(), 1);
    /// assert!(matches!(pool.spawn(|| 1).result(), Err(TaskError::Rejected(_))));
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    ///
    /// # Blocking
    ///
    /// Until the last thread has ended, at most as long as [`Shutdown::within`] says, plus what the threads' own
    /// thread-locals take to be destroyed; from a task or a callback not at all: there it only starts the shutdown.
    pub fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.shared.shut_down(how)
    }

    /// What the pool does at this moment. Python has no counterpart.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(4)?;
    /// pool.spawn(|| ()).result().unwrap();
    /// assert_eq!((pool.stats().workers, pool.stats().finished), (1, 1));
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl ThreadPool {
    ready_call!();

    looser_calls!();
}

impl Executor for ThreadPool {
    fn execute(&self, job: Job) {
        self.shared.execute(job);
    }

    fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.shutdown(how)
    }

    fn stats(&self) -> Stats {
        self.stats()
    }

    fn capacity(&self) -> Option<usize> {
        self.shared.capacity()
    }

    fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>> {
        self.shared.poll_capacity(context)
    }
}

impl InProcess for ThreadPool {}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        if self.shared.lifecycle.was_shut_down() {
            return;
        }
        let how = if std::thread::panicking() { Shutdown::cancel_pending() } else { self.on_drop };
        self.shared.shut_down(how);
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
