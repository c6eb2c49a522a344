use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The task returned `Err`, from `submit_fallible` or `map_fallible`.
///
/// The error itself is [`error`](Self::error). Where the task ran in this process that is the very value; from another
/// process it arrives as text: type name, message and chain. So portable code reads [`message`](Self::message) and
/// [`type_name`](Self::type_name), and never downcasts. The text of this one ends with the message of that, so the
/// [`source`](Error::source) is the cause behind it, and who prints a chain says nothing twice.
///
/// ```
/// use concurrent_futures_core::Failed;
///
/// let error = "x".parse::<u32>().unwrap_err();
/// let failed = Failed::new(error, Some("parse"));
/// assert_eq!(failed.to_string(), "task `parse` failed: invalid digit found in string");
/// assert_eq!(failed.message(), "invalid digit found in string");
/// assert_eq!(failed.type_name(), "core::num::error::ParseIntError");
/// ```
#[derive(Debug, Clone)]
pub struct Failed(Arc<Details>);

#[derive(Debug)]
struct Details {
    error: Box<dyn Error + Send + Sync>,
    type_name: String,
    label: Option<String>,
}

/// What a fallible task may return as its error: any error type, `String`, `&str`, `Box<dyn Error + Send + Sync>`,
/// `anyhow::Error`.
///
/// `Box<dyn Error>` alone is none: it can't be sent to another thread. Write `Box<dyn Error + Send + Sync>`.
///
/// ```
/// fn takes(_: impl concurrent_futures_core::TaskFailure) {}
/// takes(std::fmt::Error);
/// takes("text");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of a task",
    label = "an error that is no `Error + Send + Sync`",
    note = "write `Box<dyn Error + Send + Sync>` for `Box<dyn Error>`; a type of your own has to implement `std::error::Error`, and \
            be `Send` and `Sync`"
)]
pub trait TaskFailure: Into<Box<dyn Error + Send + Sync>> + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>> + 'static> TaskFailure for E {}

impl Failed {
    /// Makes the error around what the task returned.
    pub fn new<E: TaskFailure>(error: E, label: Option<&str>) -> Self {
        Self::assemble(error.into(), type_name::<E>().to_owned(), label)
    }

    /// Makes the error from what crossed from another process: the messages of the error and of its sources, outermost
    /// first.
    #[must_use]
    pub fn from_chain(type_name: String, chain: Vec<String>, label: Option<&str>) -> Self {
        let mut link: Option<Box<Link>> = None;
        for message in chain.into_iter().rev() {
            link = Some(Box::new(Link { message, next: link }));
        }
        let outermost = link.unwrap_or_else(|| Box::new(Link { message: "(no message)".into(), next: None }));
        Self::assemble(outermost, type_name, label)
    }

    fn assemble(error: Box<dyn Error + Send + Sync>, type_name: String, label: Option<&str>) -> Self {
        Self(Arc::new(Details { error, type_name, label: label.map(str::to_owned) }))
    }

    /// The error that the task returned, to be downcast where the task ran in this process.
    ///
    /// ```
    /// use std::io;
    /// use concurrent_futures_core::{Failed, TaskError};
    ///
    /// fn is_not_found(error: &TaskError) -> bool {
    ///     let TaskError::Failed(failed) = error else { return false };
    ///     failed.error().downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
    /// }
    ///
    /// let error = Failed::new(io::Error::from(io::ErrorKind::NotFound), None).into();
    /// assert!(is_not_found(&error));
    /// ```
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0.error
    }

    /// The message of the task's error.
    #[must_use]
    pub fn message(&self) -> String {
        self.0.error.to_string()
    }

    /// The full name of the type that the task returned as its error.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.0.type_name
    }

    /// The messages of the error and of its sources, outermost first.
    #[must_use]
    pub fn chain(&self) -> Vec<String> {
        let mut messages = Vec::new();
        let mut next: Option<&dyn Error> = Some(&*self.0.error);
        while let Some(error) = next {
            messages.push(error.to_string());
            next = error.source();
        }
        messages
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", super::task_name(self.0.label.as_deref()))?;
        match self.0.error.to_string() {
            message if message.is_empty() => Ok(()),
            message => write!(f, ": {message}"),
        }
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.error.source()
    }
}

/// One error of a chain of which only the text is left.
#[derive(Debug)]
struct Link {
    message: String,
    next: Option<Box<Link>>,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Link {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.next.as_deref().map(|link| link as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::Failed;
    use crate::error::TaskError;

    #[test]
    fn a_chain_that_crossed_reads_like_the_original() {
        let chain = vec!["can't open the index".to_owned(), "no such file".to_owned()];
        let failed = Failed::from_chain("io::Error".into(), chain.clone(), None);
        assert_eq!(failed.chain(), chain);
        assert_eq!(failed.message(), "can't open the index");
    }

    #[test]
    fn a_printer_of_chains_says_each_message_once() {
        let chain = vec!["can't open the index".to_owned(), "no such file".to_owned()];
        let error = TaskError::from(Failed::from_chain("io::Error".into(), chain, Some("load")));
        let mut line = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            line += &format!(": {cause}");
            next = cause.source();
        }
        assert_eq!(line, "task `load` failed: can't open the index: no such file");
        let debug = "Failed: task `load` failed: can't open the index; caused by: no such file";
        assert_eq!(format!("{error:?}"), debug);
    }

    #[test]
    fn an_error_without_a_message_leaves_no_colon_behind() {
        assert_eq!(Failed::new("", None).to_string(), "the task failed");
    }
}
