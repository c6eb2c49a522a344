use super::{CallOnce, Fallible, Plain, Portable};
use crate::error::TaskFailure;
use crate::executor::{Executor, InProcess};
use crate::future::Future;
use crate::job::Job;
use crate::map::{Map, MapOptions};
use crate::task::TaskOptions;

/// Writes the portable calls once, for the trait and for the types that have them inherently: there are as many copies
/// as Rust needs, and one text.
macro_rules! portable_calls {
    ([$($visibility:tt)*]) => {
        /// Runs a function on the executor. Python: `Executor.submit(fn, arg)`.
        ///
        /// The function is a plain one or a closure that captures nothing; it takes one argument, a tuple for several.
        /// What it needs travels in the argument. A refusal is the future's error, `Rejected`.
        ///
        /// ```
        /// use concurrent_futures_core::{Executor, Future};
        ///
        /// fn start(executor: &dyn Executor) -> Future<u64> {
        ///     executor.submit(|(a, b): (u64, u64)| a + b, (1, 2))
        /// }
        /// ```
        ///
        /// Where the compiler says *implementation of `Deserialize` is not general enough*, an argument is borrowed:
        /// pass `String` for `&str`. Where it says *expected fn pointer, found closure*, the closure captures the
        /// variable that it names.
        ///
        /// # Blocking
        ///
        /// Only where the executor has a bounded queue that is full and was told to block then.
        #[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
        $($visibility)* fn submit<A: Portable, R: Portable>(&self, function: fn(A) -> R, argument: A) -> Future<R> {
            self.submit_with(TaskOptions::new(), function, argument)
        }

        /// As [`submit`](crate::ExecutorExt::submit), with a deadline, retries or a label. Python has no counterpart.
        ///
        /// ```
        /// use std::time::Duration;
        /// use concurrent_futures_core::{Executor, Future, TaskOptions};
        ///
        /// fn start(executor: &dyn Executor) -> Future<f64> {
        ///     let options = TaskOptions::new().label("root").deadline(Duration::from_secs(2));
        ///     executor.submit_with(options, f64::sqrt, 2.0)
        /// }
        /// ```
        #[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
        $($visibility)* fn submit_with<A: Portable, R: Portable>(
            &self,
            options: TaskOptions,
            function: fn(A) -> R,
            argument: A,
        ) -> Future<R> {
            let (future, job) = Job::submitted(CallOnce::new(Plain(function), argument), Some(options));
            self.execute(job);
            future
        }

        /// As [`submit`](crate::ExecutorExt::submit), of a function that returns a `Result`: its error becomes the
        /// future's, [`TaskError::Failed`](crate::TaskError::Failed). Python: `submit` of a function that raises.
        ///
        /// ```
        /// use concurrent_futures_core::{Executor, Future};
        ///
        /// fn parse(executor: &dyn Executor, text: String) -> Future<u8> {
        ///     executor.submit_fallible(|text: String| text.parse::<u8>(), text)
        /// }
        /// ```
        ///
        /// From another process the error arrives as type name, message and chain, so portable code never downcasts it.
        /// Who needs the error itself submits a function that returns a serialisable `Result` as its value.
        #[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
        $($visibility)* fn submit_fallible<A: Portable, R: Portable, E: TaskFailure>(
            &self,
            function: fn(A) -> Result<R, E>,
            argument: A,
        ) -> Future<R> {
            self.submit_fallible_with(TaskOptions::new(), function, argument)
        }

        /// As [`submit_fallible`](crate::ExecutorExt::submit_fallible), with a deadline, retries or a label.
        #[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
        $($visibility)* fn submit_fallible_with<A: Portable, R: Portable, E: TaskFailure>(
            &self,
            options: TaskOptions,
            function: fn(A) -> Result<R, E>,
            argument: A,
        ) -> Future<R> {
            let (future, job) = Job::submitted(CallOnce::new(Fallible(function), argument), Some(options));
            self.execute(job);
            future
        }

        /// Calls a function with each item, in parallel; yields the results in the order of the input.
        /// Python: `Executor.map(fn, *iterables)`; zip several inputs.
        ///
        /// It starts here and runs ahead of the consumer; each item is a `Result`, and a failing one stops nothing.
        /// The input is pulled on the consumer's thread, so it may be endless, borrow, and stay on this thread.
        ///
        /// ```
        /// use concurrent_futures_core::{Executor, TaskError};
        ///
        /// fn squares(executor: &dyn Executor) -> Result<Vec<u64>, TaskError> {
        ///     executor.map(|n: u64| n * n, 0..).take(3).collect()
        /// }
        /// ```
        ///
        /// # Blocking
        ///
        /// As [`submit`](crate::ExecutorExt::submit); each `next` blocks until its item is done.
        $($visibility)* fn map<'ex, A: Portable, R: Portable, I: IntoIterator<Item = A>>(
            &'ex self,
            function: fn(A) -> R,
            items: I,
        ) -> Map<'ex, I::IntoIter, R> {
            self.map_with(MapOptions::new(), function, items)
        }

        /// As [`map`](crate::ExecutorExt::map), with options: chunks, window, deadline, order.
        /// Python: `map(fn, *iterables, timeout, chunksize, buffersize)`.
        ///
        /// ```
        /// use std::time::Duration;
        /// use concurrent_futures_core::{Executor, MapOptions};
        ///
        /// fn roots(executor: &dyn Executor) -> usize {
        ///     let options = MapOptions::new().unordered().deadline(Duration::from_secs(2));
        ///     executor.map_with(options, f64::sqrt, [1.0, 2.0]).filter(Result::is_ok).count()
        /// }
        /// ```
        $($visibility)* fn map_with<'ex, A: Portable, R: Portable, I: IntoIterator<Item = A>>(
            &'ex self,
            options: MapOptions,
            function: fn(A) -> R,
            items: I,
        ) -> Map<'ex, I::IntoIter, R> {
            Map::start(self, options, Plain(function), items.into_iter())
        }

        /// As [`map`](crate::ExecutorExt::map), of a function that returns a `Result`: its errors become the items'.
        ///
        /// ```
        /// use concurrent_futures_core::Executor;
        ///
        /// fn how_many_are_numbers(executor: &dyn Executor, words: Vec<String>) -> usize {
        ///     executor.map_fallible(|word: String| word.parse::<u8>(), words).filter(Result::is_ok).count()
        /// }
        /// ```
        $($visibility)* fn map_fallible<'ex, A, R, E, I>(
            &'ex self,
            function: fn(A) -> Result<R, E>,
            items: I,
        ) -> Map<'ex, I::IntoIter, R>
        where
            A: Portable,
            R: Portable,
            E: TaskFailure,
            I: IntoIterator<Item = A>,
        {
            self.map_fallible_with(MapOptions::new(), function, items)
        }

        /// As [`map_fallible`](crate::ExecutorExt::map_fallible), with options.
        $($visibility)* fn map_fallible_with<'ex, A, R, E, I>(
            &'ex self,
            options: MapOptions,
            function: fn(A) -> Result<R, E>,
            items: I,
        ) -> Map<'ex, I::IntoIter, R>
        where
            A: Portable,
            R: Portable,
            E: TaskFailure,
            I: IntoIterator<Item = A>,
        {
            Map::start(self, options, Fallible(function), items.into_iter())
        }
    };
}

