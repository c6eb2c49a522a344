//! One row of a table: one contender on one workload.

use std::fmt;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

/// What a row is, for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// This project.
    Ours,
    /// Another pool on the same work.
    Peer,
    /// What the machine or plain code needs for the same: nobody can be better.
    Floor,
}

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The time that was measured, in total.
    pub wall: Duration,
    /// Nanoseconds per unit: the figure.
    pub nanos: f64,
    /// Nanoseconds of CPU time per unit, of the whole process.
    pub cpu_nanos: f64,
    /// The slowest unit but for one in a hundred, where units are timed one by one.
    pub p99_nanos: Option<f64>,
}

/// Measures wall time and CPU time.
#[derive(Debug)]
pub struct Stopwatch {
    wall: Instant,
    cpu: ProcessTime,
}

impl Stopwatch {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        Self { cpu: ProcessTime::now(), wall: Instant::now() }
    }

    /// Ends a run of `units`.
    #[must_use]
    pub fn stop(self, units: usize) -> Sample {
        let wall = self.wall.elapsed();
        let cpu = self.cpu.elapsed();
        Sample { wall, nanos: nanos(wall) / units as f64, cpu_nanos: nanos(cpu) / units as f64, p99_nanos: None }
    }

    /// Ends a run whose units were timed one by one: the figure is their median.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[must_use]
    pub fn stop_each(self, mut units: Vec<Duration>) -> Sample {
        let cpu = self.cpu.elapsed();
        units.sort_unstable();
        Sample {
            wall: units.iter().sum(),
            nanos: nanos(units[units.len() / 2]),
            cpu_nanos: nanos(cpu) / units.len() as f64,
            p99_nanos: Some(nanos(units[units.len() * 99 / 100])),
        }
    }
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// A contender on a workload, ready to run.
pub struct Case {
    name: String,
    role: Role,
    units: usize,
    expected: u64,
    run: Box<dyn FnMut() -> (Sample, u64)>,
}

impl Case {
    /// A case of `units` per run. `run` gives what it measured and its answer, which must be `expected`: it runs once
    /// here, before anything is timed, and is compared after each run.
    pub fn new(
        name: impl Into<String>,
        role: Role,
        units: usize,
        expected: u64,
        run: impl FnMut() -> (Sample, u64) + 'static,
    ) -> Self {
        let mut case = Self { name: name.into(), role, units, expected, run: Box::new(run) };
        case.run();
        case
    }

    /// The row's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the row is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// How many units one run has.
    #[must_use]
    pub fn units(&self) -> usize {
        self.units
    }

    /// Runs it once.
    ///
    /// # Panics
    ///
    /// If the answer is wrong.
    pub fn run(&mut self) -> Sample {
        let (sample, answer) = (self.run)();
        assert_eq!(answer, self.expected, "{} gives a wrong answer", self.name);
        sample
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}
