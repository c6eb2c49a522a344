//! CPython's pools, in a `python3` that is told on its standard input to run a round, and answers with what it took.
//!
//! The program is `python/peers.py`. Without `python3` its rows are missing, which is said.

use std::io;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::case::{Case, Role, Sample};
use crate::table::print_line;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/peers.py");

/// `multiprocessing.Pool`.
pub const POOL: &str = "multiprocessing.Pool";

/// `concurrent.futures.ProcessPoolExecutor`.
pub const EXECUTOR: &str = "ProcessPoolExecutor";

/// A workload that `peers.py` knows.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// The row's name.
    pub name: &'static str,
    /// [`POOL`] or [`EXECUTOR`].
    pub pool: &'static str,
    /// What is done, as the script calls it.
    pub workload: &'static str,
    /// How many processes.
    pub workers: usize,
    /// How many units in a round.
    pub units: usize,
    /// What else the workload wants to know: the size of a chunk, of a payload, of a gap.
    pub parameter: usize,
    /// The answer of a round.
    pub expected: u64,
}

/// The cases of some workloads; none of them without the feature `peers`.
#[must_use]
pub fn cases(works: impl IntoIterator<Item = Work>) -> Vec<Case> {
    if cfg!(not(feature = "peers")) {
        return Vec::new();
    }
    works.into_iter().filter_map(case).collect()
}

fn case(work: Work) -> Option<Case> {
    match Python::start(&work) {
        Ok(mut python) => Some(Case::new(work.name, Role::Peer, work.units, work.expected, move || python.round())),
        Err(error) => {
            print_line(&format!("python3 can't be started ({error}): there is no row {}", work.name));
            None
        }
    }
}

struct Python {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    fn start(work: &Work) -> io::Result<Self> {
        let numbers = [work.workers, work.units, work.parameter].map(|number| number.to_string());
        let mut process = Command::new("python3")
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
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("python3 answers");
        parse(&line).unwrap_or_else(|| panic!("python3 answers {line:?}"))
    }
}

/// Reads `[wall, nanoseconds per unit, p99 or null, answer]`.
fn parse(line: &str) -> Option<(Sample, u64)> {
    let fields: Vec<&str> = line.trim().strip_prefix('[')?.strip_suffix(']')?.split(", ").collect();
    let &[wall, nanos, p99_nanos, answer] = fields.as_slice() else { return None };
    let sample = Sample {
        wall: Duration::from_nanos(wall.parse().ok()?),
        nanos: nanos.parse().ok()?,
        cpu_nanos: f64::NAN, // it is another process
        p99_nanos: p99_nanos.parse().ok(),
    };
    Some((sample, answer.parse().ok()?))
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_is_a_list_in_json() {
        let (sample, answer) = parse("[1200, 3.5, null, 7]\n").unwrap();
        assert_eq!((sample.wall.as_nanos(), sample.nanos, sample.p99_nanos, answer), (1200, 3.5, None, 7));
        assert_eq!(parse("[1, 2.0, 9.5, 3]").unwrap().0.p99_nanos, Some(9.5));
        assert!(parse("Traceback").is_none());
    }
}
