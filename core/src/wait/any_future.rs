use std::sync::Arc;

use crate::blocking_wait;
use crate::cancel_on_drop::CancelOnDrop;
use crate::error::TaskError;
use crate::future::Future;
use crate::shared::AnyTask;
use crate::state::State;
use crate::task::TaskId;

/// A future of whatever type, as [`wait`](crate::wait()) and [`as_completed`](crate::as_completed) take it: by value, by
/// reference, in a `Box` or an `Arc`, with a key, or as `&dyn AnyFuture` where the result types differ.
///
/// ```
/// use concurrent_futures_core::{AnyFuture, Promise, ReturnWhen, wait};
///
/// let (p, number) = Promise::<u32>::new();
/// let (q, text) = Promise::<String>::new();
/// drop((p, q));
/// let mixed: [&dyn AnyFuture; 2] = [&number, &text];
/// assert_eq!(wait(mixed, ReturnWhen::AllCompleted, None).done.len(), 2);
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not a future to wait for")]
pub trait AnyFuture {
    /// Where the task stands; never blocks.
    fn state(&self) -> State {
        self.watched().0.state()
    }

    /// Whether the task has ended in any way; never blocks.
    fn done(&self) -> bool {
        self.watched().0.is_released()
    }

    /// Whether the task is done and has failed; cancelled is no failure. Never blocks.
    fn failed(&self) -> bool;

    /// As [`Future::cancel`].
    fn cancel(&self) -> bool {
        self.watched().0.cancel()
    }

    /// The task's id.
    fn id(&self) -> TaskId {
        self.watched().0.id()
    }

    /// What can be watched; made by this library only.
    #[doc(hidden)]
    fn watched(&self) -> WatchedFuture;

    /// The id, if the same future may be given twice.
    #[doc(hidden)]
    fn shared_id(&self) -> Option<TaskId>;
}

/// The watched side of a future. It can't be made outside this library, which seals [`AnyFuture`].
#[doc(hidden)]
#[derive(Clone)]
pub struct WatchedFuture(pub(crate) Arc<dyn AnyTask>);

impl WatchedFuture {
    pub(crate) fn observe(&self) {
        self.0.observe();
    }

    /// As [`Future::cancel`].
    pub fn cancel(&self) -> bool {
        self.0.clone().cancel()
    }

    /// Whether the task may still have, or get, an error that nobody is told: for a scope, which answers for all of its
    /// tasks. A future that `wait` or `as_completed` has given back tells nobody; a done callback does.
    pub fn may_hide_error(&self) -> bool {
        self.0.may_hide_error()
    }

    /// Waits until the task is done; the error, if nobody was told. It counts as told now. A cancel through the future or a
    /// canceller is no such error; one by the executor, as in a shutdown, is.
    #[track_caller]
    pub fn take_hidden_error(&self) -> Option<TaskError> {
        if !self.may_hide_error() {
            return None;
        }
        blocking_wait::wait(&self.0, None);
        let error = self.0.hidden_error();
        if error.is_some() {
            self.observe();
        }
        error
    }
}

impl std::fmt::Debug for WatchedFuture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("WatchedFuture").field(&self.0.id()).finish()
    }
}

impl<T> AnyFuture for Future<T> {
    fn done(&self) -> bool {
        self.done()
    }

    fn failed(&self) -> bool {
        self.failed()
    }

    fn watched(&self) -> WatchedFuture {
        WatchedFuture(self.any())
    }

    fn shared_id(&self) -> Option<TaskId> {
        None
    }
}

impl<T> AnyFuture for CancelOnDrop<T> {
    fn failed(&self) -> bool {
        Future::failed(self)
    }

    fn watched(&self) -> WatchedFuture {
        WatchedFuture(self.any())
    }

    fn shared_id(&self) -> Option<TaskId> {
        None
    }
}

macro_rules! by_pointer {
    ($($pointer:ty => $shared:expr),* $(,)?) => {$(
        impl<F: AnyFuture + ?Sized> AnyFuture for $pointer {
            fn done(&self) -> bool {
                (**self).done()
            }

            fn failed(&self) -> bool {
                (**self).failed()
            }

            fn watched(&self) -> WatchedFuture {
                (**self).watched()
            }

            fn shared_id(&self) -> Option<TaskId> {
                let shared: fn(&F) -> Option<TaskId> = $shared;
                shared(self)
            }
        }
    )*};
}

by_pointer!(
    &F => |future| Some(future.id()),
    Arc<F> => |future| Some(future.id()),
    Box<F> => |future| future.shared_id(),
);

/// Keyed: the key comes back with the future. Two keys are two entries.
impl<K, F: AnyFuture> AnyFuture for (K, F) {
    fn done(&self) -> bool {
        self.1.done()
    }

    fn failed(&self) -> bool {
        self.1.failed()
    }

    fn watched(&self) -> WatchedFuture {
        self.1.watched()
    }

    fn shared_id(&self) -> Option<TaskId> {
        None
    }
}
