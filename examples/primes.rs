//! Python's own example of its `ProcessPoolExecutor`, with the same numbers and the same output.
//!
//! ```text
//! cargo run --release --example primes
//! ```
//!
//! <https://docs.python.org/3/library/concurrent.futures.html#processpoolexecutor-example>

mod common;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};
use common::{Outcome, PoolOptions, say};

const PRIMES: [u64; 6] =
    [112272535095293, 112582705942171, 112272535095293, 115280095190773, 115797848077099, 1099726899285419];

fn is_prime(n: u64) -> bool {
    if n < 2 {
        return false;
    }
    if n == 2 {
        return true;
    }
    if n.is_multiple_of(2) {
        return false;
    }
    (3..=n.isqrt()).step_by(2).all(|i| !n.is_multiple_of(i))
}

/// Which of six numbers are prime: the example of Python's documentation.
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    pool: PoolOptions,
}

fn main() -> ExitCode {
    concurrent_futures::init(); // Python: if __name__ == '__main__':
    // Processes, as in Python, if nothing is said.
    let arguments = Options::command().mut_arg("executor", |executor| executor.default_value("processes"));
    let options = Options::from_arg_matches(&arguments.get_matches()).unwrap_or_else(|error| error.exit());
    common::exit("primes", run(&options))
}

fn run(options: &Options) -> Outcome {
    let executor = options.pool.build()?;
    for (number, prime) in PRIMES.into_iter().zip(executor.map(is_prime, PRIMES)) {
        say(format_args!("{number} is prime: {}", if prime? { "True" } else { "False" }))?;
    }
    Ok(ExitCode::SUCCESS)
}
