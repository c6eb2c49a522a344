use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The task panicked; the worker lives on.
///
/// ```
/// use concurrent_futures_core::Panicked;
///
/// let panicked = Panicked::new("index out of bounds", Some("src/main.rs:4:9".into()), None);
/// assert_eq!(panicked.to_string(), "the task panicked at src/main.rs:4:9: index out of bounds");
/// ```
#[derive(Clone)]
pub struct Panicked(Arc<Details>);

struct Details {
    message: String,
    location: Option<String>,
    label: Option<String>,
    payload: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Panicked {
    /// Makes the error from a message that has been read out of the payload already, as one that crossed from another
    /// process has. `location` is `file:line:column`.
    pub fn new(message: impl Into<String>, location: Option<String>, label: Option<&str>) -> Self {
        Self::assemble(message.into(), location, label, None)
    }

    /// Makes the error from what `catch_unwind` gave.
    ///
    /// ```
    /// use concurrent_futures_core::Panicked;
    ///
    /// let payload = std::panic::catch_unwind(|| panic!("no such row")).unwrap_err();
    /// assert_eq!(Panicked::from_payload(payload, None, None).message(), "no such row");
    /// ```
    #[must_use]
    pub fn from_payload(payload: Box<dyn Any + Send>, location: Option<String>, label: Option<&str>) -> Self {
        Self::assemble(message_of(&*payload), location, label, Some(payload))
    }

    fn assemble(
        message: String,
        location: Option<String>,
        label: Option<&str>,
        payload: Option<Box<dyn Any + Send>>,
    ) -> Self {
        let label = label.map(str::to_owned);
        Self(Arc::new(Details { message, location, label, payload: Mutex::new(payload) }))
    }

    /// The panic's message; `Box<dyn Any>` if its payload was no text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it panicked, as `file:line:column`; unknown where the program replaced the panic hook.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// The payload, for [`resume_unwind`](std::panic::resume_unwind): once, and only in the process of the panic.
    ///
    /// ```
    /// use concurrent_futures_core::{Promise, TaskError};
    ///
    /// let (promise, future) = Promise::<()>::new();
    /// promise.start().unwrap().complete_with(|| std::panic::panic_any(7_u8));
    /// let Err(TaskError::Panicked(panicked)) = future.result() else { unreachable!() };
    /// assert_eq!(panicked.take_payload().unwrap().downcast_ref::<u8>(), Some(&7));
    /// assert!(panicked.take_payload().is_none());
    /// ```
    #[must_use]
    pub fn take_payload(&self) -> Option<Box<dyn Any + Send>> {
        self.0.payload.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} panicked", super::task_name(self.0.label.as_deref()))?;
        if let Some(location) = &self.0.location {
            write!(f, " at {location}")?;
        }
        write!(f, ": {}", self.0.message)
    }
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panicked")
            .field("message", &self.0.message)
            .field("location", &self.0.location)
            .finish_non_exhaustive()
    }
}

impl Error for Panicked {}

/// The text of a panic's payload.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "Box<dyn Any>".to_owned()
    }
}
