//! What was promised of a comparison, and whether it was kept in this run.

use std::fmt;

use crate::case::{Case, Role};
use crate::interleave::Rounds;

/// A promise on the first case, which is ours.
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
    /// Its rows grow with their units by at most this power: 1 is linear.
    Power(f64),
}

/// A promise beside what was measured.
#[derive(Debug)]
pub struct Verdict {
    text: String,
    judgement: Judgement,
}

#[derive(Debug, Clone, Copy)]
enum Judgement {
    Kept,
    Missed,
    Unknown,
}

impl From<bool> for Judgement {
    fn from(is_kept: bool) -> Self {
        if is_kept { Self::Kept } else { Self::Missed }
    }
}

impl Verdict {
    fn unknown(name: &str) -> Self {
        Self { text: format!("there is no row {name}"), judgement: Judgement::Unknown }
    }
}

impl Promise {
    /// Judges; `None` without a row to compare with, as where the peers weren't built. A row of a name that is missing
    /// although they were built is named.
    #[must_use]
    pub fn judge(self, cases: &[Case], rounds: &Rounds) -> Option<Verdict> {
        match self {
            Self::FasterThan(name, _) | Self::AtMostTimes(name, _) | Self::NoSlowerThan(name) => {
                match cases.iter().position(|case| case.name() == name) {
                    Some(row) => Some(self.beside(row, cases, rounds)),
                    None => cfg!(feature = "peers").then(|| Verdict::unknown(name)),
                }
            }
            _ => self.judge_by_role(cases, rounds),
        }
    }

    /// The promises that name a row.
    fn beside(self, row: usize, cases: &[Case], rounds: &Rounds) -> Verdict {
        let (name, takes) = (cases[row].name(), rounds.ratio(0, row));
        let ours = || format!("ours takes {takes} times {name}");
        match self {
            Self::AtMostTimes(_, times) => {
                Verdict { text: format!("{}; at most {times}", ours()), judgement: (takes.median <= times).into() }
            }
            Self::FasterThan(_, times) => {
                let ratio = rounds.ratio(row, 0);
                let text = format!("{name} takes {ratio} times ours; at least {times}");
                Verdict { text, judgement: (ratio.median >= times).into() }
            }
            _ => Verdict {
                text: format!("{}; at most 1 within the noise", ours()),
                judgement: (takes.lower <= 1.0).into(),
            },
        }
    }

    fn judge_by_role(self, cases: &[Case], rounds: &Rounds) -> Option<Verdict> {
        let best = |role: Role| {
            let rows = (0..cases.len()).filter(|&row| cases[row].role() == role);
            rows.min_by(|&a, &b| rounds.nanos(a).median.total_cmp(&rounds.nanos(b).median))
        };
        let verdict = match self {
            Self::Faster(times) => {
                let peer = best(Role::Peer)?;
                let ratio = rounds.ratio(peer, 0);
                let text = format!("best peer, {}, takes {ratio} times ours; at least {times}", cases[peer].name());
                Verdict { text, judgement: (ratio.median >= times).into() }
            }
            Self::AtMost(times) => {
                let peer = best(Role::Peer)?;
                let ratio = rounds.ratio(0, peer);
                let text = format!("ours takes {ratio} times the best peer, {}; at most {times}", cases[peer].name());
                Verdict { text, judgement: (ratio.median <= times).into() }
            }
            Self::NoSlower => {
                let peer = best(Role::Peer)?;
                let ratio = rounds.ratio(0, peer);
                let name = cases[peer].name();
                let text = format!("ours takes {ratio} times the best peer, {name}; at most 1 within the noise");
                Verdict { text, judgement: (ratio.lower <= 1.0).into() }
            }
            Self::AboveFloor(nanos) => {
                let floor = best(Role::Floor)?;
                let above = rounds.difference(0, floor);
                let name = cases[floor].name();
                let text = format!("ours takes {above} ns per unit more than the {name}; at most {nanos}");
                Verdict { text, judgement: (above.median <= nanos).into() }
            }
            Self::FasterThan(..) | Self::AtMostTimes(..) | Self::NoSlowerThan(_) => return None,
            Self::Power(limit) => {
                let ours = power(cases, rounds, Role::Ours)?;
                let floor = power(cases, rounds, Role::Floor)
                    .map_or_else(String::new, |floor| format!(" (the floor: {floor:.3})"));
                let text = format!("ours grows with the units to the power of {ours:.3}{floor}; at most {limit}");
                Verdict { text, judgement: (ours <= limit).into() }
            }
        };
        Some(verdict)
    }
}

