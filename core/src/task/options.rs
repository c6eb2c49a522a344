use std::borrow::Cow;
use std::time::Duration;

use crate::context::{self, Carried};

/// What can be asked of one task, on any backend.
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures_core::TaskOptions;
///
/// let options = TaskOptions::new().label("resize").deadline(Duration::from_secs(30)).retries(2);
/// assert_eq!(options.label_text(), Some("resize"));
/// ```
///
/// | option | threads | processes |
/// |---|---|---|
/// | `label` | in errors, and to the task itself | likewise |
/// | `deadline` | the future ends, the thread runs on with its cancellation flag set, and a spare takes its place | the worker is killed and replaced |
/// | `retries` | accepted; no thread dies, so nothing is retried | after `WorkerDied` |
///
/// What a backend can't do it refuses with `Rejected`, it never ignores it. Python has none of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskOptions {
    deadline: Option<Duration>,
    retries: u32,
    label: Option<Cow<'static, str>>,
    /// What came along from where the task was submitted.
    carried: Option<Carried>,
}

impl TaskOptions {
    /// No deadline, no retries, no label.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the task may run, from its true start and for each attempt. Default: for ever.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// How often the task may be run again after its worker died under it. By asking for it you say that running the
    /// task twice does no harm. Default: 0.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// What the task is called in errors and reports, and by `task::current()`. Default: nothing.
    #[must_use]
    pub fn label(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The deadline, for who writes an executor.
    #[must_use]
    pub fn deadline_limit(&self) -> Option<Duration> {
        self.deadline
    }

    /// The number of retries, for who writes an executor.
    #[must_use]
    pub fn retry_limit(&self) -> u32 {
        self.retries
    }

    /// The label, for who writes an executor.
    #[must_use]
    pub fn label_text(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// As they are for what the calling thread submits: with what goes along from it.
    pub(crate) fn captured_here(mut self) -> Self {
        self.carried = context::capture();
        self
    }

    /// What came along from where the task was submitted.
    pub(crate) fn carried(&self) -> Option<&Carried> {
        self.carried.as_ref()
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
