//! One contestant on one workload, ready to run again and again.

use std::fmt;
use std::time::{Duration, Instant};

use crate::cpu::Meter;
use crate::sample::{Distribution, Sample};

/// Measures wall time, and the CPU time of this process and its descendants.
#[derive(Debug)]
pub struct Stopwatch {
    wall: Instant,
    cpu: Meter,
}

impl Stopwatch {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        Self { cpu: Meter::start(), wall: Instant::now() }
    }

    /// Ends a run of `units`: the figure is nanoseconds per unit.
    #[must_use]
    pub fn stop(self, units: usize) -> Sample {
        let wall = self.wall.elapsed();
        let sample = Sample::of(wall, nanos(wall) / units as f64);
        Sample { cpu_nanos: self.cpu_nanos_per(units), ..sample }
    }

    /// Ends a run whose units were timed one by one: the figure is their median.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[must_use]
    pub fn stop_each(self, mut units: Vec<Duration>) -> Sample {
        let cpu_nanos = self.cpu_nanos_per(units.len());
        let distribution = Distribution::of(units.iter().copied());
        units.sort_unstable();
        let sample = Sample::of(units.iter().sum(), nanos(units[units.len() / 2]));
        Sample { cpu_nanos, ..sample.distribution(distribution) }
    }

    fn cpu_nanos_per(&self, units: usize) -> Option<f64> {
        self.cpu.used().map(|used| nanos(used) / units as f64)
    }
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// A contestant on a workload, ready to run.
pub struct Case {
    units: usize,
    expected: u64,
    run: Box<dyn FnMut() -> (Sample, u64)>,
}

impl Case {
    /// A case of `units` per run. `run` gives what it measured and its answer, which must be `expected`.
    pub fn new(units: usize, expected: u64, run: impl FnMut() -> (Sample, u64) + 'static) -> Self {
        Self { units, expected, run: Box::new(run) }
    }

    /// How many units one run has.
    #[must_use]
    pub fn units(&self) -> usize {
        self.units
    }

    /// Runs it once.
    ///
    /// # Errors
    ///
    /// If the answer is wrong.
    pub fn run(&mut self) -> Result<Sample, WrongAnswer> {
        let (sample, answer) = (self.run)();
        if answer == self.expected { Ok(sample) } else { Err(WrongAnswer { answer, expected: self.expected }) }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("units", &self.units).finish_non_exhaustive()
    }
}

/// A contestant computes something else than it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongAnswer {
    answer: u64,
    expected: u64,
}

impl fmt::Display for WrongAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its answer is {} instead of {}", self.answer, self.expected)
    }
}

impl std::error::Error for WrongAnswer {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Case;
    use crate::sample::Sample;

    #[test]
    fn a_wrong_answer_is_an_error() {
        let mut answers = [7, 8].into_iter();
        let mut case = Case::new(1, 7, move || (Sample::of(Duration::ZERO, 1.0), answers.next().unwrap_or_default()));
        assert!(case.run().is_ok());
        assert_eq!(case.run().unwrap_err().to_string(), "its answer is 8 instead of 7");
    }
}
