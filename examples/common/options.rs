use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use clap::{Args, ValueEnum};
use concurrent_futures::{BuildError, Executor, ProcessPool, ThreadPool};

/// Where tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    Threads,
    Processes,
}

/// The arguments that choose the executor.
#[derive(Debug, Clone, Args)]
pub(crate) struct PoolOptions {
    /// Where the tasks run
    #[arg(long, value_enum, default_value_t = Backend::Threads)]
    pub(crate) executor: Backend,
    /// How many of them run at once [default: one for each core]
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
}

impl PoolOptions {
    pub(crate) fn workers(&self) -> usize {
        self.workers.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }

    /// The one place where it matters which executor it is.
    pub(crate) fn build(&self) -> Result<Arc<dyn Executor>, BuildError> {
        Ok(match self.executor {
            Backend::Threads => Arc::new(ThreadPool::new(self.workers())?),
            Backend::Processes => Arc::new(ProcessPool::new(self.workers())?),
        })
    }
}
