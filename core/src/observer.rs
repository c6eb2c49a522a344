use crate::job::Ended;
use crate::task::TaskId;

/// Is told what an executor does, for metrics and logs.
///
/// Every method does nothing by default, and an executor without an observer pays nothing. They are called on the
/// thread where it happens, with no lock held, and should return soon; a panic is reported and dropped. A chunk of
/// `map` is one entry, with the number of its tasks.
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
    fn finished(&self, first: TaskId, ended: Ended) {
        let _ = (first, ended);
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
