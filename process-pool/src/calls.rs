//! The calls of a pool, of its handle and of a slot: those of `ExecutorExt`, without importing it. One text for all.

/// Writes what a pool and its handle have besides into an `impl` of a type with `shared: Arc<Shared>`.
macro_rules! pool_calls {
    () => {
        /// Waits for room in a bounded queue ([`max_pending`](crate::ProcessPoolBuilder::max_pending)) without blocking, and
        /// gives a [`Slot`](crate::Slot), through which the next task enters for certain. Python has no counterpart.
        ///
        /// Fair, in one line with the submits that block; dropping it leaves the line. Without a bound it is ready at
        /// once, and so it is on the threads of a pool, which would wait for itself.
        ///
        /// ```
        /// # concurrent_futures_process_pool::worker_entry!();
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// use concurrent_futures_process_pool::{ProcessPool, TaskError, WhenFull};
        ///
        /// async fn submit_all(pool: &ProcessPool) -> Result<(), TaskError> {
        ///     for n in 0..100 {
        ///         pool.ready().await?.submit(|n: u64| n * n, n).detach();
        ///     }
        ///     Ok(())
        /// }
        ///
        /// let pool = ProcessPool::builder().max_workers(1).max_pending(10, WhenFull::Block).build()?;
        /// futures_lite::future::block_on(submit_all(&pool))?;
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// [`Rejected`](concurrent_futures_core::Rejected) after a shutdown, also one that comes while it waits.
        pub fn ready(&self) -> Ready<crate::handle::PoolHandle> {
            Ready::new(crate::handle::PoolHandle::new(self.shared.clone()))
        }

        /// What the pool does at this moment, in numbers. Python has no counterpart.
        ///
        /// ```
        /// # concurrent_futures_process_pool::worker_entry!();
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
        /// pool.submit(|n: u64| n, 1).result()?;
        /// let stats = pool.stats();
        /// assert_eq!((stats.submitted, stats.pending, stats.workers), (1, 0, 1));
        /// # Ok(())
        /// # }
        /// ```
        #[must_use]
        pub fn stats(&self) -> Stats {
            self.shared.stats()
        }
    };
}

/// What no closure is: the bound of a `spawn` that nobody can call, and that says so better than its absence.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a process pool has no `spawn`: a closure can't cross to another process",
    label = "what it captures would have to cross too",
    note = "pass what it captures as the argument: `submit(|(text, n)| …, (text, n))`, of a closure that captures nothing",
    note = "or take a pool of this process: a `ThreadPool`, or `&dyn InProcess` with `SpawnExt`"
)]
pub trait ClosureThatCrosses {
    fn spawned<R>(self) -> concurrent_futures_core::Future<R>;
}

