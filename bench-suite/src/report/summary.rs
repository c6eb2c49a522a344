//! The first screen: how many times faster than what the reader uses today, and every row that we lose.

use super::duel::{Duel, Outcome, outcome};
use super::wording::{self, HEADLINES, Side, family};
use crate::contestant::Role;
use crate::results::{Answer, Place, Results, Row};
use crate::spread::Spread;

/// What a reader wants to know first.
#[derive(Debug, Clone)]
pub struct Summary<'a> {
    /// Beside the thread pools, then beside the process pools; one without a peer is left out.
    pub tables: Vec<Headline<'a>>,
    /// How many peers at how many places were slower, as fast within the noise, and faster.
    pub count: Count,
    /// What we lose, the worst first.
    pub losses: Vec<Loss<'a>>,
}

/// One of the two tables: a row per peer, a column per question.
#[derive(Debug, Clone)]
pub struct Headline<'a> {
    /// Which pool of ours.
    pub side: Side,
    /// The questions.
    pub columns: Vec<&'a Answer>,
    /// The peers, by what the reader knows them as, with how many times ours they take; and last what the machine itself
    /// takes.
    pub rows: Vec<(String, Vec<Option<Cell>>)>,
}

/// How many times ours somebody takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Over all rounds of all points.
    pub ratio: Spread,
    /// At so many points.
    pub points: usize,
}

/// How it went with all peers at all places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Ours is faster beyond the noise.
    pub won: usize,
    /// Neither is.
    pub level: usize,
    /// The peer is.
    pub lost: usize,
}

/// A peer that is better at a place.
#[derive(Debug, Clone, Copy)]
pub struct Loss<'a> {
    /// The question.
    pub answer: &'a Answer,
    /// Ours and the peer.
    pub duel: Duel<'a>,
}

impl<'a> Summary<'a> {
    /// Of all answers.
    #[must_use]
    pub fn of(results: &'a Results) -> Self {
        let mut count = Count::default();
        let mut losses = Vec::new();
        for answer in &results.answers {
            for duel in answer.places.iter().flat_map(Duel::all) {
                match duel.outcome() {
                    Outcome::Won => count.won += 1,
                    Outcome::Level => count.level += 1,
                    Outcome::Lost => {
                        count.lost += 1;
                        losses.push(Loss { answer, duel });
                    }
                }
            }
        }
        losses.sort_by(|a, b| a.duel.ratio.median.total_cmp(&b.duel.ratio.median));
        let tables = HEADLINES.iter().map(|(side, ids)| Headline::of(results, *side, ids));
        Self { tables: tables.filter(|table| table.rows.len() > 1).collect(), count, losses }
    }

    /// The losses by question and peer, with how many there are of each; the worst stands for them all.
    #[must_use]
    pub fn worst_losses(&self) -> Vec<(Loss<'a>, usize)> {
        let mut worst: Vec<(Loss<'a>, usize)> = Vec::new();
        for loss in &self.losses {
            let same = |(other, _): &&mut (Loss<'a>, usize)| {
                other.answer.id == loss.answer.id && other.duel.peer.name == loss.duel.peer.name
            };
            match worst.iter_mut().find(same) {
                Some((_, count)) => *count += 1,
                None => worst.push((*loss, 1)),
            }
        }
        worst
    }
}

impl<'a> Headline<'a> {
    fn of(results: &'a Results, side: Side, ids: &[&str]) -> Self {
        let answers: Vec<&Answer> = ids.iter().filter_map(|id| results.answer(id)).collect();
        let mut names: Vec<String> = Vec::new();
        for (row, answer) in answers.iter().flat_map(|answer| rows(answer).map(move |row| (row, *answer))) {
            if let Some(name) = competitor(&row.name, row.role, side, answer)
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        let columns: Vec<&Answer> = answers
            .into_iter()
            .filter(|answer| names.iter().any(|name| Cell::of_peer(answer, side, name).is_some()))
            .collect();
        let cells = |name: &str| columns.iter().map(|answer| Cell::of_peer(answer, side, name)).collect::<Vec<_>>();
        let mut rows: Vec<_> = names.iter().map(|name| (name.clone(), cells(name))).collect();
        rows.push(("this machine’s floor".into(), columns.iter().map(|answer| Cell::of_floor(answer, side)).collect()));
        Self { side, columns, rows }
    }
}

impl Cell {
    /// Of a peer's best recipe at each place where there is one.
    fn of_peer(answer: &Answer, side: Side, name: &str) -> Option<Self> {
        let ratios = answer.places.iter().filter_map(|place| {
            let ours = ours(place, side)?;
            let rows =
                place.rows.iter().filter(|row| competitor(&row.name, row.role, side, answer).as_deref() == Some(name));
            let best = rows.min_by(|a, b| a.spread().median.total_cmp(&b.spread().median))?;
            Some(per_round(best, ours))
        });
        Self::pooled(ratios.collect())
    }

    fn of_floor(answer: &Answer, side: Side) -> Option<Self> {
        let ratios =
            answer.places.iter().filter_map(|place| Some(per_round(place.best(Role::Floor)?, ours(place, side)?)));
        Self::pooled(ratios.collect())
    }

    fn pooled(places: Vec<Vec<f64>>) -> Option<Self> {
        let points = places.len();
        let ratios: Vec<f64> = places.into_iter().flatten().filter(|ratio| ratio.is_finite()).collect();
        (!ratios.is_empty()).then(|| Self { ratio: Spread::of(ratios), points })
    }

    /// Who is better.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        outcome(self.ratio)
    }
}

fn rows(answer: &Answer) -> impl Iterator<Item = &Row> {
    answer.places.iter().flat_map(|place| &place.rows)
}

/// What a peer is known as, if it competes on this side.
fn competitor(name: &str, role: Role, side: Side, answer: &Answer) -> Option<String> {
    let (family, known) = family(name);
    let by_question = if answer.id.starts_with("process") { Side::Processes } else { Side::Threads };
    (role == Role::Peer && known.unwrap_or(by_question) == side).then_some(family)
}

/// Our row for a side: where a place has both of our pools, the one that is meant.
fn ours(place: &Place, side: Side) -> Option<&Row> {
    let meant = match side {
        Side::Threads => "threads",
        Side::Processes => "processes",
    };
    let rows = || place.rows.iter().filter(|row| row.role == Role::Ours);
    rows().find(|row| row.name.contains(meant)).or_else(|| place.base().filter(|base| base.role == Role::Ours))
}

fn per_round(row: &Row, base: &Row) -> Vec<f64> {
    row.values.iter().zip(&base.values).map(|(own, base)| own / base).collect()
}

/// What heads a column.
pub(crate) fn column(answer: &Answer) -> String {
    wording::short(&answer.id)
}
