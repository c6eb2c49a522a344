use std::ops::AddAssign;

use crate::error::TaskError;

/// How the tasks of a job ended, as their executor counts them: one for a plain job, many for a chunk of `map`.
///
/// ```
/// use concurrent_futures_core::{Job, Tally, TaskOptions};
///
/// let (future, job) = Job::new(TaskOptions::new(), || 1);
/// job.start().unwrap().run_then(|tally| assert_eq!(tally, Tally { returned: 1, ..Tally::default() }));
/// # future.result().unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Returned a value.
    pub returned: usize,
    /// Failed.
    pub failed: usize,
    /// Ended because they were asked to.
    pub cancelled: usize,
}

impl Tally {
    pub(crate) fn of<T>(outcome: &Result<T, TaskError>) -> Self {
        let mut tally = Self::default();
        tally.count(outcome);
        tally
    }

    pub(crate) fn count<T>(&mut self, outcome: &Result<T, TaskError>) {
        match outcome {
            Ok(_) => self.returned += 1,
            Err(TaskError::Cancelled) => self.cancelled += 1,
            Err(_) => self.failed += 1,
        }
    }

    pub(crate) fn of_error(error: &TaskError) -> Self {
        match error {
            TaskError::Cancelled => Self { cancelled: 1, ..Self::default() },
            _ => Self { failed: 1, ..Self::default() },
        }
    }

    pub(crate) fn times(self, tasks: usize) -> Self {
        let Self { returned, failed, cancelled } = self;
        Self { returned: returned * tasks, failed: failed * tasks, cancelled: cancelled * tasks }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.returned + self.failed + self.cancelled
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.returned += other.returned;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
    }
}