/// Writes the calls into an `impl` of an executor.
macro_rules! portable_calls {
    () => {
        /// Can't be called; [`ClosureThatCrosses`](crate::ClosureThatCrosses) tells who tries why not.
        #[doc(hidden)]
        pub fn spawn<R, F>(&self, function: F) -> Future<R>
        where
            F: FnOnce() -> R + crate::ClosureThatCrosses,
        {
            function.spawned()
        }

        /// Calls a plain function with one serialisable argument, a tuple for several, in a worker process.
        /// Python: `submit(fn, *args)`.
        ///
        /// A closure that captures something is refused by the compiler, which names what it captures: pass it as part of
        /// the argument.
        ///
        /// ```
        /// # concurrent_futures_process_pool::worker_entry!();
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
        /// assert_eq!(pool.submit(|(a, b): (u64, u64)| a + b, (1, 2)).result()?, 3);
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Blocking
        ///
        /// Only where the pool has a bounded queue ([`max_pending`](crate::ProcessPoolBuilder::max_pending)) that is full and
        /// blocks then, and never from a callback or a task. The argument is encoded here, by the caller. After a shutdown
        /// the future is rejected at once.
        #[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
        pub fn submit<A: Portable, R: Portable>(&self, function: fn(A) -> R, argument: A) -> Future<R> {
            ExecutorExt::submit(self, function, argument)
        }

        /// As [`submit`](Self::submit), with a deadline, retries or a label. Python has no counterpart.
        ///
        /// ```
        /// # concurrent_futures_process_pool::worker_entry!();
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
        /// use std::time::Duration;
        /// use concurrent_futures_process_pool::{TaskOptions, task};
        ///
        /// let options = TaskOptions::new().label("census").deadline(Duration::from_secs(60)).retries(1);
        /// let label = pool.submit_with(options, |()| task::current().label(), ());
        /// assert_eq!(label.result()?.as_deref(), Some("census"));
        /// # Ok(())
        /// # }
        /// ```
        #[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
        pub fn submit_with<A: Portable, R: Portable>(
            &self,
            options: TaskOptions,
            function: fn(A) -> R,
            argument: A,
        ) -> Future<R> {
            ExecutorExt::submit_with(self, options, function, argument)
        }

        /// As [`submit`](Self::submit), of a function that returns a `Result`: its error becomes the future's,
        /// [`TaskError::Failed`](concurrent_futures_core::TaskError::Failed), as type name, message and chain.
        /// Python: `submit` of a function that raises.
        ///
        /// ```
        /// # concurrent_futures_process_pool::worker_entry!();
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
        /// let failed = pool.submit_fallible(|text: String| text.parse::<u8>(), "x".into()).result().unwrap_err();
        /// assert_eq!(failed.to_string(), "the task failed: invalid digit found in string");
        /// # Ok(())
        /// # }
        /// ```
        #[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
        pub fn submit_fallible<A: Portable, R: Portable, E: TaskFailure>(
            &self,
            function: fn(A) -> Result<R, E>,
            argument: A,
        ) -> Future<R> {
            ExecutorExt::submit_fallible(self, function, argument)
        }

        /// As [`submit_fallible`](Self::submit_fallible), with a deadline, retries or a label.
        #[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
        pub fn submit_fallible_with<A: Portable, R: Portable, E: TaskFailure>(
            &self,
            options: TaskOptions,
            function: fn(A) -> Result<R, E>,
            argument: A,
        ) -> Future<R> {
            ExecutorExt::submit_fallible_with(self, options, function, argument)
        }

        /// Calls a function with each item, in parallel; yields the results in the order of the input.
        /// Python: `map(fn, *iterables)`; zip several inputs.
        ///
        /// It starts here and runs ahead of the consumer within a bounded window; each item is a `Result`, and a failing one,
        /// or one whose worker dies, stops nothing. Items travel in chunks, as large as measured task time suggests. The
        /// input is pulled on the consumer's thread, so it may be endless and need not be `Send`.
        ///
        /// ```
        /// # concurrent_futures_process_pool::worker_entry!();
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
        /// let first: Vec<u64> = pool.map(|n: u64| n * n, 0..).take(3).collect::<Result<_, _>>()?;
        /// assert_eq!(first, [0, 1, 4]);
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Blocking
        ///
        /// As [`submit`](Self::submit); each `next` blocks until its item is done.
        pub fn map<'ex, A: Portable, R: Portable, I: IntoIterator<Item = A>>(
            &'ex self,
            function: fn(A) -> R,
            items: I,
        ) -> Map<'ex, I::IntoIter, R> {
            ExecutorExt::map(self, function, items)
        }

        /// As [`map`](Self::map), with options: chunks, window, deadline, order.
        /// Python: `map(fn, *iterables, timeout, chunksize, buffersize)`.
        ///
        /// ```
        /// # concurrent_futures_process_pool::worker_entry!();
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
        /// use concurrent_futures_process_pool::MapOptions;
        ///
        /// let options = MapOptions::new().unordered().chunk_size(5);
        /// assert_eq!(pool.map_with(options, |n: u64| n * n, 0..10).sum::<Result<u64, _>>()?, 285);
        /// # Ok(())
        /// # }
        /// ```
        pub fn map_with<'ex, A: Portable, R: Portable, I: IntoIterator<Item = A>>(
            &'ex self,
            options: MapOptions,
            function: fn(A) -> R,
            items: I,
        ) -> Map<'ex, I::IntoIter, R> {
            ExecutorExt::map_with(self, options, function, items)
        }

        /// As [`map`](Self::map), of a function that returns a `Result`: its errors become the items'.
        ///
        /// ```
        /// # concurrent_futures_process_pool::worker_entry!();
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
        /// let numbers = pool.map_fallible(|word: String| word.parse::<u8>(), ["1", "x", "3"].map(String::from));
        /// assert_eq!(numbers.filter_map(Result::ok).collect::<Vec<u8>>(), [1, 3]);
        /// # Ok(())
        /// # }
        /// ```
        pub fn map_fallible<'ex, A, R, E, I>(
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
            ExecutorExt::map_fallible(self, function, items)
        }

        /// As [`map_fallible`](Self::map_fallible), with options.
        pub fn map_fallible_with<'ex, A, R, E, I>(
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
            ExecutorExt::map_fallible_with(self, options, function, items)
        }
    };
}

pub(crate) use {pool_calls, portable_calls};
