//! Two runs side by side, and which differences are more than noise.
//!
//! Within a run, rounds are interleaved, and a ratio is free of the machine's drift. Between two runs nothing is: the machine
//! may be faster on another day, for everybody. But peers and floors are the same code in both runs, so what *they* differ by is
//! what a day makes. A difference counts if
//!
//! 1. the boxes from lower to upper quartile of the two runs don't overlap, and
//! 2. the ratio of the medians lies outside the range in which the middle 95 % of all peers and floors lie, where there are at
//!    least [`CONTROLS`] of them.
//!
//! A test of ranks would take the rounds for independent draws from all days, which they aren't: they are of one.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

use crate::contestant::Role;
use crate::results::{Answer, Place, Results, Row};
use crate::spread::Spread;
use crate::table::number;

/// With fewer peers and floors nothing is known of what a day makes.
pub const CONTROLS: usize = 10;

/// Two runs.
#[derive(Debug)]
pub struct Comparison<'a> {
    runs: [&'a Results; 2],
    /// What peers and floors differ by: the middle 95 % of their ratios; `None` if there are too few.
    pub drift: Option<Spread>,
    /// The rows that both runs have.
    pub pairs: Vec<Pair<'a>>,
    /// What only one of them has, in words.
    pub unmatched: Vec<String>,
}

/// A contestant at a place, in both runs.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The question, from the second run.
    pub answer: &'a Answer,
    /// The place.
    pub place: &'a Place,
    /// In the first run.
    pub before: &'a Row,
    /// In the second run.
    pub after: &'a Row,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It takes less, beyond the noise.
    Better,
    /// It takes more, beyond the noise.
    Worse,
    /// Nothing that could be told from noise.
    Noise,
}

impl<'a> Comparison<'a> {
    /// Of a run `before` and one `after`.
    #[must_use]
    pub fn of(before: &'a Results, after: &'a Results) -> Self {
        let (mut pairs, mut unmatched) = (Vec::new(), Vec::new());
        for (answer, place, row) in rows(after) {
            match find(before, answer, place, row) {
                Some(other) => pairs.push(Pair { answer, place, before: other, after: row }),
                None => unmatched.push(format!("only B: {}", called(answer, place, row))),
            }
        }
        for (answer, place, row) in rows(before) {
            if find(after, answer, place, row).is_none() {
                unmatched.push(format!("only A: {}", called(answer, place, row)));
            }
        }
        let controls = pairs.iter().filter(|pair| pair.after.role != Role::Ours).map(Pair::ratio);
        let drift = middle(controls.filter(|ratio| ratio.is_finite()).collect());
        Self { runs: [before, after], drift, pairs, unmatched }
    }

    /// What became of a row.
    #[must_use]
    pub fn change(&self, pair: &Pair<'_>) -> Change {
        let (before, after) = (pair.before.spread(), pair.after.spread());
        let (low, high) = self.drift.map_or((1.0, 1.0), |drift| (drift.lower, drift.upper));
        if after.upper < before.lower && pair.ratio() < low {
            Change::Better
        } else if after.lower > before.upper && pair.ratio() > high {
            Change::Worse
        } else {
            Change::Noise
        }
    }