/// The slope of time over units, both logarithmic, by least squares.
fn power(cases: &[Case], rounds: &Rounds, role: Role) -> Option<f64> {
    let rows = cases.iter().enumerate().filter(|(_, case)| case.role() == role);
    let points: Vec<(f64, f64)> = rows
        .map(|(row, case)| {
            let units = case.units() as f64;
            (units.ln(), (rounds.nanos(row).median * units).ln())
        })
        .collect();
    if points.len() < 2 {
        return None;
    }
    let count = points.len() as f64;
    let (x_mean, y_mean) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let rise: f64 = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    let run: f64 = points.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
    Some(rise / run)
}

/// `kept: ...`, `MISSED: ...` or `NOT JUDGED: ...`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judgement = match self.judgement {
            Judgement::Kept => "kept",
            Judgement::Missed => "MISSED",
            Judgement::Unknown => "NOT JUDGED",
        };
        write!(f, "{judgement}: {}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Promise;
    use crate::case::{Case, Role, Sample};
    use crate::interleave::{Plan, interleave};

    fn case(role: Role, units: usize, nanos: f64) -> Case {
        let sample = Sample { wall: Duration::ZERO, nanos, cpu_nanos: 0.0, p99_nanos: None };
        Case::new(format!("{role:?}"), role, units, 0, move || (sample, 0))
    }

    fn verdict(promise: Promise, mut cases: Vec<Case>) -> String {
        let rounds = interleave(&mut cases, Plan { warm_up: 0, rounds: 3 });
        promise.judge(&cases, &rounds).map_or_else(|| "nothing".into(), |verdict| verdict.to_string())
    }

    #[test]
    fn the_best_peer_counts() {
        let cases = || vec![case(Role::Ours, 1, 10.0), case(Role::Peer, 1, 30.0), case(Role::Peer, 1, 12.0)];
        assert!(verdict(Promise::Faster(1.3), cases()).starts_with("MISSED: best peer, Peer, takes 1.20"));
        assert!(verdict(Promise::Faster(1.1), cases()).starts_with("kept"));
        assert!(verdict(Promise::NoSlower, cases()).starts_with("kept: ours takes 0.83"));
        assert!(verdict(Promise::AtMost(0.8), cases()).starts_with("MISSED"));
        assert_eq!(verdict(Promise::AboveFloor(1.0), cases()), "nothing");
    }

    #[test]
    fn a_named_row_counts() {
        let cases = || vec![case(Role::Ours, 1, 10.0), case(Role::Peer, 1, 30.0), case(Role::Floor, 1, 8.0)];
        assert!(verdict(Promise::FasterThan("Peer", 3.5), cases()).starts_with("MISSED: Peer takes 3.00"));
        assert!(verdict(Promise::AtMostTimes("Floor", 1.5), cases()).starts_with("kept: ours takes 1.25"));
        assert!(verdict(Promise::NoSlowerThan("Floor"), cases()).starts_with("MISSED"));
        let missing = if cfg!(feature = "peers") { "NOT JUDGED: there is no row python" } else { "nothing" };
        assert_eq!(verdict(Promise::FasterThan("python", 1.0), cases()), missing);
    }

    #[test]
    fn growth_is_told_by_its_power() {
        let linear = vec![case(Role::Ours, 10, 5.0), case(Role::Ours, 100, 5.0), case(Role::Ours, 1000, 5.0)];
        assert!(
            verdict(Promise::Power(1.1), linear).starts_with("kept: ours grows with the units to the power of 1.000")
        );
        let square = vec![case(Role::Ours, 10, 5.0), case(Role::Ours, 100, 50.0)];
        assert!(
            verdict(Promise::Power(1.1), square).starts_with("MISSED: ours grows with the units to the power of 2.000")
        );
    }
}
