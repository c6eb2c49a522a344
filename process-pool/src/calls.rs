//! The calls of a pool and of its handle: those of `ExecutorExt`, without importing it. One text for both.

/// Writes the calls into an `impl` of an executor.
macro_rules! portable_calls {
    () => {
        /// Calls a plain function with one serialisable argument, a tuple for several, in a worker process.
        /// Python: `submit(fn, *args)`.
        ///
        /// A closure that captures something is refused by the compiler, which names what it captures: pass it as part of
        /// the argument.
        #[must_use = "dropping a future detaches its task; say `.detach()` if that is what you want"]
        pub fn submit<A: Portable, R: Portable>(&self, function: fn(A) -> R, argument: A) -> Future<R> {
            ExecutorExt::submit(self, function, argument)
        }

        /// As [`submit`](Self::submit), with a deadline, retries or a label.
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
        /// Python: `map(fn, *iterables)`.
        pub fn map<'ex, A: Portable, R: Portable, I: IntoIterator<Item = A>>(
            &'ex self,
            function: fn(A) -> R,
            items: I,
        ) -> Map<'ex, I::IntoIter, R> {
            ExecutorExt::map(self, function, items)
        }

        /// As [`map`](Self::map), with options: chunks, window, deadline, order.
        pub fn map_with<'ex, A: Portable, R: Portable, I: IntoIterator<Item = A>>(
            &'ex self,
            options: MapOptions,
            function: fn(A) -> R,
            items: I,
        ) -> Map<'ex, I::IntoIter, R> {
            ExecutorExt::map_with(self, options, function, items)
        }

        /// As [`map`](Self::map), of a function that returns a `Result`: its errors become the items'.
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

        /// What the pool does at this moment.
        #[must_use]
        pub fn stats(&self) -> Stats {
            self.shared.stats()
        }
    };
}

pub(crate) use portable_calls;
