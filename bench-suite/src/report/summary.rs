//! The first screen: how many times faster than what the reader uses today, and every row that we lose.

use super::duel::{Duel, Outcome, outcome};
use super::unit;
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
    /// How it went at each of the points.
    pub count: Count,
}

/// How it went at several points together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Ours is faster at some, slower at none.
    Ahead,
    /// The same at all of them, within the noise.
    Level,
    /// Ours is faster at some and slower at others.
    Mixed,
    /// Ours is slower at some, faster at none.
    Behind,
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
        for answer in results.answers.iter().filter(|answer| unit::is_contest(&answer.measure)) {
            for duel in answer.places.iter().flat_map(Duel::all) {
                count.add(duel.outcome());
                if duel.outcome() == Outcome::Lost {
                    losses.push(Loss { answer, duel });
                }
            }
        }
        losses.sort_by(|a, b| a.duel.ratio.median.total_cmp(&b.duel.ratio.median));
        let tables = HEADLINES.iter().map(|(side, ids)| Headline::of(results, *side, ids));
        Self { tables: tables.filter(|table| table.rows.len() > 1).collect(), count, losses }
    }

    /// The worst loss of each question that has one, with how many rows of how many are lost there.
    #[must_use]
    pub fn worst_losses(&self) -> Vec<(Loss<'a>, usize, usize)> {
        let mut worst: Vec<(Loss<'a>, usize, usize)> = Vec::new();
        for loss in &self.losses {
            match worst.iter_mut().find(|(other, ..)| other.answer.id == loss.answer.id) {
                Some((_, lost, _)) => *lost += 1,
                None => worst.push((*loss, 1, loss.answer.places.iter().flat_map(Duel::all).count())),
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
        Self::pooled(answer.places.iter().filter_map(|place| {
            let is_meant = |row: &&Row| competitor(&row.name, row.role, side, answer).as_deref() == Some(name);
            let rows = place.rows.iter().filter(is_meant);
            let best = rows.min_by(|a, b| a.spread().median.total_cmp(&b.spread().median))?;
            Some((best, ours(place, side)?))
        }))
    }

    fn of_floor(answer: &Answer, side: Side) -> Option<Self> {
        Self::pooled(answer.places.iter().filter_map(|place| Some((place.best(Role::Floor)?, ours(place, side)?))))
    }

    fn pooled<'a>(pairs: impl Iterator<Item = (&'a Row, &'a Row)>) -> Option<Self> {
        let (mut count, mut ratios) = (Count::default(), Vec::new());
        for (other, ours) in pairs {
            count.add(outcome(other.ratio(ours)));
            ratios.extend(other.values.iter().zip(&ours.values).map(|(other, ours)| other / ours));
        }
        ratios.retain(|ratio| ratio.is_finite());
        (!ratios.is_empty()).then(|| Self { ratio: Spread::of(ratios), count })
    }
}

impl Count {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Won => self.won += 1,
            Outcome::Level => self.level += 1,
            Outcome::Lost => self.lost += 1,
        }
    }

    /// How many points there are.
    #[must_use]
    pub fn all(self) -> usize {
        self.won + self.level + self.lost
    }

    /// How it went altogether.
    #[must_use]
    pub fn standing(self) -> Standing {
        match (self.won, self.lost) {
            (0, 0) => Standing::Level,
            (_, 0) => Standing::Ahead,
            (0, _) => Standing::Behind,
            _ => Standing::Mixed,
        }
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

/// What heads a column.
pub(crate) fn column(answer: &Answer) -> String {
    wording::short(&answer.id)
}
