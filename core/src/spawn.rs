use crate::error::TaskFailure;
use crate::executor::InProcess;
use crate::future::Future;
use crate::job::Job;
use crate::task::TaskOptions;

/// Closures on every executor of this process, also on `dyn InProcess`.
///
/// ```
/// use concurrent_futures_core::{InProcess, SpawnExt};
///
/// fn count(executor: &dyn InProcess, words: Vec<String>) -> usize {
///     executor.spawn(move || words.len()).result().unwrap()
/// }
/// ```
///
/// Python: `Executor.submit`, whose functions may capture anything too, as long as the executor is a pool of threads.
///
/// # Blocking
///
/// As [`Executor::execute`](crate::Executor::execute): only where a bounded queue is full and blocks then.
pub trait SpawnExt: InProcess {
    /// Runs a closure on the executor.
    fn spawn<R, F>(&self, function: F) -> Future<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (future, job) = Job::new(None, function);
        self.execute(job);
        future
    }

    /// As [`spawn`](Self::spawn), with options.
    fn spawn_with<R, F>(&self, options: TaskOptions, function: F) -> Future<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (future, job) = Job::new(options, function);
        self.execute(job);
        future
    }

    /// As [`spawn`](Self::spawn), of a closure that returns a `Result`, whose error becomes the future's:
    /// [`TaskError::Failed`](crate::TaskError::Failed), which has the very value.
    ///
    /// ```
    /// use concurrent_futures_core::{Future, InProcess, SpawnExt};
    ///
    /// fn parse(executor: &dyn InProcess, text: String) -> Future<u8> {
    ///     executor.spawn_fallible(move || text.parse::<u8>())
    /// }
    /// ```
    fn spawn_fallible<R, E, F>(&self, function: F) -> Future<R>
    where
        F: FnOnce() -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: TaskFailure,
    {
        let (future, job) = Job::new_fallible(None, function);
        self.execute(job);
        future
    }

    /// As [`spawn_fallible`](Self::spawn_fallible), with options.
    fn spawn_fallible_with<R, E, F>(&self, options: TaskOptions, function: F) -> Future<R>
    where
        F: FnOnce() -> Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: TaskFailure,
    {
        let (future, job) = Job::new_fallible(options, function);
        self.execute(job);
        future
    }
}

impl<E: InProcess + ?Sized> SpawnExt for E {}
