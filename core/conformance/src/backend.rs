use concurrent_futures_core::Executor;

/// What the promises are tested on: something that makes executors.
///
/// ```
/// use concurrent_futures_conformance::{Backend, LoopbackExecutor};
///
/// struct Loopback;
///
/// impl Backend for Loopback {
///     type Executor = LoopbackExecutor;
///     fn make(&self, max_workers: usize) -> LoopbackExecutor {
///         LoopbackExecutor::new(max_workers)
///     }
/// }
/// ```
pub trait Backend: Send + Sync + 'static {
    /// The kind of executor.
    type Executor: Executor + 'static;

    /// Makes an executor that runs up to so many tasks at the same time, and that nobody else uses. Dropping it must
    /// drain it.
    fn make(&self, max_workers: usize) -> Self::Executor;
}
