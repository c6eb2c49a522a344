use std::fmt;
use std::panic::resume_unwind;
use std::thread;

use concurrent_futures_core::sync::Mutex;
use concurrent_futures_core::{
    Executor, InProcess, Job, Reason, Rejected, RunningJob, Shutdown, ShutdownReport, Skipped, Stats, Tally,
};
use fastrand::Rng;

use super::crew::{Crew, Desk, Order, Trade};
use super::without_deadline;

/// Runs its tasks on threads of its own, and mistreats them: by seed it delays, reorders, splits, refuses and loses
/// them, and panics with them in its hands. Every future must end nevertheless.
///
/// ```
/// use concurrent_futures_conformance::ChaosExecutor;
/// use concurrent_futures_core::{SpawnExt, wait, ReturnWhen};
///
/// let executor = ChaosExecutor::new(2, 4711);
/// let futures: Vec<_> = (0..100).map(|n| executor.spawn(move || n)).collect();
/// let waited = wait(futures, ReturnWhen::AllCompleted, None);
/// assert_eq!(waited.done.len(), 100, "{executor:?}");    // says the seed
/// ```
///
/// Without any mischief ([`calm`](Self::calm)) it is the plainest executor with worker threads there is: first in, first
/// out; a wait inside a task runs what it waits for in place, or lets a spare worker take over.
///
/// Given the same seed it draws the same lots in the same order; which task gets which depends on the system's
/// scheduler as well.
pub struct ChaosExecutor {
    crew: Crew,
    seed: u64,
    mischief: Mischief,
    lots: Mutex<Rng>,
}

/// What a [`ChaosExecutor`] does to a task, each with the probability of one in so many; 0: never.
///
/// ```
/// use concurrent_futures_conformance::{ChaosExecutor, Mischief};
///
/// let forgetful = Mischief { lose: 10, ..Mischief::NONE };
/// let executor = ChaosExecutor::with_mischief(2, 4711, forgetful);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mischief {
    /// Takes another task than the oldest.
    pub reorder: u32,
    /// Gives its time to other threads first.
    pub delay: u32,
    /// Refuses the task in the submit.
    pub refuse: u32,
    /// Drops the task before it begins.
    pub lose: u32,
    /// Begins the task and drops it.
    pub lose_running: u32,
    /// Panics with the waiting task in its hands.
    pub panic_before: u32,
    /// Panics with the begun task in its hands.
    pub panic_running: u32,
    /// Panics after the task has ended.
    pub panic_after: u32,
    /// Gives a part of a chunk of `map` to another worker.
    pub split: u32,
    /// Encodes the task, and does nothing with the bytes.
    pub encode: u32,
}

impl Mischief {
    /// None at all.
    pub const NONE: Self = Self {
        reorder: 0,
        delay: 0,
        refuse: 0,
        lose: 0,
        lose_running: 0,
        panic_before: 0,
        panic_running: 0,
        panic_after: 0,
        split: 0,
        encode: 0,
    };

    /// Some of everything.
    pub const ALL: Self = Self {
        reorder: 3,
        delay: 4,
        refuse: 20,
        lose: 15,
        lose_running: 15,
        panic_before: 15,
        panic_running: 15,
        panic_after: 15,
        split: 2,
        encode: 4,
    };
}

struct Chaos {
    mischief: Mischief,
    lots: Mutex<Rng>,
}

impl ChaosExecutor {
    /// An executor with this many threads and [every mischief](Mischief::ALL).
    ///
    /// # Panics
    ///
    /// If `workers` is 0, or a thread can't be started.
    #[must_use]
    pub fn new(workers: usize, seed: u64) -> Self {
        Self::with_mischief(workers, seed, Mischief::ALL)
    }

    /// An executor with this many threads that does no harm.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[must_use]
    pub fn calm(workers: usize) -> Self {
        Self::with_mischief(workers, 0, Mischief::NONE)
    }

