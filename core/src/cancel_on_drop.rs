use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::TaskError;
use crate::future::Future;

/// A future whose task is cancelled with it, from [`Future::cancel_on_drop`].
///
/// It derefs to the future, and can be awaited.
///
/// ```
/// use concurrent_futures_core::Promise;
///
/// let (promise, future) = Promise::<u8>::new();
/// let future = future.cancel_on_drop();
/// assert!(!future.done());
/// drop(future);
/// assert!(promise.start().is_none());
/// ```
#[must_use = "dropping it cancels the task"]
pub struct CancelOnDrop<T> {
    future: Option<Future<T>>,
}

impl<T> CancelOnDrop<T> {
    pub(crate) fn new(future: Future<T>) -> Self {
        Self { future: Some(future) }
    }

    /// Gives the future back, which then detaches on drop again.
    pub fn into_inner(mut self) -> Future<T> {
        self.future.take().expect("the future is there until it is taken, and taking consumes")
    }
}

impl<T> std::ops::Deref for CancelOnDrop<T> {
    type Target = Future<T>;

    fn deref(&self) -> &Future<T> {
        self.future.as_ref().expect("the future is there until it is taken, and taking consumes")
    }
}

impl<T> std::future::Future for CancelOnDrop<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.future.as_mut().expect("the future is there until it is taken, and taking consumes");
        Pin::new(future).poll(context)
    }
}

/// As the future in it.
#[cfg(feature = "stream")]
impl<T> futures_core::FusedFuture for CancelOnDrop<T> {
    fn is_terminated(&self) -> bool {
        futures_core::FusedFuture::is_terminated(&**self)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        if let Some(future) = &self.future {
            future.cancel();
        }
    }
}

impl<T> fmt::Debug for CancelOnDrop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelOnDrop").field(&self.future).finish()
    }
}