/// The calls that mean the same on every executor: on threads, on processes, on `dyn Executor`.
///
/// ```
/// use concurrent_futures_core::{Executor, ExecutorExt};
///
/// fn total(executor: &impl Executor, upto: u64) -> u64 {
///     executor.map(|n| n * n, 0..upto).sum::<Result<u64, _>>().unwrap()
/// }
/// ```
///
/// A task that is to submit tasks itself needs its executor, which can't cross: where that is wanted, in this process,
/// [`SpawnExt`](crate::SpawnExt) takes closures that capture a handle.
///
/// `dyn Executor` and the pools have the same methods without this import. On a `ThreadPool` they are looser: any
/// closure, any type. Through `&&ThreadPool`, and in generic code, these here are taken.
///
/// Rust can't say more about a borrowed argument than
///
/// ```text
/// error: implementation of `serde_core::de::Deserialize` is not general enough
/// ```
///
/// Pass it owned, `String` for `&str`, `Vec<u8>` for `&[u8]`, `PathBuf` for `&Path` (`OsString` where a path may be no UTF-8,
/// which serde refuses to write):
///
/// ```compile_fail
/// use concurrent_futures_core::{Executor, ExecutorExt};
/// fn length(executor: &dyn Executor) {
///     let text = String::from("borrowed");
///     let _ = executor.submit(|s: &str| s.len(), text.as_str());    // pass `text` itself: |s: String| s.len()
/// }
/// ```
pub trait ExecutorExt: Executor {
    portable_calls!([]);
}

impl<E: Executor + ?Sized> ExecutorExt for E {}

/// The calls of [`ExecutorExt`], without importing it.
impl dyn Executor + '_ {
    portable_calls!([pub]);
}

/// The calls of [`ExecutorExt`], without importing it.
impl dyn InProcess + '_ {
    portable_calls!([pub]);
}
