//! An executor of your own: here, a thread for each task.
//!
//! An executor gets jobs and runs them, on whatever it likes. The futures, their callbacks, `wait`, `as_completed` and
//! `map` come with the job: they work on every executor alike.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use concurrent_futures::{
    Executor, ExecutorExt, InProcess, Job, Reason, Rejected, Shutdown, ShutdownReport, SpawnExt, Stats,
};

/// The threads that were started; nothing once it was shut down.
struct ThreadPerTask(Mutex<Option<Vec<JoinHandle<()>>>>);

impl Executor for ThreadPerTask {
    // The one call that matters. It can't fail: who refuses a job says why, and the job's future ends with that.
    fn execute(&self, job: Job) {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(threads) = &mut *threads {
            threads.push(thread::spawn(|| job.run())); // does nothing if the future was cancelled
        } else {
            drop(threads); // a job that ends runs its future's callbacks: never with a lock held
            job.fail(Rejected::new(Reason::ShutDown));
        }
    }

    // All modes end alike here, since nothing ever waits. A pool cancels or drains its queue, as `how` says.
    fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
        let threads = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        threads.into_iter().flatten().for_each(|thread| drop(thread.join()));
        ShutdownReport::default()
    }

    // `map` asks how many workers it keeps busy.
    fn stats(&self) -> Stats {
        Stats::new(8)
    }
}

// The tasks run in this process, so they may capture: this brings `spawn`.
impl InProcess for ThreadPerTask {}

fn main() -> Result<(), Box<dyn Error>> {
    let executor = ThreadPerTask(Mutex::new(Some(Vec::new())));
    // `ExecutorExt` brings `submit` and `map`, of plain functions and closures that capture nothing.
    let future = executor.submit(|n: u64| n * 10, 5);
    let squares: Vec<u64> = executor.map(|n: u64| n * n, 1..=5).collect::<Result<_, _>>()?;
    println!("{} {squares:?}", future.result()?);
    let greeting = String::from("captured");
    println!("{}", executor.spawn(move || greeting + " by a closure").result()?);
    executor.shutdown(Shutdown::drain());
    println!("{:?}", executor.submit(|n: u64| n, 1).result());
    Ok(())
}
