//! What the real programs share.
#![allow(dead_code, unused_imports, reason = "each program uses its part")]

mod interrupt;
mod options;
mod output;
mod progress;

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

use concurrent_futures::TaskError;
pub(crate) use interrupt::Interrupt;
pub(crate) use options::{Backend, PoolOptions, seconds};
pub(crate) use output::{about_stdout, complain, say};
pub(crate) use progress::{count_to, counter};

/// What a program's `run` ends with.
pub(crate) type Outcome = Result<ExitCode, Box<dyn Error>>;

/// Ends a program: an error becomes a line on stderr and the exit code 1. A reader of our output that has gone away, as in
/// `| head`, is no error.
pub(crate) fn exit(program: &str, outcome: Outcome) -> ExitCode {
    const SIGPIPE: u8 = 13;
    outcome.unwrap_or_else(|error| {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return ExitCode::from(128 + SIGPIPE);
        }
        complain(format_args!("{program}: {}", WithCauses(&*error)));
        ExitCode::FAILURE
    })
}

/// Why a task has no value, in one line for the user. What the task itself returned as its error needs no introduction.
pub(crate) fn explain(error: &TaskError) -> String {
    match error {
        TaskError::Failed(failed) => WithCauses(failed.error()).to_string(),
        other => WithCauses(other).to_string(),
    }
}

/// An error, and its causes after it.
struct WithCauses<'a>(&'a dyn Error);

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some errors say their cause themselves.
            if !line.contains(text.trim_end_matches('.')) {
                line = line.trim_end_matches('.').to_owned() + ": " + &text;
            }
            cause = error.source();
        }
        f.write_str(&line)
    }
}
