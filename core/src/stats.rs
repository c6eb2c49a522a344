/// What an executor does at this moment, and has done.
///
/// The numbers are read one after the other while the executor goes on; once it is quiet,
/// `submitted == finished + failed + cancelled`.
///
/// ```
/// let stats = concurrent_futures_core::Stats::default();
/// assert_eq!(stats.submitted, stats.ended());
/// ```
///
/// Python has no counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// How many workers there may be.
    pub max_workers: usize,
    /// How many workers there are.
    pub workers: usize,
    /// Workers that have nothing to do.
    pub idle: usize,
    /// Workers that wait inside a task, with a spare taking over.
    pub blocked: usize,
    /// Workers whose task runs on after its deadline, or that of its map, has ended its future, each with a spare taking over as
    /// far as the executor allows; also those that wait inside such a task. 0 where a worker that is late is replaced.
    pub late: usize,
    /// Tasks that wait to run. One that was cancelled, or run in place by who waited for it, counts until its place in the
    /// queue comes up.
    pub pending: usize,
    /// Tasks ever handed in, refused ones included: those count as failed.
    pub submitted: u64,
    /// Tasks that returned a value.
    pub finished: u64,
    /// Tasks that failed: an error, a panic, a deadline, a refusal.
    pub failed: u64,
    /// Tasks that were cancelled; counted when their place in the queue comes up.
    pub cancelled: u64,
}

impl Stats {
    /// The numbers of an executor with so many workers at most, to be filled in field by field: who writes an executor
    /// can't write the struct out, since it may grow.
    ///
    /// ```
    /// let mut stats = concurrent_futures_core::Stats::new(4);
    /// stats.pending = 7;
    /// assert_eq!((stats.max_workers, stats.pending), (4, 7));
    /// ```
    #[must_use]
    pub fn new(max_workers: usize) -> Self {
        Self { max_workers, ..Self::default() }
    }

    /// Tasks that have ended in any way.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.finished + self.failed + self.cancelled
    }
}
