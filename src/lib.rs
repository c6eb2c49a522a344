#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use concurrent_futures_core::*;
#[cfg(feature = "processes")]
pub use concurrent_futures_process_pool::{
    Bytes, ProcessPool, ProcessPoolBuilder, SharedBytes, WorkerState, WorkerStats, worker_entry,
};
#[cfg(feature = "threads")]
pub use concurrent_futures_thread_pool::{QueueKind, Scope, ScopedFuture, ThreadPool, ThreadPoolBuilder, blocking};

/// What the thread pool calls by a name that the process pool uses too.
#[cfg(feature = "threads")]
pub mod thread_pool {
    pub use concurrent_futures_thread_pool::{PoolHandle, Slot};
}

/// What the process pool calls by a name that the thread pool uses too.
#[cfg(feature = "processes")]
pub mod process_pool {
    pub use concurrent_futures_process_pool::{PoolHandle, Slot};
}

/// Turns a process that a process pool has started into its worker; the first line of `main` where processes are used.
///
/// A worker is the program itself, started again, and never returns from here. In every other process, and in a build
/// without the feature `processes`, it returns at once, so a program that calls it needs no `cfg`. What comes before it in
/// `main` runs in each worker too.
///
/// ```
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     concurrent_futures::init();
///     // pools may be made from here on
///     Ok(())
/// }
/// ```
///
/// With `#[tokio::main]` a runtime would be started in each worker before this is reached: write a plain `main` that calls
/// `init()` and then builds the runtime. Tests, benches and doc tests have no `main` of their own: `worker_entry!` is for
/// them. In a setuid or setgid program it does nothing, and no process pool can be made.
///
/// Python: `if __name__ == "__main__":`, and `multiprocessing.freeze_support()`.
pub fn init() {
    #[cfg(feature = "processes")]
    concurrent_futures_process_pool::init();
}

/// The programs in the documents are tests.
#[cfg(all(doctest, feature = "threads", feature = "processes"))]
mod documents {
    #[doc = include_str!("../docs/async.md")]
    struct Async;

    #[doc = include_str!("../docs/migrating.md")]
    struct Migrating;

    #[doc = include_str!("../docs/writing-an-executor.md")]
    struct WritingAnExecutor;
}
