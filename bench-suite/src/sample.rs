//! What one run of a case gave.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// What one run took. Crosses from the process that measured to the one that asked, and into the results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The time that was measured, in total.
    pub wall: Duration,
    /// The figure, in the question's measure: mostly nanoseconds per unit.
    pub value: f64,
    /// Nanoseconds of CPU time per unit, of the process and of its workers; `None` where nobody counted them.
    pub cpu_nanos: Option<f64>,
    /// How the units were distributed, where they were timed one by one.
    pub distribution: Option<Distribution>,
    /// Who ran what and when, where that is the question.
    pub timeline: Option<Vec<Span>>,
}

impl Sample {
    /// A figure, and the time that it took to find it.
    #[must_use]
    pub fn of(wall: Duration, value: f64) -> Self {
        Self { wall, value, ..Self::default() }
    }

    /// With the CPU time per unit.
    #[must_use]
    pub fn cpu(mut self, nanos: f64) -> Self {
        self.cpu_nanos = Some(nanos);
        self
    }

    /// With the distribution of the units.
    #[must_use]
    pub fn distribution(mut self, distribution: Distribution) -> Self {
        self.distribution = Some(distribution);
        self
    }

    /// With who ran what.
    #[must_use]
    pub fn timeline(mut self, spans: Vec<Span>) -> Self {
        self.timeline = Some(spans);
        self
    }
}

/// One task on one worker, for a picture of them all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The worker: the name of a thread, the number of a process.
    pub worker: String,
    /// What the task is called.
    pub task: String,
    /// When it began, in microseconds from the first submit.
    pub start_us: f64,
    /// When it ended.
    pub end_us: f64,
}

/// How often which duration was seen, in nanoseconds: the buckets of an [`hdrhistogram`] of three digits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// `(nanoseconds, times)`, ascending, none of them empty.
    pub buckets: Vec<(u64, u64)>,
}

impl Distribution {
    /// Of some durations.
    #[must_use]
    pub fn of(durations: impl IntoIterator<Item = Duration>) -> Self {
        let mut histogram = empty();
        for duration in durations {
            record(&mut histogram, duration.as_nanos().try_into().unwrap_or(u64::MAX), 1);
        }
        Self::from_histogram(&histogram)
    }

    /// Of several runs as one.
    #[must_use]
    pub fn merged<'a>(runs: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut histogram = empty();
        for &(nanos, times) in runs.into_iter().flat_map(|run| &run.buckets) {
            record(&mut histogram, nanos, times);
        }
        Self::from_histogram(&histogram)
    }

    /// The duration that a part of them, 0 to 1, doesn't exceed, in nanoseconds; 0 if there are none.
    #[must_use]
    pub fn quantile(&self, part: f64) -> u64 {
        let mut histogram = empty();
        for &(nanos, times) in &self.buckets {
            record(&mut histogram, nanos, times);
        }
        histogram.value_at_quantile(part)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|&(_, times)| times).sum()
    }

    fn from_histogram(histogram: &Histogram<u64>) -> Self {
        let buckets = histogram.iter_recorded();
        Self { buckets: buckets.map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value())).collect() }
    }
}

fn record(histogram: &mut Histogram<u64>, nanos: u64, times: u64) {
    histogram.record_n(nanos, times).expect("it grows with what is recorded");
}

fn empty() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are allowed")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Distribution;

    #[test]
    fn runs_are_merged_and_quantiles_read_from_what_was_stored() {
        let runs = [1..=500, 501..=1000].map(|range| Distribution::of(range.map(Duration::from_nanos)));
        let merged = Distribution::merged(&runs);
        assert_eq!(merged.count(), 1000);
        assert_eq!([0.5, 0.99, 1.0].map(|part| merged.quantile(part)), [500, 990, 1000]);
        assert_eq!(Distribution::default().quantile(0.5), 0);
    }
}
