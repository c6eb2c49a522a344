//! Tasks that take longer than they may.
//!
//! ```text
//! cargo run --release --example deadline -- --executor processes
//! cargo run --release --example deadline -- --executor threads
//! ```
//!
//! Each task may take a fifth of a second. One hangs and looks whether it was asked to stop, one hangs and doesn't. Both
//! futures end in time, and the other tasks don't notice. On processes whoever hangs is killed, and replaced: look at the
//! numbers. A thread can't be killed: the task that looks ends by itself, the other one is left behind, and another thread
//! takes its place. One worker is enough for all: `--workers 1`.

mod common;

use std::collections::BTreeSet;
use std::error::Error;
use std::process::{self, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use common::{Interrupt, Outcome, PoolOptions, explain, say, seconds};
use concurrent_futures::{Executor, Shutdown, TaskError, TaskOptions, as_completed, task};

/// Runs tasks with a deadline, two of which never end by themselves.
#[derive(Debug, Parser)]
struct Options {
    /// How long a task may run, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0.2", value_parser = seconds)]
    deadline: Duration,
    #[command(flatten)]
    pool: PoolOptions,
}

fn main() -> ExitCode {
    concurrent_futures::init();
    common::exit("deadline", run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    let executor = options.pool.build()?;
    let interrupt = Interrupt::of(&executor)?;
    let outcome = show(&*executor, options.deadline, &interrupt);
    if interrupt.came() {
        say(format_args!("interrupted"))?;
    }
    interrupt.outcome(outcome)
}

fn show(executor: &dyn Executor, deadline: Duration, interrupt: &Interrupt) -> Outcome {
    say(format_args!("main is process {}", process::id()))?;
    say(format_args!("workers before: {}", workers(executor)?))?;

    let limited = TaskOptions::new().deadline(deadline);
    let submit =
        |name: &'static str, function| (name, executor.submit_fallible_with(limited.clone().label(name), function, ()));
    let tasks = [
        submit("quick", quick),
        submit("hangs and looks", hangs_and_looks),
        submit("hangs", hangs),
        submit("quick too", quick),
        submit("quick as well", quick),
    ];
    let begun = Instant::now();
    let mut surprises = 0_u32;
    for (name, future) in as_completed(tasks) {
        let outcome = future.result();
        let text = match &outcome {
            Ok(pid) => format!("ran in process {pid}"),
            Err(error) => explain(error),
        };
        say(format_args!("{:5.2} s  {name}: {text}", begun.elapsed().as_secs_f64()))?;
        let is_expected = match outcome {
            Ok(_) => name.starts_with("quick"),
            Err(error) => matches!(error, TaskError::DeadlineExceeded(_)) && name.starts_with("hangs"),
        };
        surprises += u32::from(!is_expected);
    }

    if interrupt.came() {
        return Ok(ExitCode::SUCCESS); // nobody is left to answer
    }
    say(format_args!("workers after: {}", workers(executor)?))?;
    say(format_args!("late: {}", executor.stats().late))?;
    // A drain would wait for the thread that hangs, for ever.
    let report = executor.shutdown(Shutdown::kill(Duration::from_millis(100)));
    say(format_args!("left behind: {}", report.still_running))?;
    Ok(ExitCode::from(u8::from(surprises > 0)))
}

/// Which processes answer, while all workers are kept busy.
fn workers(executor: &dyn Executor) -> Result<String, TaskError> {
    let answers = 2 * executor.stats().max_workers;
    let pids: BTreeSet<u32> = executor.map(|_| slept(20), 0..answers as u64).collect::<Result<_, _>>()?;
    Ok(pids.iter().map(u32::to_string).collect::<Vec<_>>().join(" "))
}

type TaskResult = Result<u32, Box<dyn Error + Send + Sync>>;

fn quick(_: ()) -> TaskResult {
    Ok(slept(50))
}

fn hangs_and_looks(_: ()) -> TaskResult {
    loop {
        task::current().check()?;
        slept(1);
    }
}

fn hangs(_: ()) -> TaskResult {
    loop {
        slept(1000);
    }
}

#[expect(clippy::disallowed_methods, reason = "tasks that take time and do nothing")]
fn slept(milliseconds: u64) -> u32 {
    thread::sleep(Duration::from_millis(milliseconds));
    process::id()
}
