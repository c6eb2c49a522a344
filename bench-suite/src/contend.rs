//! A contestant in a process of its own: what this program is when the conductor starts it again.
//!
//! ```text
//!   conductor                                    contestant (this program, `contend`)
//!      │  start ─────────────────────────────────►  makes the pool, runs the case once: is its answer right?
//!      │  ◄─────────── {"Ready":{"units":1000}}     or {"Missing":"there is no python3"}, or {"Failed":"..."}
//!      │  "round\n" ─────────────────────────────►  runs the case once
//!      │  ◄──────────────────── {"Sample":{...}}    or {"Failed":"..."}: nothing follows
//!      │  closes standard input ─────────────────►  ends
//! ```
//!
//! Each line is one order or one [`Report`] in JSON. A contestant whose conductor dies is killed by the kernel, even in the
//! middle of a round; its children then read the end of their input.

use std::io::{self, BufRead, Write};

use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::effort::Effort;
use crate::pinned;
use crate::questions;
use crate::sample::Sample;

/// What a contestant says to its conductor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// It can be asked for rounds.
    Ready {
        /// How many units a round has.
        units: usize,
    },
    /// It takes no part, for this reason.
    Missing(String),
    /// What a round gave.
    Sample(Sample),
    /// It can't go on.
    Failed(String),
}

/// Which contestant this process is.
#[derive(Debug, Clone, clap::Args)]
pub struct Seat {
    /// The question.
    #[arg(long)]
    pub question: String,
    /// The point's label.
    #[arg(long)]
    pub point: String,
    /// The contestant's name.
    #[arg(long)]
    pub contestant: String,
    /// Everything once and small, instead of what a measurement runs.
    #[arg(long)]
    pub trial: bool,
    /// The points of a brief run.
    #[arg(long)]
    pub brief: bool,
}

impl Seat {
    /// The effort that the points are made for.
    #[must_use]
    pub fn effort(&self) -> Effort {
        match (self.trial, self.brief) {
            (true, _) => Effort::Trial,
            (false, true) => Effort::Brief,
            (false, false) => Effort::Full,
        }
    }
}

/// Takes the seat: runs a round for each line of standard input, until its end.
///
/// # Errors
///
/// If standard output is closed.
pub fn contend(seat: &Seat) -> io::Result<()> {
    // Where the kernel refuses, the end of the input has to do.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let mut case = match ready(seat) {
        Ok(case) => case,
        Err(report) => return tell(&report),
    };
    tell(&Report::Ready { units: case.units() })?;
    for order in io::stdin().lock().lines() {
        order?;
        let report = round(&mut case);
        tell(&report)?;
        if matches!(report, Report::Failed(_)) {
            break;
        }
    }
    Ok(())
}

/// Makes the case and checks its answer, before anything is timed.
fn ready(seat: &Seat) -> Result<Case, Report> {
    let unknown = |what: &str, name: &str| Report::Failed(format!("there is no {what} {name:?}"));
    let question = questions::find(&seat.question).ok_or_else(|| unknown("question", &seat.question))?;
    let point = question.point(&seat.point, seat.effort()).ok_or_else(|| unknown("point", &seat.point))?;
    if point.pinned {
        pinned::pin();
    }
    let contestant = point.contestants.iter().find(|contestant| contestant.name() == seat.contestant);
    let contestant = contestant.ok_or_else(|| unknown("contestant", &seat.contestant))?;
    let mut case = contestant.make().map_err(|missing| Report::Missing(missing.0))?;
    case.run().map_err(|error| Report::Failed(error.to_string()))?;
    Ok(case)
}

fn round(case: &mut Case) -> Report {
    case.run().map_or_else(|error| Report::Failed(error.to_string()), Report::Sample)
}

fn tell(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, report)?;
    out.write_all(b"\n")?;
    out.flush()
}
