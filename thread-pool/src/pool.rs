use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use concurrent_futures_core::{
    BuildError, Executor, Future, InProcess, Job, Map, MapOptions, Shutdown, ShutdownReport, Stats, TaskError,
    TaskFailure, TaskOptions,
};

use crate::builder::ThreadPoolBuilder;
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
/// # Closing
///
/// Dropping the pool waits for its tasks, like the end of Python's `with` block. Mind the channel trap: locals are
/// dropped in reverse order, so in `let (tx, rx) = channel(); let pool = ...; pool.spawn(move || for x in rx {})` the
/// pool is dropped first and waits for a task that waits for `tx`. Drop `tx` before, or declare the pool first.
/// Inside a task or a callback, of whatever pool, dropping a pool only starts its end: nobody waits there for somebody
/// who may wait for him.
///
/// The methods that [`ExecutorExt`](concurrent_futures_core::Executor) gives to every executor are here with looser
/// bounds: any closure, no serialisation. Through `&&ThreadPool` and in generic code the trait's are taken.
pub struct ThreadPool {
    shared: Arc<Shared>,
    on_drop: Shutdown,
    was_shut_down: AtomicBool,
}

impl ThreadPool {
    /// Makes a pool of at most `max_workers` threads, none of which starts before the first task.
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

