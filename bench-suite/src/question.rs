//! What somebody asks who has to choose: a title, and the points at which it is measured.

use serde::{Deserialize, Serialize};

use crate::contestant::Contestant;
use crate::effort::Effort;
use crate::promise::Promise;

/// A question that a run answers. [`crate::questions`] has them all, one file each.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its name on the command line and in the results: `thread_round_trip`.
    pub id: &'static str,
    /// The question, as somebody would ask it.
    pub title: &'static str,
    /// What exactly is timed, how, and what makes the comparison fair or unfair: a paragraph or two.
    pub method: &'static str,
    /// What a figure says.
    pub measure: Measure,
    /// What the points lie along.
    pub axis: Axis,
    /// How the answer is drawn.
    pub plot: Plot,
    /// Whether a brief run has it.
    pub brief: bool,
    /// Whether a contestant's allocator keeps for the next round what one has freed. Between threads, fetching it from the
    /// system again is the same for all, and would hide what they cost. Between processes memory is part of the question.
    pub keeps_memory: bool,
    /// The points, for an effort. Called in the process that asks and in those that measure: it must not depend on chance.
    pub points: fn(Effort) -> Vec<Point>,
    /// What is promised of the points together.
    pub promises: &'static [Promise],
}

impl Question {
    /// The point of this name.
    #[must_use]
    pub fn point(&self, label: &str, effort: Effort) -> Option<Point> {
        (self.points)(effort).into_iter().find(|point| point.label == label)
    }
}

/// One place on the axis: contestants on the same work. The first one is ours, and the base of the ratios.
#[derive(Debug)]
pub struct Point {
    /// Its name within the question: `1 worker`, `64 KiB, pinned`.
    pub label: String,
    /// Where on the axis it lies.
    pub x: f64,
    /// Which curve it belongs to, where a question has several: `Mandelbrot`, `pinned`. The series of a plot are made of the
    /// contestants within a group.
    pub group: String,
    /// Whether everybody keeps to one core.
    pub pinned: bool,
    /// Who is measured there.
    pub contestants: Vec<Contestant>,
    /// What is promised of the first contestant.
    pub promises: Vec<Promise>,
}

impl Point {
    /// A point at `x`.
    pub fn new(label: impl Into<String>, x: f64, contestants: Vec<Contestant>) -> Self {
        let (label, group) = (label.into(), String::new());
        Self { label, x, group, pinned: false, contestants, promises: Vec::new() }
    }

    /// With a promise of the first contestant.
    #[must_use]
    pub fn promise(mut self, promise: Promise) -> Self {
        self.promises.push(promise);
        self
    }

    /// As part of a curve of its own.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }

    /// The same on one core, where nobody is idle while there is something to do: waking an idle core takes 5 to 60 us, as
    /// the machine likes. The children of a contestant inherit the core, CPython too.
    #[must_use]
    pub fn pinned(mut self) -> Self {
        self.pinned = true;
        self.label += ", pinned";
        self.group = if self.group.is_empty() { "pinned".into() } else { self.group + ", pinned" };
        self
    }
}

/// What the points lie along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis<Text = &'static str> {
    /// What it is: `workers`, `payload, bytes`; empty where the points are only names.
    pub name: Text,
    /// Whether it is drawn logarithmic.
    pub logarithmic: bool,
}

/// What a figure says. Less is better, except for the speed-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure<Text = &'static str> {
    /// Nanoseconds per this unit: `task`, `item`.
    NanosPer(Text),
    /// Bytes per this unit.
    BytesPer(Text),
    /// So many of these: `distinct workers`.
    Count(Text),
    /// Microseconds of CPU time in a second of this: `idleness`.
    CpuMicrosPerSecond(Text),
}

impl Axis {
    /// As it is stored.
    #[must_use]
    pub fn owned(self) -> Axis<String> {
        Axis { name: self.name.to_owned(), logarithmic: self.logarithmic }
    }
}

impl Measure {
    /// As it is stored.
    #[must_use]
    pub fn owned(self) -> Measure<String> {
        match self {
            Self::NanosPer(unit) => Measure::NanosPer(unit.to_owned()),
            Self::BytesPer(unit) => Measure::BytesPer(unit.to_owned()),
            Self::Count(things) => Measure::Count(things.to_owned()),
            Self::CpuMicrosPerSecond(of) => Measure::CpuMicrosPerSecond(of.to_owned()),
        }
    }
}

impl<Text: std::fmt::Display> std::fmt::Display for Measure<Text> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NanosPer(unit) => write!(f, "ns/{unit}"),
            Self::BytesPer(unit) => write!(f, "bytes/{unit}"),
            Self::Count(things) => write!(f, "{things}"),
            Self::CpuMicrosPerSecond(of) => write!(f, "us of CPU per second of {of}"),
        }
    }
}

/// How an answer is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plot {
    /// A bar per contestant, one group of bars per point.
    Bars,
    /// A line per contestant over the axis.
    Lines,
    /// Duration over percentile, a line per contestant, from the distributions.
    Percentiles,
    /// A line of speed-ups per contestant over the workers, with the fit of the Universal Scalability Law.
    Scaling,
    /// A lane per worker and a bar per task.
    Timeline,
}
