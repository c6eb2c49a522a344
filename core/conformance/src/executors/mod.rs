//! Executors to test with: one that runs at once, one that runs when told, one that crosses bytes, one that misbehaves.

mod chaos;
mod counts;
mod crew;
mod inline;
mod loopback;
mod manual;
mod member;
#[expect(unsafe_code, reason = "one call of portable::serve, whose contract is kept by never leaving this process")]
mod serve;

pub use chaos::{ChaosExecutor, Mischief};
pub use inline::InlineExecutor;
pub use loopback::LoopbackExecutor;
pub use manual::ManualExecutor;

use concurrent_futures_core::{Job, Reason, Rejected};

/// Refuses a job that asks for what only an executor with a clock can give; else gives it back.
fn without_deadline(job: Job) -> Result<Job, usize> {
    if job.options().deadline_limit().is_none() {
        return Ok(job);
    }
    let tasks = job.tasks();
    job.fail(Rejected::new(Reason::Unsupported { option: "deadline" }));
    Err(tasks)
}
