#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod absence;
mod builder;
mod callbacks;
mod calls;
mod counters;
mod handle;
mod lifecycle;
mod parker;
mod pool;
mod queue;
mod roster;
mod scope;
mod shared;
mod slice;
#[cfg_attr(any(concurrent_futures_loom, concurrent_futures_shuttle), path = "modelled_timer.rs")]
mod timer;
mod worker_thread;

pub use builder::ThreadPoolBuilder;
pub use concurrent_futures_core::*;
pub use handle::PoolHandle;
pub use pool::ThreadPool;
pub use queue::QueueKind;
pub use scope::{Scope, ScopedFuture};

/// Tells the pool of the calling task that the task blocks, on a channel, a lock or I/O: a spare worker takes over
/// meanwhile.
///
/// Blocking waits for futures of this library say so by themselves. An `.await` does not, since it is the runtime that
/// blocks: a task that calls `block_on` stands in here. Outside any pool, and where the pool has as many blocked
/// or late workers as it may ([`max_blocked`](ThreadPoolBuilder::max_blocked)), it just calls `function`.
///
/// ```
/// use std::sync::mpsc;
/// use concurrent_futures_thread_pool::{ThreadPool, blocking};
///
/// let pool = ThreadPool::new(1)?;
/// let (tx, rx) = mpsc::channel();
/// let waits = pool.spawn(move || blocking(|| rx.recv().unwrap()));
/// let sends = pool.spawn(move || tx.send(5).unwrap());       // runs although the only worker is blocked
/// assert_eq!(waits.result().unwrap(), 5);
/// # sends.result().unwrap();
/// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
/// ```
///
/// # Blocking
///
/// As long as `function` does. Afterwards there may for a moment be one more task running than `max_workers`.
pub fn blocking<R>(function: impl FnOnce() -> R) -> R {
    concurrent_futures_core::worker::blocking(function).unwrap_or_else(|(_limit, function)| function())
}
