//! The calls of a pool, of its handle and of a slot: the names of `ExecutorExt`, with looser bounds. One text for all.

/// Writes `ready` into an `impl` of a type with `fn shared(&self) -> &Arc<Shared>`.
macro_rules! ready_call {
    () => {
        /// Waits for room in a bounded queue ([`max_pending`](crate::ThreadPoolBuilder::max_pending)) without blocking, and
        /// gives a [`Slot`](crate::Slot), through which the next task enters for certain. Python has no counterpart.
        ///
        /// Fair, in one line with the submits that block; dropping it leaves the line. Without a bound it is ready at
        /// once, and so it is on a worker of the pool itself, which would wait for itself.
        ///
        /// ```
        /// use concurrent_futures_thread_pool::{TaskError, ThreadPool, WhenFull};
        ///
        /// async fn submit_all(pool: &ThreadPool) -> Result<(), TaskError> {
        ///     for n in 0..1_000 {
        ///         pool.ready().await?.spawn(move || n * n).detach();
        ///     }
        ///     Ok(())
        /// }
        ///
        /// let pool = ThreadPool::builder().max_workers(1).max_pending(10, WhenFull::Block).build()?;
        /// futures_lite::future::block_on(submit_all(&pool)).unwrap();
        /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
        /// ```
        ///
        /// # Errors
        ///
        /// [`Rejected`](concurrent_futures_core::Rejected) after a shutdown, also one that comes while it waits.
        pub fn ready(&self) -> Ready<crate::handle::PoolHandle> {
            Ready::new(crate::handle::PoolHandle::new(self.shared().clone()))
        }
    };
}

/// Writes the calls into an `impl` of an executor.
macro_rules! looser_calls {
    () => {
        /// Runs a closure on the pool. Python: `submit(fn)`.
        ///
        /// ```
        /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(1)?;
        /// let text = String::from("captured");
        /// assert_eq!(pool.spawn(move || text.len()).result().unwrap(), 8);
        /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
        /// ```
        ///
        /// # Blocking
        ///
        /// As [`submit`](Self::submit).
        pub fn spawn<R, F>(&self, function: F) -> Future<R>
        where
            F: FnOnce() -> R + Send + 'static,
            R: Send + 'static,
        {
            let (future, job) = Job::new(None, function);
            Executor::execute(self, job);
            future
        }

        /// As [`spawn`](Self::spawn), with a deadline or a label. Python has no counterpart.
        ///
        /// ```
        /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(1)?;
        /// use concurrent_futures_thread_pool::{TaskOptions, task};
        ///
        /// let label = pool.spawn_with(TaskOptions::new().label("census"), || task::current().label());
        /// assert_eq!(label.result().unwrap().as_deref(), Some("census"));
        /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
        /// ```
        pub fn spawn_with<R, F>(&self, options: TaskOptions, function: F) -> Future<R>
        where
            F: FnOnce() -> R + Send + 'static,
            R: Send + 'static,
        {
            let (future, job) = Job::new(options, function);
            Executor::execute(self, job);
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
            Executor::execute(self, job);
            future
        }

        /// As [`spawn_fallible`](Self::spawn_fallible), with a deadline or a label.
        pub fn spawn_fallible_with<R, E, F>(&self, options: TaskOptions, function: F) -> Future<R>
        where
            F: FnOnce() -> Result<R, E> + Send + 'static,
            R: Send + 'static,
            E: TaskFailure,
        {
            let (future, job) = Job::new_fallible(options, function);
            Executor::execute(self, job);
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
        /// [`TaskError::Failed`](crate::TaskError::Failed), which has the very value that was returned.
        ///
        /// ```
        /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(1)?;
        /// use concurrent_futures_thread_pool::TaskError;
        ///
        /// let error = pool.submit_fallible(|text: String| text.parse::<u8>(), "x".into()).result().unwrap_err();
        /// assert_eq!(error.to_string(), "the task failed: invalid digit found in string");
        /// let TaskError::Failed(failed) = error else { unreachable!() };
        /// assert!(failed.error().is::<std::num::ParseIntError>());
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
            self.spawn_fallible_with(options, move || function(argument))
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
        /// Python: `map(fn, *iterables, timeout, chunksize, buffersize)`.
        ///
        /// ```
        /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(2)?;
        /// use concurrent_futures_thread_pool::MapOptions;
        ///
        /// let options = MapOptions::new().unordered().buffer_size(4);
        /// assert_eq!(pool.map_with(options, |n: u64| n * n, 0..10).map(Result::unwrap).sum::<u64>(), 285);
        /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
        /// ```
        pub fn map_with<'ex, A, R, F, I>(
            &'ex self,
            options: MapOptions,
            function: F,
            items: I,
        ) -> Map<'ex, I::IntoIter, R>
        where
            F: Fn(A) -> R + Send + Sync + 'static,
            A: Send + 'static,
            R: Send + 'static,
            I: IntoIterator<Item = A>,
        {
            Map::in_process(self, options, function, items.into_iter())
        }

        /// As [`map`](Self::map), of a function that returns a `Result`: its errors become the items'.
        ///
        /// ```
        /// # let pool = concurrent_futures_thread_pool::ThreadPool::new(2)?;
        /// let numbers = pool.map_fallible(|word: &str| word.parse::<u8>(), ["1", "x", "3"]);
        /// assert_eq!(numbers.filter_map(Result::ok).collect::<Vec<u8>>(), [1, 3]);
        /// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
        /// ```
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
    };
}

pub(crate) use {looser_calls, ready_call};
