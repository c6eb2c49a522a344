//! What a run found: the contents of `results.json`, from which every report is made.
//!
//! ```text
//!   Results ── Run, Machine
//!      └── Answer       one question
//!            └── Place  one point on its axis
//!                 └── Row  one contestant: a figure for each round, in the order of the rounds
//! ```
//!
//! The figures of one round stand at the same index in all rows of a place, so that ratios can be taken within a round.

mod machine;

pub use machine::{Machine, Run, memory};

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::contestant::Role;
use crate::promise::Verdict;
use crate::question::{Axis, Measure, Plot, Question};
use crate::sample::{Distribution, Sample, Span};
use crate::spread::Spread;

/// The version of the format. It is raised when a reader of an older one would misunderstand.
pub const SCHEMA: u32 = 1;

/// Everything a run found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA`] of who wrote it.
    pub schema: u32,
    /// What was run, and when.
    pub run: Run,
    /// Where.
    pub machine: Machine,
    /// In the order of the questions.
    pub answers: Vec<Answer>,
}

/// What a run found about one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question's name.
    pub id: String,
    /// The question.
    pub title: String,
    /// What was timed, and how.
    pub method: String,
    /// What a figure says.
    pub measure: Measure<String>,
    /// What the places lie along.
    pub axis: Axis<String>,
    /// How it is drawn.
    pub plot: Plot,
    /// The points.
    pub places: Vec<Place>,
    /// What was promised of the points together.
    pub verdicts: Vec<Verdict>,
}

/// What was found at one point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The point's name.
    pub label: String,
    /// Where it lies on the axis.
    pub x: f64,
    /// The curve that it belongs to; empty where there is one only.
    pub group: String,
    /// Whether everybody kept to one core.
    pub pinned: bool,
    /// Who was measured; the first is ours.
    pub rows: Vec<Row>,
    /// Who wasn't, and why.
    pub missing: Vec<Absent>,
    /// What was promised.
    pub verdicts: Vec<Verdict>,
}

/// Who took no part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// The row's name.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// One contestant at one point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Ours, a peer, or a floor.
    pub role: Role,
    /// How many units a round had.
    pub units: usize,
    /// The figure of each round.
    pub values: Vec<f64>,
    /// Nanoseconds of wall time of each round.
    pub wall_nanos: Vec<u64>,
    /// Nanoseconds of CPU time per unit of each round; empty where nobody counted.
    pub cpu_nanos: Vec<f64>,
    /// The units of all rounds, where they were timed one by one.
    pub distribution: Option<Distribution>,
    /// Who ran what in the last round, where that is the question.
    pub timeline: Option<Vec<Span>>,
}

impl Row {
    /// Of the samples of the measured rounds.
    #[must_use]
    pub fn of(name: &str, role: Role, units: usize, mut samples: Vec<Sample>) -> Self {
        let distributions: Vec<_> = samples.iter().filter_map(|sample| sample.distribution.as_ref()).collect();
        let distribution = (!distributions.is_empty()).then(|| Distribution::merged(distributions));
        Self {
            name: name.to_owned(),
            role,
            units,
            values: samples.iter().map(|sample| sample.value).collect(),
            wall_nanos: samples.iter().map(|sample| sample.wall.as_nanos().try_into().unwrap_or(u64::MAX)).collect(),
            cpu_nanos: samples.iter().filter_map(|sample| sample.cpu_nanos).collect(),
            distribution,
            timeline: samples.pop().and_then(|last| last.timeline),
        }
    }

    /// The figure over the rounds.
    #[must_use]
    pub fn spread(&self) -> Spread {
        Spread::of(self.values.iter().copied())
    }

    /// CPU time per unit over the rounds.
    #[must_use]
    pub fn cpu(&self) -> Option<Spread> {
        (!self.cpu_nanos.is_empty()).then(|| Spread::of(self.cpu_nanos.iter().copied()))
    }

    /// How many times the figure of `base` this is: the ratio of each round, then their median.
    #[must_use]
    pub fn ratio(&self, base: &Self) -> Spread {
        self.pairs(base, |own, base| own / base)
    }

    /// How much more than the figure of `base` this is: the difference of each round, then their median.
    #[must_use]
    pub fn difference(&self, base: &Self) -> Spread {
        self.pairs(base, |own, base| own - base)
    }

    fn pairs(&self, base: &Self, of: impl Fn(f64, f64) -> f64) -> Spread {
        Spread::of(self.values.iter().zip(&base.values).map(|(&own, &base)| of(own, base)))
    }
}

impl Place {
    /// The best row of a role.
    #[must_use]
    pub fn best(&self, role: Role) -> Option<&Row> {
        let rows = self.rows.iter().filter(|row| row.role == role);
        rows.min_by(|a, b| a.spread().median.total_cmp(&b.spread().median))
    }

    /// The row that ratios are taken to: the first, if it is no floor.
    #[must_use]
    pub fn base(&self) -> Option<&Row> {
        self.rows.first().filter(|row| row.role != Role::Floor)
    }

    /// The row of this name.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }
}

impl Answer {
    /// What was found at the points of a question.
    #[must_use]
    pub fn to(question: &Question, places: Vec<Place>, verdicts: Vec<Verdict>) -> Self {
        Self {
            id: question.id.to_owned(),
            title: question.title.to_owned(),
            method: question.method.to_owned(),
            measure: question.measure.owned(),
            axis: question.axis.owned(),
            plot: question.plot,
            places,
            verdicts,
        }
    }
}

impl Results {
    /// The answer to a question.
    #[must_use]
    pub fn answer(&self, id: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.id == id)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it can't be read, or has another schema.
    pub fn load(path: &Path) -> io::Result<Self> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {text}", path.display()));
        let file =
            File::open(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        let value: serde_json::Value =
            serde_json::from_reader(BufReader::new(file)).map_err(|error| invalid(error.to_string()))?;
        let schema = value.get("schema").and_then(serde_json::Value::as_u64);
        if schema != Some(u64::from(SCHEMA)) {
            let found = schema.map_or_else(|| "no schema".to_owned(), |schema| format!("schema {schema}"));
            return Err(invalid(format!("it has {found}, and this program reads {SCHEMA}: measure again")));
        }
        serde_json::from_value(value).map_err(|error| invalid(error.to_string()))
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// If it can't be written.
    pub fn store(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec(self).map_err(io::Error::other)?;
        text.push(b'\n');
        File::create(path)?.write_all(&text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Row;
    use crate::contestant::Role;
    use crate::sample::Sample;

    fn row(values: &[f64]) -> Row {
        let samples = values.iter().map(|&value| Sample::of(Duration::ZERO, value)).collect();
        Row::of("row", Role::Peer, 1, samples)
    }

    #[test]
    fn ratios_and_differences_are_taken_within_a_round() {
        let (slow, fast) = (row(&[20.0, 90.0, 40.0]), row(&[10.0, 30.0, 20.0]));
        assert_eq!(slow.ratio(&fast).median, 2.0);
        assert_eq!(slow.difference(&fast).median, 20.0);
    }
}
