use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::effort::{Effort, Plan};

/// What was run, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// When it began, in seconds since 1970.
    pub began: u64,
    /// How long it took.
    pub seconds: f64,
    /// How thorough it was.
    pub effort: Effort,
    /// How many rounds were measured.
    pub rounds: usize,
    /// What was typed after the program's name, but for where the report goes.
    pub arguments: Vec<String>,
    /// The commit of the checkout; empty where there is none.
    pub commit: String,
    /// Whether files differed from that commit.
    pub dirty: bool,
    /// The load averages of the last minute before and after.
    pub load: [f64; 2],
    /// Whether the peers were built in.
    pub peers: bool,
}

/// Where something was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many threads can run at once, for this process.
    pub cores: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// The kernel.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
    /// Interpreters and their packages, where there are any.
    pub pythons: Vec<String>,
}

impl Run {
    /// A run that begins now.
    #[must_use]
    pub fn begin(effort: Effort, plan: Plan, arguments: Vec<String>) -> Self {
        Self {
            began: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            seconds: 0.0,
            effort,
            rounds: plan.rounds,
            arguments: without_place(arguments),
            commit: output("git", &["rev-parse", "HEAD"]).unwrap_or_default(),
            dirty: output("git", &["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty()),
            load: [load(); 2],
            peers: cfg!(feature = "peers"),
        }
    }

    /// It ends after so many seconds.
    #[must_use]
    pub fn end(mut self, seconds: f64) -> Self {
        self.seconds = seconds;
        self.load[1] = load();
        self
    }
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn here() -> Self {
        let release = |what: &str| fs::read_to_string(format!("/proc/sys/kernel/{what}")).unwrap_or_default();
        Self {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".into()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory(),
            kernel: format!("{} {}", release("ostype").trim(), release("osrelease").trim()),
            rustc: output("rustc", &["--version"]).unwrap_or_else(|| "unknown compiler".into()),
            pythons: crate::python::versions(),
        }
    }
}

/// Bytes of memory; 0 if the system doesn't tell.
#[must_use]
pub fn memory() -> u64 {
    field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes * 1024)
}

/// Where the report goes is nobody's concern, and a path of this machine.
fn without_place(arguments: Vec<String>) -> Vec<String> {
    let mut given = arguments.into_iter();
    let mut kept = Vec::new();
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--out" => drop(given.next()),
            other if other.starts_with("--out=") => {}
            _ => kept.push(argument),
        }
    }
    kept
}

/// The value behind a name in a file of `name : value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What a command prints; `None` if it isn't there or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::without_place;

    #[test]
    fn a_run_keeps_no_path_of_the_machine() {
        let arguments = "--full --out /somewhere --rounds 3 --out=/elsewhere".split(' ').map(str::to_owned);
        assert_eq!(without_place(arguments.collect()).join(" "), "--full --rounds 3");
    }
}
