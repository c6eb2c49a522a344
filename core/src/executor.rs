use std::sync::Arc;
use std::task::{Context, Poll};

use crate::job::Job;
use crate::shutdown::{Shutdown, ShutdownReport};
use crate::stats::Stats;

/// Something that runs tasks: the interface behind which threads, processes and clusters are exchanged.
///
/// Users submit through `ExecutorExt` (functions that can cross to another process; with the feature `portable`) or
/// [`SpawnExt`](crate::SpawnExt) (closures); who writes an executor implements this. It is object-safe, and all its
/// calls may come from any thread.
///
/// ```
/// use concurrent_futures_core::{Executor, Job, Shutdown, ShutdownReport, Stats};
///
/// /// Runs every task at once, in the caller.
/// struct Immediately;
///
/// impl Executor for Immediately {
///     fn execute(&self, job: Job) {
///         job.run();
///     }
///     fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
///         ShutdownReport::default()
///     }
///     fn stats(&self) -> Stats {
///         Stats::new(1)
///     }
/// }
/// ```
///
/// `&E`, `Box<dyn Executor>` and `Arc<dyn Executor>` are executors too. `Arc<E>` and `Box<E>` are not: they would hide
/// the looser methods that a pool has of its own behind those of the trait. Lend the pool to generic code, `&*pool`; what
/// owns its executor takes a handle, `pool.handle()`, or an `Arc<dyn Executor>`, made of the pool itself.
///
/// `submit`, `map` and the other calls of `dyn Executor` need the feature `portable`, which a process pool brings along and a
/// thread pool doesn't. Without it the compiler says *no method named `submit` found*: turn the feature on, or take
/// `&dyn InProcess`, with [`SpawnExt`](crate::SpawnExt) imported, or the pool itself.
///
/// Python: `concurrent.futures.Executor`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an executor",
    note = "an `Arc` or a `Box` of a pool is none, so that the pool's own methods show through: lend the pool, `&*pool`",
    note = "for what owns its executor: a handle of the pool, `pool.handle()`; or an `Arc<dyn Executor>`, which is one, made of the \
            pool itself: `let pool: Arc<dyn Executor> = Arc::new(pool);`"
)]
pub trait Executor: Send + Sync {
    /// Takes a task. It can't fail: an executor that refuses a job fails the job's future with
    /// [`Rejected`](crate::Rejected).
    ///
    /// # Blocking
    ///
    /// Only where the executor has a bounded queue that is full and was told to block then.
    fn execute(&self, job: Job);

    /// Ends the executor, as `how` says. Idempotent. Python: `Executor.shutdown(wait, cancel_futures)`.
    ///
    /// # Blocking
    ///
    /// Until it has ended, at most as long as [`Shutdown::within`] says; from a task or a callback not at all.
    fn shutdown(&self, how: Shutdown) -> ShutdownReport;

    /// What the executor does at this moment. Python has no counterpart.
    fn stats(&self) -> Stats;

    /// How many tasks it takes now without blocking or refusing; `None`: no bound. A `map` asks before it submits.
    fn capacity(&self) -> Option<usize> {
        None
    }

    /// As [`capacity`](Self::capacity), for who must not block: where there is none now, and the executor can tell when
    /// there may be again, `Pending`, and the waker is woken then, also by a shutdown. Default: the capacity as it is, none
    /// included.
    fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>> {
        let _ = context;
        Poll::Ready(self.capacity())
    }
}

/// An executor that runs tasks in this process, so that they may borrow nothing but capture anything.
/// [`SpawnExt`](crate::SpawnExt) has its calls. Python has no name for it: only a `ThreadPoolExecutor` is one.
///
/// ```
/// use concurrent_futures_core::{InProcess, SpawnExt};
///
/// fn greet(executor: &dyn InProcess, name: String) {
///     executor.spawn(move || println!("hello {name}")).detach();
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` may run its tasks in another process",
    note = "closures need an executor of this process: use `dyn InProcess`, or `submit` with a plain function"
)]
pub trait InProcess: Executor {}

macro_rules! forward {
    ($($(#[$doc:meta])* [$($generics:tt)*] $pointer:ty),* $(,)?) => {$(
        impl<$($generics)*> Executor for $pointer {
            fn execute(&self, job: Job) {
                (**self).execute(job);
            }

            fn shutdown(&self, how: Shutdown) -> ShutdownReport {
                (**self).shutdown(how)
            }

            fn stats(&self) -> Stats {
                (**self).stats()
            }

            fn capacity(&self) -> Option<usize> {
                (**self).capacity()
            }

            fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>> {
                (**self).poll_capacity(context)
            }
        }
    )*};
}

forward!(
    [E: Executor + ?Sized] &E,
    [] Box<dyn Executor>,
    [] Arc<dyn Executor>,
    [] Box<dyn InProcess>,
    [] Arc<dyn InProcess>,
);

impl<E: InProcess + ?Sized> InProcess for &E {}
impl InProcess for Box<dyn InProcess> {}
impl InProcess for Arc<dyn InProcess> {}