    fn table(&self, answer: &Answer) -> Table {
        let mut table = Table::new();
        let measure = answer.measure.to_string();
        table.load_style(presets::ASCII_MARKDOWN).set_header(vec![
            "point",
            "row",
            &format!("A, {measure}"),
            "quartiles",
            &format!("B, {measure}"),
            "quartiles",
            "B/A",
            "",
        ]);
        for pair in self.pairs.iter().filter(|pair| pair.answer.id == answer.id) {
            let (before, after) = (pair.before.spread(), pair.after.spread());
            let quartiles = |spread: Spread| format!("{} to {}", number(spread.lower), number(spread.upper));
            table.add_row(vec![
                pair.place.label.clone(),
                pair.after.name.clone(),
                number(before.median),
                quartiles(before),
                number(after.median),
                quartiles(after),
                number(pair.ratio()),
                self.change(pair).to_string(),
            ]);
        }
        for column in table.column_iter_mut().skip(2).take(5) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    /// What differs between the runs but the figures.
    fn circumstances(&self) -> Vec<String> {
        let [before, after] = self.runs;
        let mut all = Vec::new();
        let mut differ = |what: &str, before: String, after: String| {
            if before != after {
                all.push(format!("{what}: {before} in A, {after} in B"));
            }
        };
        let commit = |run: &Results| format!("{}{}", run.run.commit, if run.run.dirty { " with changes" } else { "" });
        differ("commit", commit(before), commit(after));
        differ("effort", format!("{:?}", before.run.effort), format!("{:?}", after.run.effort));
        differ("rounds", before.run.rounds.to_string(), after.run.rounds.to_string());
        differ("processor", before.machine.processor.clone(), after.machine.processor.clone());
        differ("cores", before.machine.cores.to_string(), after.machine.cores.to_string());
        differ("bytes of memory", before.machine.memory.to_string(), after.machine.memory.to_string());
        differ("kernel", before.machine.kernel.clone(), after.machine.kernel.clone());
        differ("compiler", before.machine.rustc.clone(), after.machine.rustc.clone());
        differ("Python", before.machine.pythons.join("; "), after.machine.pythons.join("; "));
        all
    }
}

impl Pair<'_> {
    /// B over A, of the medians.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        let (before, after) = (self.before.spread().median, self.after.spread().median);
        // Nothing that stays nothing hasn't changed.
        if before == after { 1.0 } else { after / before }
    }
}

/// The tables, and above them what one has to know to read them.
impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.circumstances() {
            writeln!(f, "{line}")?;
        }
        match self.drift {
            Some(drift) => writeln!(
                f,
                "peers and floors, which are the same code, take {drift} times as long in B (median, and the middle 95 %): what lies within is noise"
            )?,
            None => writeln!(f, "fewer than {CONTROLS} peers and floors: what the machine's day makes is unknown")?,
        }
        for answer in &self.runs[1].answers {
            if self.pairs.iter().any(|pair| pair.answer.id == answer.id) {
                writeln!(f, "\n# {} ({})\n\n{}", answer.title, answer.id, self.table(answer))?;
            }
        }
        if !self.unmatched.is_empty() {
            writeln!(f)?;
        }
        for text in &self.unmatched {
            writeln!(f, "{text}")?;
        }
        let count = |change| self.pairs.iter().filter(|pair| self.change(pair) == change).count();
        let (better, worse) = (count(Change::Better), count(Change::Worse));
        writeln!(f, "\n{} rows: {better} better and {worse} worse beyond the noise", self.pairs.len())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Better => "better",
            Self::Worse => "WORSE",
            Self::Noise => "noise",
        })
    }
}

fn rows(results: &Results) -> impl Iterator<Item = (&Answer, &Place, &Row)> {
    results.answers.iter().flat_map(|answer| {
        answer.places.iter().flat_map(move |place| place.rows.iter().map(move |row| (answer, place, row)))
    })
}

/// The same row of another run: an answer in another measure is another one.
fn find<'a>(results: &'a Results, answer: &Answer, place: &Place, row: &Row) -> Option<&'a Row> {
    let answer = results.answer(&answer.id).filter(|other| other.measure == answer.measure)?;
    answer.places.iter().find(|other| other.label == place.label && other.x == place.x)?.row(&row.name)
}

fn called(answer: &Answer, place: &Place, row: &Row) -> String {
    format!("{} at {}: {}", answer.id, place.label, row.name)
}

/// The median, without the fortieth part at either end.
fn middle(mut ratios: Vec<f64>) -> Option<Spread> {
    if ratios.len() < CONTROLS {
        return None;
    }
    ratios.sort_by(f64::total_cmp);
    let at = |part: f64| ratios[(part * (ratios.len() - 1) as f64).round() as usize];
    Some(Spread { lower: at(0.025), median: at(0.5), upper: at(0.975) })
}
