use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The executor did not take the task; it never ran.
///
/// ```
/// use concurrent_futures_core::{Reason, Rejected};
///
/// let rejected = Rejected::new(Reason::ShutDown);
/// assert!(matches!(rejected.reason(), Reason::ShutDown));
/// assert_eq!(rejected.to_string(), "the executor was shut down and takes no new tasks");
/// ```
#[derive(Debug, Clone)]
pub struct Rejected(Arc<Details>);

#[derive(Debug)]
struct Details {
    reason: Reason,
    /// Why the task in particular can't leave this process, where that is known.
    detail: Option<Cow<'static, str>>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Why an executor did not take a task.
///
/// ```
/// use concurrent_futures_core::{Reason, TaskError};
///
/// fn is_worth_another_try(error: &TaskError) -> bool {
///     matches!(error, TaskError::Rejected(rejected) if matches!(rejected.reason(), Reason::QueueFull { .. }))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The executor was shut down. Python: "cannot schedule new futures after shutdown".
    ShutDown,
    /// The executor can't work any more, and this is why. Python: `BrokenExecutor`.
    Broken(String),
    /// The bounded queue is full and the executor was told to reject then.
    QueueFull {
        /// How many tasks may be pending.
        limit: usize,
    },
    /// The task can't leave this process (as one that was made by `spawn`), but the executor runs elsewhere.
    NotPortable,
    /// An option of the task means nothing to this executor.
    Unsupported {
        /// The option, as it is called in `TaskOptions`.
        option: &'static str,
    },
}

impl Rejected {
    /// Makes the error.
    #[must_use]
    pub fn new(reason: Reason) -> Self {
        Self(Arc::new(Details { reason, detail: None, source: None }))
    }

    /// Makes the error of an executor that can't work any more, keeping the first cause. Its message names both.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use concurrent_futures_core::Rejected;
    ///
    /// let cause = std::io::Error::other("no process is left; raise the limit (`ulimit -u`)");
    /// let rejected = Rejected::broken("no worker could be started", Some(Arc::new(cause)));
    /// assert_eq!(
    ///     rejected.to_string(),
    ///     "the executor is broken: no worker could be started: no process is left; raise the limit (`ulimit -u`)",
    /// );
    /// ```
    #[must_use]
    pub fn broken(why: impl Into<String>, cause: Option<Arc<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::new(Details { reason: Reason::Broken(why.into()), detail: None, source: cause }))
    }

    /// Makes the error of a task that can't leave this process, for another reason than that it was made by `spawn`.
    /// `why` is a lowercase sentence that says what to do about it.
    ///
    /// ```
    /// use concurrent_futures_core::{Reason, Rejected};
    ///
    /// let rejected = Rejected::not_portable("its function lies outside the main image; define it in the program itself");
    /// assert_eq!(rejected.reason(), &Reason::NotPortable);
    /// assert_eq!(
    ///     rejected.to_string(),
    ///     "the task can't leave this process: its function lies outside the main image; define it in the program itself",
    /// );
    /// ```
    #[must_use]
    pub fn not_portable(why: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Details { reason: Reason::NotPortable, detail: Some(why.into()), source: None }))
    }

    /// Why the executor did not take the task.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.0.detail {
            return write!(f, "the task can't leave this process: {why}");
        }
        match &self.0.reason {
            Reason::ShutDown => f.write_str("the executor was shut down and takes no new tasks"),
            Reason::Broken(why) => {
                write!(f, "the executor is broken: {why}")?;
                match &self.0.source {
                    // The cause names the cure, and most people print one line.
                    Some(cause) => write_cause(f, why, &**cause),
                    None => Ok(()),
                }
            }
            Reason::QueueFull { limit } => {
                write!(f, "max_pending ({limit}) is reached; raise it, or let submit block instead")
            }
            Reason::NotPortable => {
                f.write_str("a task made by spawn can't leave this process; use submit with a plain function")
            }
            Reason::Unsupported { option } => {
                write!(f, "this executor does not support the task option `{option}`")
            }
        }
    }
}

/// Adds a cause, unless the text says it already.
fn write_cause(f: &mut fmt::Formatter<'_>, text: &str, cause: &dyn Error) -> fmt::Result {
    let cause = cause.to_string();
    if text.contains(&cause) { Ok(()) } else { write!(f, ": {cause}") }
}

impl Error for Rejected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::sync::Arc;

    use super::Rejected;
    use crate::error::TaskError;

    #[test]
    fn one_line_names_the_cause_of_a_broken_executor_once() {
        let cause = || std::io::Error::other("call `init()` first");
        let line = "the executor is broken: no worker starts: call `init()` first";
        for why in ["no worker starts", "no worker starts: call `init()` first"] {
            let rejected = Rejected::broken(why, Some(Arc::new(cause())));
            assert_eq!(rejected.to_string(), line);
            assert!(rejected.source().is_some_and(<dyn Error>::is::<std::io::Error>));
            assert_eq!(format!("{:?}", TaskError::from(rejected)), format!("Rejected: {line}"));
        }
    }
}
