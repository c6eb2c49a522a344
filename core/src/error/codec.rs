use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// An argument or a result could not be turned into bytes, or back; only its own task fails.
///
/// ```
/// use concurrent_futures_core::{CodecError, CodecSide};
///
/// let error = CodecError::new(CodecSide::ResultOut, "app::Report", "map of unknown length");
/// assert_eq!(
///     error.to_string(),
///     "the result of type app::Report could not be encoded in the worker: map of unknown length",
/// );
/// ```
#[derive(Debug, Clone)]
pub struct CodecError(Arc<Details>);

#[derive(Debug)]
struct Details {
    side: CodecSide,
    type_name: String,
    message: String,
}

/// On which of the four crossings it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "portable", derive(serde::Serialize, serde::Deserialize))]
pub enum CodecSide {
    /// Encoding the argument, where the task was submitted.
    ArgumentOut,
    /// Decoding the argument, in the worker.
    ArgumentIn,
    /// Encoding the result, in the worker.
    ResultOut,
    /// Decoding the result, where the task was submitted.
    ResultIn,
}

impl CodecError {
    /// Makes the error.
    pub fn new(side: CodecSide, type_name: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Arc::new(Details { side, type_name: type_name.into(), message: message.into() }))
    }

    /// On which of the four crossings it happened.
    #[must_use]
    pub fn side(&self) -> CodecSide {
        self.0.side
    }

    /// The full name of the type that did not cross.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.0.type_name
    }

    /// What the serialiser, or a panic inside it, said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, verb, place) = match self.0.side {
            CodecSide::ArgumentOut => ("argument", "encoded", "before it was sent"),
            CodecSide::ArgumentIn => ("argument", "decoded", "in the worker"),
            CodecSide::ResultOut => ("result", "encoded", "in the worker"),
            CodecSide::ResultIn => ("result", "decoded", "after it arrived"),
        };
        write!(f, "the {what} of type {} could not be {verb} {place}: {}", self.0.type_name, self.0.message)
    }
}

impl Error for CodecError {}
