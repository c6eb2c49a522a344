//! The figures of a place as rows of text, for every document.

use super::duel::{Outcome, outcome};
use super::speedup::Speedups;
use super::unit;
use crate::contestant::Role;
use crate::question::{Measure, Plot};
use crate::results::{Answer, Place, Row};

/// A table of a place.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    /// What heads the columns; the first is the contestant.
    pub(crate) columns: Vec<&'static str>,
    /// The contestants.
    pub(crate) lines: Vec<Line>,
}

/// A contestant's figures.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Who.
    pub(crate) name: String,
    /// What.
    pub(crate) role: Role,
    /// How it compares with ours; nothing for ours.
    pub(crate) outcome: Option<Outcome>,
    /// What stands in the columns but the first.
    pub(crate) cells: Vec<String>,
}

impl Figures {
    /// Of a place of an answer.
    pub(crate) fn of(answer: &Answer, place: &Place) -> Self {
        let columns = columns(answer, place);
        let lines = place.rows.iter().map(|row| Line {
            name: row.name.clone(),
            role: row.role,
            outcome: base(place, row)
                .filter(|_| row.role == Role::Peer && unit::is_contest(&answer.measure))
                .map(|base| outcome(row.ratio(base))),
            cells: columns.iter().map(|column| (column.cell)(answer, place, row)).collect(),
        });
        let lines = lines.collect();
        Self { columns: std::iter::once("").chain(columns.iter().map(|column| column.name)).collect(), lines }
    }
}

struct Column {
    name: &'static str,
    cell: fn(&Answer, &Place, &Row) -> String,
}

fn columns(answer: &Answer, place: &Place) -> Vec<Column> {
    let mut columns = vec![
        Column { name: "median", cell: |answer, _, row| unit::quantity(&answer.measure, row.spread().median) },
        Column { name: "quartiles", cell: |answer, _, row| unit::quartiles(&answer.measure, row.spread()) },
    ];
    if place.base().is_some() {
        columns.push(Column {
            name: "× ours",
            cell: |_, place, row| {
                base(place, row).map_or_else(none, |base| unit::times_with_quartiles(row.ratio(base)))
            },
        });
    }
    if place.best(Role::Floor).is_some() && place.base().is_some() {
        columns.push(Column {
            name: "× floor",
            cell: |_, place, row| match place.best(Role::Floor) {
                Some(floor) if floor.name != row.name => unit::times_with_quartiles(row.ratio(floor)),
                _ => none(),
            },
        });
    }
    if answer.plot == Plot::Scaling {
        columns.push(Column { name: "speed-up", cell: speedup });
        columns.push(Column { name: "efficiency", cell: efficiency });
    }
    let has = |present: fn(&Row) -> bool| place.rows.iter().any(present);
    if has(|row| row.distribution.is_some()) {
        columns.push(Column { name: "p50", cell: |answer, _, row| quantile(answer, row, 0.5) });
        columns.push(Column { name: "p99", cell: |answer, _, row| quantile(answer, row, 0.99) });
        columns.push(Column { name: "p99.9", cell: |answer, _, row| quantile(answer, row, 0.999) });
    }
    if has(|row| !row.cpu_nanos.is_empty()) && matches!(answer.measure, Measure::NanosPer(_)) {
        columns.push(Column {
            name: "CPU time",
            cell: |answer, _, row| row.cpu().map_or_else(none, |cpu| unit::quantity(&answer.measure, cpu.median)),
        });
        columns.push(Column { name: "CPU over wall", cell: busy });
    }
    columns
}

/// What a row is compared with: not with itself.
fn base<'a>(place: &'a Place, row: &Row) -> Option<&'a Row> {
    place.base().filter(|base| base.name != row.name)
}

fn quantile(answer: &Answer, row: &Row, part: f64) -> String {
    let value = row.distribution.as_ref().filter(|distribution| distribution.count() > 0);
    value.map_or_else(none, |distribution| unit::quantity(&answer.measure, distribution.quantile(part) as f64))
}

/// How many cores were busy.
fn busy(_: &Answer, _: &Place, row: &Row) -> String {
    let (cpu, wall) = (row.cpu(), row.spread().median);
    cpu.filter(|_| wall > 0.0).map_or_else(none, |cpu| format!("{:.2}", cpu.median / wall))
}

fn speedup(answer: &Answer, place: &Place, row: &Row) -> String {
    found(answer, place, row).map_or_else(none, unit::times)
}

fn efficiency(answer: &Answer, place: &Place, row: &Row) -> String {
    found(answer, place, row).map_or_else(none, |speedup| format!("{:.0} %", 100.0 * speedup / place.x.max(1.0)))
}

fn found(answer: &Answer, place: &Place, row: &Row) -> Option<f64> {
    let group: Vec<&Place> = answer.places.iter().filter(|other| other.group == place.group).collect();
    let all = Speedups::of(&group);
    let points = &all.iter().find(|speedups| speedups.name == row.name)?.points;
    points.iter().find(|(workers, _)| *workers == place.x).map(|(_, spread)| spread.median)
}

fn none() -> String {
    "–".into()
}

/// What a place is called, within its question.
pub(crate) fn place_name(place: &Place) -> String {
    // `back to back, pinned` is said by `back to back, 1 worker, pinned`.
    if place.group.split(", ").all(|part| place.label.contains(part)) {
        place.label.clone()
    } else {
        format!("{}: {}", place.group, place.label)
    }
}
