//! An executor whose tasks run elsewhere: here in processes of this program, to which it speaks in bytes over sockets. It
//! has the shape of a backend for a cluster, in which the sockets would reach other machines.
//!
//! [docs/writing-an-executor.md](../../docs/writing-an-executor.md) explains it part by part.
//!
//! ```text
//!   cargo run --example remote_executor                  a look at it
//!   cargo run --example remote_executor -- --promises    every promise of a backend, tested on it
//! ```
//!
//! ```text
//!   executor.rs   the queue, shutdown in three modes, the numbers
//!   lane.rs       a thread for each worker: start, begin, call, complete; what happens when it dies
//!   link.rs       a worker's process and socket, seen from here
//!   wire.rs       what crosses
//!   worker.rs     the far side
//! ```
#![expect(clippy::print_stdout, reason = "an example shows its results")]

mod executor;
mod lane;
mod link;
mod wire;
mod worker;

use std::error::Error;
use std::process::ExitCode;

use concurrent_futures::{ExecutorExt, MapOptions, TaskError, TaskOptions, context, task};
use concurrent_futures_conformance::{Backend, RequestHook, encoding_cases, exit_cases, portable_cases, run_cases};

use executor::RemoteExecutor;

struct Remote;

impl Backend for Remote {
    type Executor = RemoteExecutor;

    fn make(&self, max_workers: usize) -> RemoteExecutor {
        RemoteExecutor::new(max_workers)
    }
}

/// Dies the first time.
fn attempt_of_two(_: ()) -> u32 {
    let attempt = task::current().attempt();
    if attempt == 1 { std::process::abort() } else { attempt }
}

/// Dies in the middle of a chunk.
fn square_or_exit(n: u64) -> u64 {
    if n == 3 { std::process::exit(3) } else { n * n }
}

fn show() -> Result<(), Box<dyn Error>> {
    let executor = RemoteExecutor::new(2);
    println!("{}", executor.submit(|n: u64| n * 10, 5).result()?);
    for result in executor.map_with(MapOptions::new().chunk_size(6), square_or_exit, 0..6) {
        match result {
            Err(TaskError::WorkerDied(died)) => println!("{died}"),
            other => println!("{}", other?),
        }
    }
    let again = executor.submit_with(TaskOptions::new().label("twice").retries(1), attempt_of_two, ());
    println!("it ended at attempt {}", again.result()?);
    Ok(())
}

fn main() -> ExitCode {
    context::register(RequestHook); // of the promises about what goes along with a task
    worker::init();
    // The cases about the end of a program start this program again, with no argument and an order in the environment.
    let is_a_part = std::env::var_os("CONCURRENT_FUTURES_CONFORMANCE_EXIT").is_some();
    let mut arguments = std::env::args().skip(1);
    if is_a_part || arguments.next().as_deref() == Some("--promises") {
        return run_cases(Remote, [portable_cases(), encoding_cases(), exit_cases()].into_iter().flatten().collect());
    }
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error:?}");
            ExitCode::FAILURE
        }
    }
}