    /// The options of a pool.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::default()
    }

    pub(crate) fn start(options: ThreadPoolBuilder) -> Self {
        let on_drop = options.on_drop;
        Self { shared: Arc::new(Shared::new(options)), on_drop, was_shut_down: AtomicBool::new(false) }
    }

    /// Runs a closure on the pool.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(1)?;
    /// let text = String::from("captured");
    /// assert_eq!(pool.spawn(move || text.len()).result().unwrap(), 8);
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    pub fn spawn<R, F>(&self, function: F) -> Future<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (future, job) = Job::new(None, function);
        self.shared.execute(job);
        future
    }

    /// As [`spawn`](Self::spawn), with a deadline or a label.
    pub fn spawn_with<R, F>(&self, options: TaskOptions, function: F) -> Future<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (future, job) = Job::new(options, function);
        self.shared.execute(job);
        future
    }

    /// As [`spawn`](Self::spawn), of a closure that returns a `Result`: its error becomes the future's.
    pub fn spawn_fallible<R, E, F>(&self, function: F) -> Future<R>
    where
        F: FnOnce() -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: TaskFailure,
    {
        let (future, job) = Job::new_fallible(None, function);
        self.shared.execute(job);
        future
    }

    /// Runs a function with one argument, a tuple for several. Python: `submit(fn, arg)`.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(1)?;
    /// assert_eq!(pool.submit(|(a, b)| a + b, (1, 2)).result().unwrap(), 3);
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    ///
    /// # Blocking
    ///
    /// Only where the pool has a bounded queue that is full and blocks then, and never from the pool's own tasks. After
    /// a shutdown the future is rejected at once.
    pub fn submit<A, R, F>(&self, function: F, argument: A) -> Future<R>
    where
        F: FnOnce(A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.spawn(move || function(argument))
    }

    /// As [`submit`](Self::submit), with a deadline or a label.
    pub fn submit_with<A, R, F>(&self, options: TaskOptions, function: F, argument: A) -> Future<R>
    where
        F: FnOnce(A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.spawn_with(options, move || function(argument))
    }

    /// As [`submit`](Self::submit), of a function that returns a `Result`: its error becomes the future's,
    /// [`TaskError::Failed`], and its source is the very value that was returned.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(1)?;
    /// let failed = pool.submit_fallible(|text: String| text.parse::<u8>(), "x".into()).result().unwrap_err();
    /// assert_eq!(failed.to_string(), "the task failed");
    /// assert_eq!(std::error::Error::source(&failed).unwrap().to_string(), "invalid digit found in string");
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    pub fn submit_fallible<A, R, E, F>(&self, function: F, argument: A) -> Future<R>
    where
        F: FnOnce(A) -> Result<R, E> + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: TaskFailure,
    {
        self.spawn_fallible(move || function(argument))
    }

    /// As [`submit_fallible`](Self::submit_fallible), with a deadline or a label.
    pub fn submit_fallible_with<A, R, E, F>(&self, options: TaskOptions, function: F, argument: A) -> Future<R>
    where
        F: FnOnce(A) -> Result<R, E> + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: TaskFailure,
    {
        let (future, job) = Job::new_fallible(options, move || function(argument));
        self.shared.execute(job);
        future
    }

    /// Calls a function with each item, in parallel; yields the results in the order of the input.
    /// Python: `map(fn, *iterables)`; zip several inputs.
    ///
    /// It starts here and runs ahead of the consumer within a bounded window; each item is a `Result`, and a failing one
    /// stops nothing. The input is pulled on the consumer's thread, so it may be endless and need not be `Send`.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(2)?;
    /// let first: Vec<u64> = pool.map(|n: u64| n * n, 0..).take(3).collect::<Result<_, _>>().unwrap();
    /// assert_eq!(first, [0, 1, 4]);
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
    /// ```
    ///
    /// # Blocking
    ///
    /// As [`submit`](Self::submit); each `next` blocks until its item is done.
    pub fn map<'ex, A, R, F, I>(&'ex self, function: F, items: I) -> Map<'ex, I::IntoIter, R>
    where
        F: Fn(A) -> R + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        I: IntoIterator<Item = A>,
    {
        self.map_with(MapOptions::new(), function, items)
    }

    /// As [`map`](Self::map), with options: chunks, window, deadline, order.
    pub fn map_with<'ex, A, R, F, I>(&'ex self, options: MapOptions, function: F, items: I) -> Map<'ex, I::IntoIter, R>
    where
        F: Fn(A) -> R + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        I: IntoIterator<Item = A>,
    {
        Map::in_process(self, options, function, items.into_iter())
    }

    /// As [`map`](Self::map), of a function that returns a `Result`: its errors become the items'.
    pub fn map_fallible<'ex, A, R, E, F, I>(&'ex self, function: F, items: I) -> Map<'ex, I::IntoIter, R>
    where
        F: Fn(A) -> Result<R, E> + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: TaskFailure,
        I: IntoIterator<Item = A>,
    {
        self.map_fallible_with(MapOptions::new(), function, items)
    }

    /// As [`map_fallible`](Self::map_fallible), with options.
    pub fn map_fallible_with<'ex, A, R, E, F, I>(
        &'ex self,
        options: MapOptions,
        function: F,
        items: I,
    ) -> Map<'ex, I::IntoIter, R>
    where
        F: Fn(A) -> Result<R, E> + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: TaskFailure,
        I: IntoIterator<Item = A>,
    {
        Map::in_process_fallible(self, options, function, items.into_iter())
    }

    /// Calls a function with each element of a slice, in parallel: borrows both, and writes the results in place.
    ///
    /// ```
    /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(2)?;
    /// let words = ["one", "three", "fifteen"];
    /// assert_eq!(pool.map_slice(&words, |word| word.len()).unwrap(), [3, 5, 7]);
    /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
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
    pub fn map_slice<A, R, F>(&self, items: &[A], function: F) -> Result<Vec<R>, TaskError>
    where
        A: Sync,
        R: Send,
        F: Fn(&A) -> R + Sync,
    {
        slice::map(self, items, &function)
    }

    /// Runs tasks that borrow from the caller; returns when all of them have ended.
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
    /// With the panic of `body`, after cancelling what has not begun and waiting for the rest.
    pub fn scope<'env, R>(&'env self, body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R) -> R {
        scope::run(self, body)
    }

    /// A handle that submits and does not keep the pool open: after the pool was dropped, what it submits is rejected.
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
    /// Until the last thread has ended, at most as long as [`Shutdown::within`] says; from a task or a callback not at
    /// all: there it only starts the shutdown.
    pub fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        // Relaxed: only this pool's own drop looks at it, which has exclusive access.
        self.was_shut_down.store(true, Ordering::Relaxed);
        self.shared.shut_down(how)
    }

    /// What the pool does at this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
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
}

impl InProcess for ThreadPool {}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        if *self.was_shut_down.get_mut() {
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
