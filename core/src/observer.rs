use std::sync::Arc;

use crate::job::Tally;
use crate::report;
use crate::task::TaskId;

/// Is told what an executor does, for metrics and logs.
///
/// Every method does nothing by default, and an executor without an observer pays nothing. They are called on the
/// thread where it happens, with no lock held, and should return soon; a panic is reported and dropped. A chunk of
/// `map` is one entry, with the number of its tasks. Python has no counterpart.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use concurrent_futures_core::{Observer, TaskId};
///
/// #[derive(Default)]
/// struct Count(AtomicU64);
///
/// impl Observer for Count {
///     fn submitted(&self, _first: TaskId, tasks: usize) {
///         self.0.fetch_add(tasks as u64, Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// The executor took `tasks` tasks, the first of which is `first`.
    fn submitted(&self, first: TaskId, tasks: usize) {
        let _ = (first, tasks);
    }

    /// Worker number `worker` has begun them.
    fn started(&self, first: TaskId, worker: usize) {
        let _ = (first, worker);
    }

    /// They have ended.
    fn finished(&self, first: TaskId, tally: Tally) {
        let _ = (first, tally);
    }

    /// Worker number `worker` has been started.
    fn worker_up(&self, worker: usize) {
        let _ = worker;
    }

    /// Worker number `worker` has ended.
    fn worker_down(&self, worker: usize) {
        let _ = worker;
    }
}

/// The observer of an executor, if it has one: calls it, and contains its panics. For who writes an executor.
///
/// ```
/// use concurrent_futures_core::ObserverSlot;
/// ObserverSlot::default().tell(|observer| observer.worker_up(0));    // nobody there: nothing happens
/// ```
#[derive(Clone, Default)]
pub struct ObserverSlot(Option<Arc<dyn Observer>>);

impl ObserverSlot {
    /// The slot with an observer in it.
    pub fn new(observer: impl Observer + 'static) -> Self {
        Self(Some(Arc::new(observer)))
    }

    /// Tells the observer something.
    pub fn tell(&self, event: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.0 {
            report::contain("an observer", || event(&**observer));
        }
    }
}

impl std::fmt::Debug for ObserverSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ObserverSlot").field(&self.0.is_some()).finish()
    }
}
