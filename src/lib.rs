#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use concurrent_futures_core::*;
#[cfg(feature = "threads")]
pub use concurrent_futures_thread_pool::{
    PoolHandle, QueueKind, Scope, ScopedFuture, ThreadPool, ThreadPoolBuilder, blocking,
};

/// Turns a process that a process pool has started into its worker; the first line of `main` where processes are used.
///
/// In every other process, and in a build without process pools, it returns at once.
/// Python: `if __name__ == "__main__":` and `multiprocessing.freeze_support()`.
///
/// ```
/// concurrent_futures::init();
/// ```
pub fn init() {}
