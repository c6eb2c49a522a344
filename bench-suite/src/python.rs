//! Python's pools, in a `python3` that is told on its standard input to run a round, and answers with what it took.
//!
//! The program is `python/peers.py`; its first line says whether the pool is there, each further one is the answer to a
//! line on its input. It ends with its input.
//!
//! The free-threaded pool runs in the first of `FREE_INTERPRETERS` that is on the path, all others in `python3`.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::case::Case;
use crate::contestant::{Contestant, Missing, Role};
use crate::sample::{Distribution, Sample, Span};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/peers.py");

/// What measures the pools where nobody asks for another one.
const INTERPRETER: &str = "python3";

/// The interpreters without a GIL that are looked for.
const FREE_INTERPRETERS: [&str; 2] = ["python3.14t", "python3.13t"];

/// `concurrent.futures.ThreadPoolExecutor`.
pub const THREADS: &str = "ThreadPoolExecutor";

/// The same in an interpreter without a GIL.
pub const FREE_THREADS: &str = "ThreadPoolExecutor, free-threaded";

/// `concurrent.futures.ProcessPoolExecutor`.
pub const EXECUTOR: &str = "ProcessPoolExecutor";

/// `multiprocessing.Pool`.
pub const POOL: &str = "multiprocessing.Pool";

/// `loky.get_reusable_executor`.
pub const LOKY: &str = "loky";

/// `pebble.ProcessPool`.
pub const PEBBLE: &str = "pebble.ProcessPool";

/// All of them.
pub const POOLS: [&str; 6] = [THREADS, FREE_THREADS, EXECUTOR, POOL, LOKY, PEBBLE];

/// A workload that `peers.py` knows.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// The row's name.
    pub name: &'static str,
    /// One of [`POOLS`].
    pub pool: &'static str,
    /// What is done, as the script calls it.
    pub workload: &'static str,
    /// How many threads or processes.
    pub workers: usize,
    /// How many units in a round.
    pub units: usize,
    /// What else the workload wants to know: the size of a chunk, of a payload, of a gap.
    pub parameter: usize,
    /// The answer of a round.
    pub expected: u64,
}

/// A contestant for each workload; none of them without the feature `peers`.
#[must_use]
pub fn contestants(works: impl IntoIterator<Item = Work>) -> Vec<Contestant> {
    if cfg!(not(feature = "peers")) {
        return Vec::new();
    }
    works.into_iter().map(contestant).collect()
}

/// A contestant whose work is made when it is: where the expected answer takes a while to find. `None` without the feature
/// `peers`.
pub fn lazy(name: &str, work: impl Fn() -> Work + 'static) -> Option<Contestant> {
    cfg!(feature = "peers").then(|| Contestant::fallible(name, Role::Peer, move || contestant(work()).make()))
}

/// The interpreters that are measured, with the versions of what is measured in them; empty where there are none.
#[must_use]
pub fn versions() -> Vec<String> {
    std::iter::once(INTERPRETER).chain(free_interpreter()).flat_map(versions_in).collect()
}

fn versions_in(interpreter: &str) -> Vec<String> {
    let output = Command::new(interpreter).arg(SCRIPT).arg("versions").output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

/// The first one that can be started.
fn free_interpreter() -> Option<&'static str> {
    FREE_INTERPRETERS.into_iter().find(|name| {
        let version = Command::new(name).arg("-V").stdin(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    })
}

/// What runs a pool; why it can't be run.
fn interpreter(pool: &str) -> Result<&'static str, Missing> {
    if pool != FREE_THREADS {
        return Ok(INTERPRETER);
    }
    free_interpreter().ok_or_else(|| Missing(format!("there is none of {}", FREE_INTERPRETERS.join(", "))))
}

fn contestant(work: Work) -> Contestant {
    Contestant::fallible(work.name, Role::Peer, move || {
        let mut python = Python::start(&work)?;
        Ok(Case::new(work.units, work.expected, move || python.round()))
    })
}

/// The first line of the script.
#[derive(Debug, Deserialize)]
enum Presence {
    Ready,
    Missing(String),
}

/// A round. Nanoseconds everywhere.
#[derive(Debug, Deserialize)]
struct Round {
    wall: f64,
    value: f64,
    cpu: Option<f64>,
    /// What each unit took, where they are timed one by one.
    #[serde(default)]
    units: Vec<u64>,
    #[serde(default)]
    timeline: Option<Vec<Span>>,
    answer: u64,
}

impl Round {
    fn into_sample(self) -> (Sample, u64) {
        let distribution = Distribution::of(self.units.into_iter().map(Duration::from_nanos));
        let sample = Sample {
            wall: Duration::from_nanos(self.wall as u64),
            value: self.value,
            cpu_nanos: self.cpu,
            distribution: (distribution.count() > 0).then_some(distribution),
            timeline: self.timeline,
        };
        (sample, self.answer)
    }
}

struct Python {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    fn start(work: &Work) -> Result<Self, Missing> {
        let interpreter = interpreter(work.pool)?;
        let spawned = Self::spawn(interpreter, work);
        let mut python = spawned.map_err(|error| Missing(format!("{interpreter} can't be started: {error}")))?;
        let line = python.line();
        match serde_json::from_str(&line) {
            Ok(Presence::Ready) => Ok(python),
            Ok(Presence::Missing(reason)) => Err(Missing(reason)),
            Err(error) => Err(Missing(format!("{interpreter} answers {line:?}: {error}"))),
        }
    }

    fn spawn(interpreter: &str, work: &Work) -> io::Result<Self> {
        let numbers = [work.workers, work.units, work.parameter].map(|number| number.to_string());
        let mut process = Command::new(interpreter)
            .args([SCRIPT, work.pool, work.workload])
            .args(numbers)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        Ok(Self { process, orders, answers })
    }

    fn round(&mut self) -> (Sample, u64) {
        let orders = self.orders.as_mut().expect("it is open until the drop");
        orders.write_all(b"round\n").expect("python3 reads");
        let line = self.line();
        let round: Round =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("python3 answers {line:?}: {error}"));
        round.into_sample()
    }

    /// Empty at the end of the output.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("python3 writes text");
        line
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::{Presence, Round};

    #[test]
    fn answers_are_json() {
        let read = |text: &str| serde_json::from_str::<Round>(text).map(Round::into_sample);
        let (sample, answer) = read(r#"{"wall": 1200, "value": 3.5, "cpu": null, "answer": 7}"#).unwrap();
        assert_eq!((sample.wall.as_nanos(), sample.value, sample.distribution, answer), (1200, 3.5, None, 7));
        let (sample, _) = read(r#"{"wall": 6, "value": 2.0, "cpu": 1.5, "units": [1, 2, 3], "answer": 7}"#).unwrap();
        assert_eq!((sample.cpu_nanos, sample.distribution.unwrap().count()), (Some(1.5), 3));
        assert!(read("Traceback").is_err());
        let missing: Presence = serde_json::from_str(r#"{"Missing": "there is no module loky"}"#).unwrap();
        assert!(matches!(missing, Presence::Missing(reason) if reason.ends_with("loky")));
    }
}
