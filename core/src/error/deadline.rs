use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A task, or the `map` it belongs to, ran out of its time.
///
/// Not to be confused with [`TimedOut`](crate::TimedOut): that ends a *wait* and leaves the task alone.
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures_core::{DeadlineExceeded, DeadlineOf};
///
/// let error = DeadlineExceeded::new(DeadlineOf::Task, Duration::from_secs(2), Some("resize"));
/// assert_eq!(error.to_string(), "task `resize` ran longer than its deadline of 2s");
/// ```
#[derive(Debug, Clone)]
pub struct DeadlineExceeded(Arc<Details>);

#[derive(Debug)]
struct Details {
    of: DeadlineOf,
    limit: Duration,
    label: Option<String>,
}

/// What the time was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadlineOf {
    /// One task, from its true start ([`TaskOptions::deadline`](crate::TaskOptions::deadline)).
    Task,
    /// A whole `map`, from the call ([`MapOptions::deadline`](crate::MapOptions::deadline)).
    Map,
}

impl DeadlineExceeded {
    /// Makes the error.
    #[must_use]
    pub fn new(of: DeadlineOf, limit: Duration, label: Option<&str>) -> Self {
        Self(Arc::new(Details { of, limit, label: label.map(str::to_owned) }))
    }

    /// Whether the task or its `map` ran out of time.
    #[must_use]
    pub fn of(&self) -> DeadlineOf {
        self.0.of
    }

    /// The time that was given.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.0.limit
    }
}

impl fmt::Display for DeadlineExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = super::task_name(self.0.label.as_deref());
        match self.0.of {
            DeadlineOf::Task => write!(f, "{name} ran longer than its deadline of {:?}", self.0.limit),
            DeadlineOf::Map => write!(f, "{name} was not done within the {:?} given to its whole map", self.0.limit),
        }
    }
}

impl Error for DeadlineExceeded {}
