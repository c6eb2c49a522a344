use std::time::Duration;

use crate::task::TaskOptions;

/// What can be asked of a `map`.
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures_core::MapOptions;
///
/// let options = MapOptions::new().chunk_size(100).buffer_size(10_000).deadline(Duration::from_secs(60));
/// ```
///
/// Python: the arguments `timeout`, `chunksize` and `buffersize` of `Executor.map`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapOptions {
    chunk_size: Option<usize>,
    buffer_size: Option<usize>,
    deadline: Option<Duration>,
    unordered: bool,
    task: TaskOptions,
}

impl MapOptions {
    /// Chunks by measured task time, a window large enough for small inputs, no deadline, in order.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many items travel in one message. Default: by measured task time, so that a chunk takes about a millisecond; one
    /// where the map or its tasks have a deadline or retries. Where the tasks have, it stays one whatever is asked for:
    /// what is promised of each can't be kept for many at once. Python: `chunksize`.
    ///
    /// # Panics
    ///
    /// If `items` is 0.
    #[must_use]
    pub fn chunk_size(mut self, items: usize) -> Self {
        assert!(items > 0, "chunk_size must be at least 1");
        self.chunk_size = Some(items);
        self
    }

    /// How many items may be submitted and not yet yielded. Default: 1,024, and more where tasks are so short that
    /// chunks are large. Python 3.14: `buffersize`, whose default is the whole input.
    ///
    /// # Panics
    ///
    /// If `items` is 0.
    #[must_use]
    pub fn buffer_size(mut self, items: usize) -> Self {
        assert!(items > 0, "buffer_size must be at least 1");
        self.buffer_size = Some(items);
        self
    }

    /// How long the whole map may take, from the call. What isn't done by then is cancelled and yields
    /// [`DeadlineExceeded`](crate::TaskError::DeadlineExceeded); nothing more is pulled; then the map ends. Where only
    /// input was left that nobody pulled, one last item says so: a deadline never looks like success.
    ///
    /// What still runs is stopped, as an [`abort`](crate::Future::abort) without grace stops it. A worker *process* that is in the
    /// middle of an item is killed and replaced, and what else lies with it runs elsewhere. A *thread* can't be stopped: there the
    /// item's cancellation flag is set, so that [`check`](crate::task::CurrentTask::check) ends it, and until it returns
    /// another thread takes its place, as after a deadline of [its own](crate::TaskOptions::deadline). The consumer finds out, when
    /// it asks for the next result: a map that nobody iterates stops nothing, and neither does dropping it.
    ///
    /// With [`chunk_size`](Self::chunk_size), what of a chunk was in time is yielded on processes; on threads a chunk that
    /// still runs is late as a whole.
    ///
    /// ```
    /// use std::time::Duration;
    /// use concurrent_futures_core::{InProcess, Map, MapOptions, TaskError, task};
    ///
    /// fn search(executor: &dyn InProcess, seeds: std::ops::Range<u64>) -> Vec<Result<u64, TaskError>> {
    ///     let options = MapOptions::new().deadline(Duration::from_secs(1));
    ///     let attempt = |seed: u64| {
    ///         let mut number = seed;
    ///         while number % 1_000_003 != 1 {
    ///             task::current().check()?;            // ends when the second is over
    ///             number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    ///         }
    ///         Ok::<_, task::Stopped>(number)
    ///     };
    ///     Map::in_process_fallible(executor, options, attempt, seeds).collect()
    /// }
    /// ```
    ///
    /// Python: `timeout`, which raises at the first item that isn't done, and lets what runs run.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Yields each result as soon as it is there, in no particular order. Python has no counterpart.
    #[must_use]
    pub fn unordered(mut self) -> Self {
        self.unordered = true;
        self
    }

    /// What is asked of each task: its own deadline, its retries, a label for all. Python has no counterpart.
    #[must_use]
    pub fn task(mut self, options: TaskOptions) -> Self {
        self.task = options;
        self
    }

    pub(super) fn fixed_chunk_size(&self) -> Option<usize> {
        let one_each = self.deadline.is_some() || self.task.deadline_limit().is_some() || self.task.retry_limit() > 0;
        // A task's own deadline or retries can't be kept for several tasks at once.
        if self.task.deadline_limit().is_some() || self.task.retry_limit() > 0 {
            return Some(1);
        }
        self.chunk_size.or(one_each.then_some(1))
    }

    pub(super) fn fixed_window(&self) -> Option<usize> {
        self.buffer_size
    }

    pub(super) fn deadline_limit(&self) -> Option<Duration> {
        self.deadline
    }

    pub(super) fn is_unordered(&self) -> bool {
        self.unordered
    }

    /// As they are for a map that the calling thread starts: its context is captured once.
    pub(super) fn captured_here(mut self) -> Self {
        self.task = self.task.captured_here();
        self
    }

    pub(super) fn task_options(&self) -> TaskOptions {
        self.task.clone()
    }
}
