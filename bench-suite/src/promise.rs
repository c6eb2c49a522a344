//! What was promised of a comparison, and whether it was kept in this run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::contestant::Role;
use crate::results::{Place, Row};

/// A promise on the first row of a place, which is ours.
#[derive(Debug, Clone, Copy)]
pub enum Promise {
    /// The best peer takes at least so many times as long.
    Faster(f64),
    /// It takes at most so many times as long as the best peer.
    AtMost(f64),
    /// It takes no longer than the best peer, within the noise: the lower quartile of the ratio is at most 1.
    NoSlower,
    /// The row of this name takes at least so many times as long.
    FasterThan(&'static str, f64),
    /// It takes at most so many times as long as the row of this name.
    AtMostTimes(&'static str, f64),
    /// It takes no longer than the row of this name, within the noise.
    NoSlowerThan(&'static str),
    /// It takes at most so many nanoseconds per unit more than the floor.
    AboveFloor(f64),
    /// Over the places of a group it grows with x by at most this power: 1 is linear. For a figure per unit, whose units
    /// are x.
    Power(f64),
}

/// A promise beside what was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it was kept; `None` if the row to compare with is missing.
    pub kept: Option<bool>,
    /// What was measured, and what was promised.
    pub text: String,
}

impl Verdict {
    fn of(kept: bool, text: String) -> Self {
        Self { kept: Some(kept), text }
    }
}

impl Promise {
    /// Judges a place; `None` without a row to compare with, as where the peers weren't built. A row of a name that is
    /// missing although they were built is named.
    #[must_use]
    pub fn judge(self, place: &Place) -> Option<Verdict> {
        let ours = place.base()?;
        match self {
            Self::FasterThan(name, _) | Self::AtMostTimes(name, _) | Self::NoSlowerThan(name) => {
                let missing = || Verdict { kept: None, text: format!("there is no row {name}") };
                match place.row(name) {
                    Some(row) => Some(self.beside(ours, row)),
                    None => cfg!(feature = "peers").then(missing),
                }
            }
            Self::AboveFloor(nanos) => {
                let floor = place.best(Role::Floor)?;
                let above = ours.difference(floor);
                let text = format!("ours takes {above} ns per unit more than {}; at most {nanos}", floor.name);
                Some(Verdict::of(above.median <= nanos, text))
            }
            Self::Faster(_) | Self::AtMost(_) | Self::NoSlower => {
                Some(self.beside_the_best(ours, place.best(Role::Peer)?))
            }
            Self::Power(_) => None,
        }
    }

    /// Judges the places of a group together.
    #[must_use]
    pub fn judge_together(self, places: &[&Place]) -> Option<Verdict> {
        let Self::Power(limit) = self else { return None };
        let growth = |role: Role| {
            let best = places.iter().filter_map(|place| Some((place.x, place.best(role)?.spread().median * place.x)));
            power(&best.collect::<Vec<_>>())
        };
        let ours = growth(Role::Ours)?;
        let floor = growth(Role::Floor).map_or_else(String::new, |floor| format!(" (the floor: {floor:.3})"));
        let group = places.first().map_or("", |place| place.group.as_str());
        let of = if group.is_empty() { String::new() } else { format!(", {group},") };
        let text = format!("ours{of} grows with the units to the power of {ours:.3}{floor}; at most {limit}");
        Some(Verdict::of(ours <= limit, text))
    }

    /// The promises that name a row.
    fn beside(self, ours: &Row, row: &Row) -> Verdict {
        let (name, takes) = (&row.name, ours.ratio(row));
        match self {
            Self::AtMostTimes(_, times) => {
                Verdict::of(takes.median <= times, format!("ours takes {takes} times {name}; at most {times}"))
            }
            Self::FasterThan(_, times) => {
                let ratio = row.ratio(ours);
                Verdict::of(ratio.median >= times, format!("{name} takes {ratio} times ours; at least {times}"))
            }
            _ => {
                Verdict::of(takes.lower <= 1.0, format!("ours takes {takes} times {name}; at most 1 within the noise"))
            }
        }
    }

    fn beside_the_best(self, ours: &Row, peer: &Row) -> Verdict {
        let (name, takes) = (&peer.name, ours.ratio(peer));
        match self {
            Self::Faster(times) => {
                let ratio = peer.ratio(ours);
                let text = format!("best peer, {name}, takes {ratio} times ours; at least {times}");
                Verdict::of(ratio.median >= times, text)
            }
            Self::AtMost(times) => {
                let text = format!("ours takes {takes} times the best peer, {name}; at most {times}");
                Verdict::of(takes.median <= times, text)
            }
            _ => {
                let text = format!("ours takes {takes} times the best peer, {name}; at most 1 within the noise");
                Verdict::of(takes.lower <= 1.0, text)
            }
        }
    }
}

/// The slope of y over x, both logarithmic, by least squares.
fn power(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < 2 {
        return None;
    }
    let points: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (x.ln(), y.ln())).collect();
    let count = points.len() as f64;
    let (x_mean, y_mean) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let rise: f64 = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    let run: f64 = points.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
    Some(rise / run)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judgement = match self.kept {
            Some(true) => "kept",
            Some(false) => "MISSED",
            None => "NOT JUDGED",
        };
        write!(f, "{judgement}: {}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Promise;
    use crate::contestant::Role;
    use crate::results::{Place, Row};
    use crate::sample::Sample;

    fn row(role: Role, value: f64) -> Row {
        Row::of(&format!("{role:?}"), role, 1, vec![Sample::of(Duration::ZERO, value); 3])
    }

    fn place(x: f64, rows: Vec<Row>) -> Place {
        let (label, group) = (String::new(), String::new());
        Place { label, x, group, pinned: false, rows, missing: Vec::new(), verdicts: Vec::new() }
    }

    fn verdict(promise: Promise, rows: Vec<Row>) -> String {
        promise.judge(&place(1.0, rows)).map_or_else(|| "nothing".into(), |verdict| verdict.to_string())
    }

    #[test]
    fn the_best_peer_counts() {
        let rows = || vec![row(Role::Ours, 10.0), row(Role::Peer, 30.0), row(Role::Peer, 12.0)];
        assert!(verdict(Promise::Faster(1.3), rows()).starts_with("MISSED: best peer, Peer, takes 1.20"));
        assert!(verdict(Promise::Faster(1.1), rows()).starts_with("kept"));
        assert!(verdict(Promise::NoSlower, rows()).starts_with("kept: ours takes 0.83"));
        assert!(verdict(Promise::AtMost(0.8), rows()).starts_with("MISSED"));
        assert_eq!(verdict(Promise::AboveFloor(1.0), rows()), "nothing");
    }

    #[test]
    fn a_named_row_counts() {
        let rows = || vec![row(Role::Ours, 10.0), row(Role::Peer, 30.0), row(Role::Floor, 8.0)];
        assert!(verdict(Promise::FasterThan("Peer", 3.5), rows()).starts_with("MISSED: Peer takes 3.00"));
        assert!(verdict(Promise::AtMostTimes("Floor", 1.5), rows()).starts_with("kept: ours takes 1.25"));
        assert!(verdict(Promise::NoSlowerThan("Floor"), rows()).starts_with("MISSED"));
        let missing = if cfg!(feature = "peers") { "NOT JUDGED: there is no row python" } else { "nothing" };
        assert_eq!(verdict(Promise::FasterThan("python", 1.0), rows()), missing);
    }

    #[test]
    fn growth_is_told_by_its_power() {
        let growth = |values: [f64; 3]| {
            let places: Vec<Place> = [10.0, 100.0, 1000.0]
                .iter()
                .zip(values)
                .map(|(&x, value)| place(x, vec![row(Role::Ours, value)]))
                .collect();
            let places: Vec<&Place> = places.iter().collect();
            Promise::Power(1.1).judge_together(&places).unwrap().to_string()
        };
        assert!(growth([5.0; 3]).starts_with("kept: ours grows with the units to the power of 1.000"));
        assert!(growth([5.0, 50.0, 500.0]).starts_with("MISSED: ours grows with the units to the power of 2.000"));
    }
}
