use std::env;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::contend::{Report, Seat};
use crate::sample::Sample;

/// Nobody takes so long for a round: who does hangs.
const PATIENCE: Duration = Duration::from_secs(180);

/// How much of what a contestant complained about is told.
const LAST_WORDS: usize = 400;

/// A contestant at work: see [`mod@crate::contend`]. The drop closes its input, and waits for it.
pub(super) struct ContenderProcess {
    process: Child,
    orders: Option<ChildStdin>,
    reports: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
}

impl ContenderProcess {
    /// Starts it and waits until it is ready: how many units a round has; or why it takes no part.
    pub(super) fn start(seat: &Seat) -> Result<(Self, usize), String> {
        let mut contender = Self::spawn(seat).map_err(|error| format!("its process can't be started: {error}"))?;
        match contender.report()? {
            Report::Ready { units } => Ok((contender, units)),
            other => Err(reason(other)),
        }
    }

    /// Runs one round; or why that failed, after which there is no other.
    pub(super) fn round(&mut self) -> Result<Sample, String> {
        // Who has died is found out by the read.
        let _ = self.orders.as_mut().map(|orders| orders.write_all(b"round\n"));
        match self.report()? {
            Report::Sample(sample) => Ok(sample),
            other => Err(reason(other)),
        }
    }

    fn spawn(seat: &Seat) -> std::io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["contend", "--question", &seat.question, "--point", &seat.point]);
        command.args(["--contestant", &seat.contestant]);
        command.args(seat.trial.then_some("--trial")).args(seat.brief.then_some("--brief"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let (sender, reports) = crossbeam_channel::unbounded();
        if let Some(stdout) = process.stdout.take() {
            // It ends with the pipe, which ends with the contestant and its children, or with who receives.
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let complaints = process.stderr.take().map(|mut stderr| {
            thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stderr.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        Ok(Self { orders: process.stdin.take(), process, reports, complaints })
    }

    fn report(&mut self) -> Result<Report, String> {
        match self.reports.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line).map_err(|error| format!("it says {line:?}: {error}")),
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.process.kill();
                Err(format!("it didn't answer within {} s", PATIENCE.as_secs()))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.last_words()),
        }
    }

    fn last_words(&mut self) -> String {
        drop(self.orders.take());
        let status = self.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let complaints = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        let complaints = complaints.trim();
        let from = complaints.char_indices().rev().nth(LAST_WORDS - 1).map_or(0, |(index, _)| index);
        format!("it ended with {status}: {}", &complaints[from..])
    }
}

fn reason(report: Report) -> String {
    match report {
        Report::Missing(reason) | Report::Failed(reason) => reason,
        other => format!("it says {other:?} out of turn"),
    }
}

impl fmt::Debug for ContenderProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContenderProcess").field("process", &self.process.id()).finish_non_exhaustive()
    }
}

/// A contestant ends when its input does; one that hangs is killed after a while, since nobody wants its figures any more.
impl Drop for ContenderProcess {
    fn drop(&mut self) {
        drop(self.orders.take());
        while let Ok(_late) = self.reports.recv_timeout(PATIENCE / 6) {}
        if !matches!(self.process.try_wait(), Ok(Some(_))) {
            // The reports have ended, so it is about to end, or hangs.
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}
