use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::message_of;
use crate::report;

/// What each worker runs before its first task. Python: `initializer` and `initargs`.
///
/// ```
/// use concurrent_futures_core::Initializer;
///
/// let initializer = Initializer::new(|| "x".parse::<u8>().map(drop));
/// assert_eq!(initializer.run().unwrap_err(), "the worker's initializer failed: invalid digit found in string");
/// ```
#[derive(Clone)]
pub struct Initializer(Arc<dyn Fn() -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync>);

/// What an initializer may return: nothing, or a `Result`.
///
/// ```
/// fn takes<I: concurrent_futures_core::Initialised>(_: fn() -> I) {}
/// takes(|| ());
/// takes(|| Err::<(), _>("no licence"));
/// ```
pub trait Initialised {
    /// The failure, if it is one.
    fn into_result(self) -> Result<(), Box<dyn Error + Send + Sync>>;
}

impl Initialised for () {
    fn into_result(self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> Initialised for Result<(), E> {
    fn into_result(self) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.map_err(Into::into)
    }
}

impl Initializer {
    /// Wraps a closure that returns nothing or a `Result`.
    pub fn new<I: Initialised>(function: impl Fn() -> I + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || function().into_result()))
    }

    /// Runs it, once in each worker: for who writes an executor.
    ///
    /// # Errors
    ///
    /// In words, if it returned an error or panicked.
    pub fn run(&self) -> Result<(), String> {
        // What the error says and how it is dropped is foreign code too.
        let run = || (self.0)().map_err(|error| format!("the worker's initializer failed: {error}"));
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
            let text = format!("the worker's initializer panicked: {}", message_of(&*payload));
            report::forget(payload);
            Err(text)
        })
    }
}

impl fmt::Debug for Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Initializer")
    }
}
