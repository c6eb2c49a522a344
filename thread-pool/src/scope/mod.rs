//! Tasks that borrow: a scope doesn't return before the last of them has ended and dropped what it captured.

mod latch;
#[expect(unsafe_code, reason = "one file: a borrowed closure travels as a 'static one, and the latch answers for it")]
mod lifetime;

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use concurrent_futures_core::{AnyFuture, Future, Job, TaskError, TaskOptions, WatchedFuture};
use latch::Latch;
use lifetime::ScopedCall;

use crate::pool::ThreadPool;

/// Where borrowing tasks are spawned, from [`ThreadPool::scope`].
///
/// ```
/// use concurrent_futures_thread_pool::ThreadPool;
///
/// let pool = ThreadPool::new(2)?;
/// let words = [String::from("one"), String::from("three")];
/// let letters = pool.scope(|scope| {
///     let tasks: Vec<_> = words.iter().map(|word| scope.spawn(move || word.len())).collect();
///     tasks.into_iter().map(|task| task.result().unwrap()).sum::<usize>()
/// });
/// assert_eq!(letters, 8);
/// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    pool: &'scope ThreadPool,
    latch: Arc<Latch>,
    /// What may be left to cancel, and what may have failed unseen.
    tasks: Mutex<Vec<WatchedFuture>>,
    /// Invariant in both, as in `std::thread::Scope`: neither may be shortened to admit a shorter borrow.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// The future of a task that borrows, from [`Scope::spawn`]. Dropping it is fine: the scope waits for the task anyway, and
/// panics if it has failed and nobody looked.
///
/// ```
/// use concurrent_futures_thread_pool::ThreadPool;
///
/// let pool = ThreadPool::new(2)?;
/// let mut numbers = [1, 2, 3, 4];
/// let (low, high) = numbers.split_at_mut(2);
/// pool.scope(|scope| {
///     scope.spawn(|| low.iter_mut().for_each(|n| *n *= 10));
///     scope.spawn(|| high.iter_mut().for_each(|n| *n *= 100));
/// });
/// assert_eq!(numbers, [10, 20, 300, 400]);
/// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
/// ```
pub struct ScopedFuture<'scope, T> {
    done: Future<()>,
    value: Arc<Mutex<Option<T>>>,
    scope: PhantomData<&'scope ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Runs a closure on the pool that may borrow from outside the scope. A panic in it becomes the error of its future; if
    /// nobody looks at that, the scope panics.
    ///
    /// # Blocking
    ///
    /// As [`ThreadPool::submit`].
    pub fn spawn<T, F>(&'scope self, function: F) -> ScopedFuture<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.spawn_with(TaskOptions::new(), function)
    }

    /// As [`spawn`](Self::spawn), with options.
    pub fn spawn_with<T, F>(&'scope self, options: TaskOptions, function: F) -> ScopedFuture<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let value = Arc::new(Mutex::new(None));
        let result = value.clone();
        let store = move || {
            let value = function();
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        };
        let call = ScopedCall::new(Box::new(store), &self.latch);
        let (done, job) = Job::new(options, move || call.call());
        self.remember(done.watched());
        self.pool.shared().execute(job);
        ScopedFuture { done, value, scope: PhantomData }
    }

    /// Keeps a task, and now and then forgets those that are done and hide nothing: a scope may live long.
    fn remember(&self, task: WatchedFuture) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if tasks.len() == tasks.capacity() {
            tasks.retain(WatchedFuture::may_hide_error);
            let left = tasks.len();
            tasks.reserve(left + 1);
        }
        tasks.push(task);
    }

    fn cancel_pending(&self) {
        for task in self.take_tasks() {
            task.cancel();
        }
    }

    /// The first failure, in the order of the spawns, that nobody looked at. The others are reported, as they are dropped.
    ///
    /// Only after the latch: every closure is gone, so no task runs, and no future is left to look by. What is not done yet
    /// is about to be: between its closure's end and its own no foreign code runs, unless a callback is told.
    fn first_unseen_failure(&self) -> Option<TaskError> {
        if std::thread::panicking() {
            // The scope is part of a destructor: a second panic would end the program. All of them are reported.
            return None;
        }
        self.take_tasks().iter().find_map(WatchedFuture::take_hidden_error)
    }

    fn take_tasks(&self) -> Vec<WatchedFuture> {
        std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> ScopedFuture<'_, T> {
    /// Blocks until the task is done and moves its value out.
    ///
    /// # Errors
    ///
    /// Why there is no value.
    ///
    /// # Panics
    ///
    /// Where the wait could never end (see [`Future`]).
    #[track_caller]
    pub fn result(self) -> Result<T, TaskError> {
        self.done.result()?;
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(value.expect("a scoped task that succeeded has stored its value"))
    }

    /// Blocks until the task is done.
    ///
    /// # Panics
    ///
    /// As [`result`](Self::result).
    #[track_caller]
    pub fn wait(&self) {
        self.done.wait();
    }

    /// The future of the task without its value: for `wait`, `as_completed`, `cancel` and the state.
    pub fn as_future(&self) -> &Future<()> {
        &self.done
    }
}

/// Runs `body` with a scope, waits for what it spawned, and passes on a failure that nobody looked at.
#[track_caller]
pub(crate) fn run<'env, R>(
    pool: &'env ThreadPool,
    body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
) -> R {
    let scope = Scope {
        pool,
        latch: Arc::new(Latch::default()),
        tasks: Mutex::new(Vec::new()),
        scope: PhantomData,
        env: PhantomData,
    };
    // The tasks borrow from our caller's frame: whatever happens below, it is not left before they have ended.
    let _ended = WaitOnDrop(&scope.latch);
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    if result.is_err() {
        scope.cancel_pending();
    }
    let waited = concurrent_futures_core::worker::blocking(|| {
        scope.latch.wait();
        scope.first_unseen_failure()
    });
    let waited = waited.map_err(|(limit, wait)| {
        // No spare may run what is queued, so it would never begin.
        scope.cancel_pending();
        wait();
        limit
    });
    match (result, waited) {
        (Err(panic), _) => resume_unwind(panic),
        (Ok(_), Err(limit)) => panic!("a scope can't wait for its tasks here: {limit}"),
        (Ok(_), Ok(Some(error))) => panic!("a task of a scope has no value, and nobody looked at its future: {error}"),
        (Ok(result), Ok(None)) => result,
    }
}

struct WaitOnDrop<'a>(&'a Latch);

impl Drop for WaitOnDrop<'_> {
    fn drop(&mut self) {
        self.0.wait();
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("pool", self.pool).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.done, f)
    }
}
