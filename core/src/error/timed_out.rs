use std::error::Error;
use std::fmt;

/// A wait ended before what it waited for; the thing waited for comes back untouched.
///
/// ```
/// use concurrent_futures_core::Promise;
///
/// let (promise, future) = Promise::new();
/// let future = future.try_result().unwrap_err().into_inner();   // not done: here it is again
/// promise.start().unwrap().complete(5);
/// assert_eq!(future.result().unwrap(), 5);
/// ```
///
/// Python raises `TimeoutError` from `Future.result(timeout)`, which a task may raise too; here the two can't be
/// confused.
pub struct TimedOut<F>(F);

impl<F> TimedOut<F> {
    pub(crate) fn new(inner: F) -> Self {
        Self(inner)
    }

    /// What was waited for.
    #[must_use]
    pub fn into_inner(self) -> F {
        self.0
    }
}

impl<F> fmt::Debug for TimedOut<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimedOut: {self}")
    }
}

impl<F> fmt::Display for TimedOut<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the wait ended before what it waited for, which is untouched")
    }
}

impl<F> Error for TimedOut<F> {}
