use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use rustix::thread::gettid;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::sample::Span;

/// What a task tells of itself: who ran it, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ran {
    /// The task's argument.
    pub number: u64,
    /// The name of the thread, or the number of the process.
    pub worker: String,
    /// When it began, by [`clock::nanos`].
    pub begin: u64,
    /// When it ended.
    pub end: u64,
}

/// The notebook's task on a thread: sleeps `number` times `unit`, and not at all if that is zero.
#[must_use]
pub fn on_thread(number: u64, unit: Duration) -> Ran {
    let name = thread::current().name().map(str::to_owned);
    ran(number, unit, || name.unwrap_or_else(|| format!("thread {}", gettid())))
}

/// The same in a process.
#[must_use]
pub fn in_process((number, unit): (u64, Duration)) -> Ran {
    ran(number, unit, || std::process::id().to_string())
}

#[expect(clippy::disallowed_methods, reason = "the sleep is what the task is about")]
fn ran(number: u64, unit: Duration, worker: impl FnOnce() -> String) -> Ran {
    let begin = clock::nanos();
    let worker = worker();
    if !unit.is_zero() {
        thread::sleep(unit * number as u32);
    }
    Ran { number, worker, begin, end: clock::nanos() }
}

/// How many tasks each worker ran.
#[must_use]
pub fn shares(tasks: &[Ran]) -> BTreeMap<&str, usize> {
    let mut shares = BTreeMap::new();
    for task in tasks {
        *shares.entry(task.worker.as_str()).or_default() += 1;
    }
    shares
}

/// The picture of them, from `start` on.
#[must_use]
pub fn spans(tasks: &[Ran], start: u64) -> Vec<Span> {
    let micros = |time: u64| time.saturating_sub(start) as f64 / 1e3;
    let span = |task: &Ran| Span {
        worker: task.worker.clone(),
        task: task.number.to_string(),
        start_us: micros(task.begin),
        end_us: micros(task.end),
    };
    tasks.iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{on_thread, shares, spans};
    use crate::clock;

    #[test]
    fn a_task_says_who_ran_it_and_when() {
        let start = clock::nanos();
        let tasks = [on_thread(2, Duration::from_millis(1)), on_thread(1, Duration::ZERO)];
        assert_eq!(shares(&tasks).into_values().collect::<Vec<_>>(), [2]);
        let spans = spans(&tasks, start);
        assert!(spans[0].end_us - spans[0].start_us >= 2_000.0, "{spans:?}");
        assert!(spans[1].start_us >= spans[0].end_us, "{spans:?}");
    }
}
