use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use concurrent_futures::{BuildError, Executor, ProcessPool, Shutdown, ThreadPool};

use super::interrupt::GRACE;

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

    /// The one place where it matters which executor it is. A program that gives up, since nobody reads what it prints, say,
    /// doesn't wait for what still runs.
    pub(crate) fn build(&self) -> Result<Arc<dyn Executor>, BuildError> {
        let (workers, give_up) = (self.workers(), Shutdown::kill(GRACE));
        Ok(match self.executor {
            Backend::Threads => Arc::new(ThreadPool::builder().max_workers(workers).on_drop(give_up).build()?),
            Backend::Processes => Arc::new(ProcessPool::builder().max_workers(workers).on_drop(give_up).build()?),
        })
    }
}

/// What an option that is a time in seconds says. A thousand years are enough, and can be added to a clock.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    const MOST: f64 = 1000.0 * 365.0 * 86_400.0;
    match text.parse() {
        Ok(seconds @ 0.0..=MOST) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!("give a number of seconds from 0 to {MOST:.0}, such as 0.5")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::seconds;

    #[test]
    fn a_time_in_seconds_is_one_that_a_clock_can_take_or_says_what_to_give() {
        assert_eq!((seconds("0"), seconds("0.5")), (Ok(Duration::ZERO), Ok(Duration::from_millis(500))));
        for text in ["", "x", "-1", "nan", "inf", "1e19", "1e300"] {
            assert!(seconds(text).unwrap_err().contains("give a number of seconds"), "{text}");
        }
        assert!(Instant::now().checked_add(seconds("3e10").unwrap()).is_some());
    }
}
