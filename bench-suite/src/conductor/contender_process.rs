use std::env;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::contend::{Report, Seat};
use crate::family;
use crate::sample::Sample;

/// Nobody takes so long for a round: who does hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// How often it is looked whether a silent contestant is still alive. The end of its output doesn't always tell: a child that
/// it leaves behind holds that open.
const LOOK: Duration = Duration::from_millis(200);

/// How long somebody who has ended, or been told to, may be waited for.
const FAREWELL: Duration = Duration::from_secs(30);

/// How much of what a contestant complained about is told.
const LAST_WORDS: usize = 400;

/// A contestant at work: see [`mod@crate::contend`].
///
/// ```text
///   started ── Ready ──► idle ── round ──► busy ── Sample ──► idle ...     drop: its input ends, and so does it,
///      │                                    │                              or it is killed after FAREWELL
///      └──────────────┬─────────────────────┘
///                     ▼
///   a reason, and nothing follows: Missing or Failed, rubbish, its end with its last words, or, after PATIENCE, its
///   silence: then it and its descendants are killed
/// ```
pub(super) struct ContenderProcess {
    process: Child,
    orders: Option<ChildStdin>,
    reports: Receiver<String>,
    complaints: Receiver<Vec<u8>>,
    patience: Duration,
}

impl ContenderProcess {
    /// Starts it and waits until it is ready: how many units a round has; or why it takes no part.
    pub(super) fn start(mut command: Command, patience: Duration) -> Result<(Self, usize), String> {
        let contender = Self::spawn(&mut command, patience);
        let mut contender = contender.map_err(|error| format!("its process can't be started: {error}"))?;
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

    fn spawn(command: &mut Command, patience: Duration) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let (report, reports) = crossbeam_channel::unbounded();
        let (complaint, complaints) = crossbeam_channel::unbounded();
        // These threads end with the pipes, which end with the contestant and its children, or with who receives.
        if let Some(stdout) = process.stdout.take() {
            thread::spawn(move || {
                BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|l| report.send(l))
            });
        }
        if let Some(stderr) = process.stderr.take() {
            thread::spawn(move || pass_on(stderr, &complaint));
        }
        Ok(Self { orders: process.stdin.take(), process, reports, complaints, patience })
    }

    /// Woken by a report, by the end of the output, and every [`LOOK`].
    fn report(&mut self) -> Result<Report, String> {
        let start = Instant::now();
        loop {
            match self.reports.recv_timeout(LOOK.min(self.patience)) {
                Ok(line) => return serde_json::from_str(&line).map_err(|error| format!("it says {line:?}: {error}")),
                Err(RecvTimeoutError::Disconnected) => return Err(self.last_words()),
                Err(RecvTimeoutError::Timeout) if self.has_ended() && self.reports.is_empty() => {
                    return Err(self.last_words());
                }
                Err(RecvTimeoutError::Timeout) if start.elapsed() >= self.patience => {
                    family::kill(self.process.id());
                    return Err(format!("it didn't answer within {} s", self.patience.as_secs_f64()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// How it ended and what it complained about.
    fn last_words(&mut self) -> String {
        let status = self.end().map_or_else(|error| error.to_string(), |status| status.to_string());
        let mut complaints = Vec::new();
        while let Ok(complaint) = self.complaints.recv_timeout(LOOK) {
            complaints.extend(complaint);
        }
        let complaints = String::from_utf8_lossy(&complaints);
        let complaints = complaints.trim();
        let from = complaints.char_indices().rev().nth(LAST_WORDS - 1).map_or(0, |(index, _)| index);
        format!("it ended with {status}: {}", &complaints[from..])
    }

    /// Ends its input, and with that it; kills it if that takes too long.
    fn end(&mut self) -> io::Result<ExitStatus> {
        drop(self.orders.take());
        if !family::ends_within(self.process.id(), FAREWELL.min(self.patience)) {
            family::kill(self.process.id());
        }
        self.process.wait()
    }
}

/// This program again, on this seat.
pub(super) fn this_program(seat: &Seat) -> Command {
    let mut command = Command::new(env::current_exe().unwrap_or_default());
    command.args(["contend", "--question", &seat.question, "--point", &seat.point]);
    command.args(["--contestant", &seat.contestant]);
    // Its last words are to be the message of its panic.
    command.env("RUST_BACKTRACE", "0");
    command.args(seat.trial.then_some("--trial")).args(seat.brief.then_some("--brief"));
    command
}

/// What a contestant frees in one round it keeps for the next: glibc would give it back to the system, and each round would
/// fetch it page by page.
pub(super) fn keep_memory(command: &mut Command) {
    // The second is what the first would otherwise switch off.
    command.env("MALLOC_TRIM_THRESHOLD_", "4294967296").env("MALLOC_MMAP_THRESHOLD_", "33554432");
}

fn pass_on(mut from: impl Read, to: &Sender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if to.send(buffer[..length].to_vec()).is_err() {
            break;
        }
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

impl Drop for ContenderProcess {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::ContenderProcess;
    use crate::family;

    const READY: &str = r#"echo '{"Ready":{"units":3}}'; "#;
    const SAMPLE: &str = r#"echo '{"Sample":{"wall":{"secs":1,"nanos":0},"value":2.5}}'; "#;

    /// Far longer than any of these needs, except where it is what is tested.
    const LONG: Duration = Duration::from_secs(60);

    /// A shell in the contestant's place.
    fn start(script: &str, patience: Duration) -> Result<(ContenderProcess, usize), String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        ContenderProcess::start(command, patience)
    }

    fn absence(script: &str, patience: Duration) -> String {
        let mut contender = match start(script, patience) {
            Ok((contender, _)) => contender,
            Err(reason) => return reason,
        };
        contender.round().expect_err("it fails in its first round")
    }

    #[test]
    fn who_answers_is_asked_until_the_drop() {
        let (mut contender, units) = start(&format!("{READY} while read order; do {SAMPLE} done"), LONG).unwrap();
        assert_eq!(units, 3);
        assert_eq!([(); 2].map(|()| contender.round().unwrap().value), [2.5, 2.5]);
        let start = Instant::now();
        drop(contender);
        assert!(start.elapsed() < LONG / 2, "the end of its input ends it");
    }

    #[test]
    fn who_dies_is_named_with_its_last_words() {
        assert_eq!(absence("echo sorry >&2; exit 3", LONG), "it ended with exit status: 3: sorry");
        let in_a_round = format!("{READY} read order; echo so sorry >&2; kill -KILL $$");
        assert_eq!(absence(&in_a_round, LONG), "it ended with signal: 9 (SIGKILL): so sorry");
    }

    #[test]
    fn a_child_left_behind_does_not_hide_a_death() {
        // The child holds the output open. It ends by itself when the test has long been over.
        assert_eq!(absence("sleep 100 & echo sorry >&2; exit 3", LONG), "it ended with exit status: 3: sorry");
    }

    #[test]
    fn who_hangs_is_killed_with_its_children() {
        let short = Duration::from_millis(500);
        assert_eq!(absence("sleep 1000", short), "it didn't answer within 0.5 s");
        let (mut contender, _) = start(&format!("sleep 1000 & {READY} wait"), short).unwrap();
        let children = family::descendants(contender.process.id()).unwrap();
        assert_eq!(children.len(), 1);
        assert_eq!(contender.round().unwrap_err(), "it didn't answer within 0.5 s");
        assert!(family::ends_within(children[0], LONG));
    }

    #[test]
    fn who_closes_its_output_and_lives_on_is_killed() {
        let reason = absence("exec sleep 1000 >&- 2>&-", Duration::from_millis(500));
        assert_eq!(reason, "it ended with signal: 9 (SIGKILL): ");
    }

    #[test]
    fn who_says_rubbish_is_quoted() {
        assert!(absence("echo hello; read order", LONG).starts_with("it says \"hello\": "));
        assert!(absence(&format!("{READY} {READY} read order"), LONG).ends_with("out of turn"));
    }

    #[test]
    fn who_is_missing_says_why() {
        assert_eq!(absence(r#"echo '{"Missing":"there is no loky"}'"#, LONG), "there is no loky");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let reason = ContenderProcess::start(Command::new("/nowhere/at/all"), LONG).unwrap_err();
        assert!(reason.starts_with("its process can't be started: "), "{reason}");
    }
}