    /// An executor with this many threads and a choice of mischief.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[must_use]
    pub fn with_mischief(workers: usize, seed: u64, mischief: Mischief) -> Self {
        assert!(workers > 0, "a chaos executor has at least one worker");
        let mut lots = Rng::with_seed(seed);
        let chaos = Chaos { mischief, lots: Mutex::new(lots.fork()) };
        Self { crew: Crew::new("chaos", workers, chaos), seed, mischief, lots: Mutex::new(lots) }
    }
}

fn draw(lots: &Mutex<Rng>, one_in: u32) -> bool {
    one_in > 0 && lots.lock().u32(0..one_in) == 0
}

impl Chaos {
    fn draw(&self, one_in: u32) -> bool {
        draw(&self.lots, one_in)
    }

    fn number(&self, below: usize) -> usize {
        self.lots.lock().usize(0..below)
    }

    /// Unwinds as a bug of the executor would, without the noise of the panic hook.
    fn trip_over(&self, one_in: u32) {
        if self.draw(one_in) {
            resume_unwind(Box::new("chaos"));
        }
    }

    fn dawdle(&self) {
        if self.draw(self.mischief.delay) {
            for _ in 0..self.number(200) {
                thread::yield_now();
            }
        }
    }

    fn split(&self, running: &RunningJob, desk: &Desk<'_>) {
        let tasks = running.tasks();
        if tasks > 1
            && self.draw(self.mischief.split)
            && let Some(rest) = running.split_off(1 + self.number(tasks - 1))
        {
            desk.put_back(rest);
        }
    }
}

impl Trade for Chaos {
    fn pick(&self, waiting: usize) -> usize {
        if self.draw(self.mischief.reorder) { self.number(waiting) } else { 0 }
    }

    fn work(&self, order: Order, desk: &Desk<'_>) {
        let job = order.job;
        self.dawdle();
        self.trip_over(self.mischief.panic_before);
        if self.draw(self.mischief.lose) {
            return drop(job);
        }
        if self.draw(self.mischief.encode) {
            drop(job.encode());
        }
        let tasks = job.tasks();
        let running = match job.start() {
            Ok(running) => running,
            Err(Skipped::Cancelled) => return desk.count(Tally { cancelled: tasks, ..Tally::default() }),
            // Whoever ran it in place, or killed it, has counted it.
            Err(Skipped::Elsewhere) => return desk.leave(tasks),
        };
        self.dawdle();
        self.trip_over(self.mischief.panic_running);
        if self.draw(self.mischief.lose_running) {
            return drop(running);
        }
        self.split(&running, desk);
        let tasks = running.tasks();
        running.run_then(|tally| match tally.total() {
            // Killed while it ran, which the killer has counted.
            0 => desk.leave(tasks),
            _ => desk.count(tally),
        });
        self.trip_over(self.mischief.panic_after);
    }

    fn nests(&self) -> bool {
        true
    }
}

impl Executor for ChaosExecutor {
    fn execute(&self, job: Job) {
        let job = match without_deadline(job) {
            Ok(job) => job,
            Err(tasks) => return self.crew.note_refused(tasks),
        };
        if draw(&self.lots, self.mischief.refuse) {
            self.crew.note_refused(job.tasks());
            job.fail(Rejected::new(Reason::Broken("by chaos".into())));
            return;
        }
        self.crew.execute(Order { job, encoded: None });
    }

    fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.crew.shutdown(how)
    }

    fn stats(&self) -> Stats {
        self.crew.stats()
    }
}

impl InProcess for ChaosExecutor {}

impl Drop for ChaosExecutor {
    fn drop(&mut self) {
        self.crew.close();
    }
}

impl fmt::Debug for ChaosExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChaosExecutor")
            .field("seed", &self.seed)
            .field("mischief", &self.mischief)
            .field("stats", &self.stats())
            .finish()
    }
}
