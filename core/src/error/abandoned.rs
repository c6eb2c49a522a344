use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The executor gave the task up: nobody will ever complete it.
///
/// ```
/// let abandoned = concurrent_futures_core::Abandoned::new("the queue was lost");
/// assert_eq!(abandoned.reason(), "the queue was lost");
/// ```
#[derive(Debug, Clone)]
pub struct Abandoned(Arc<Cow<'static, str>>);

impl Abandoned {
    /// Makes the error; `reason` is a lowercase fragment that says who gave up and why.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(reason.into()))
    }

    /// Who gave up, and why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the task was given up: {}", self.0)
    }
}

impl Error for Abandoned {}
