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
    /// It takes at most so many nanoseconds per unit more than the floor.
    AboveFloor(f64),
    /// Its rows grow with their units by at most this power: 1 is linear.
    Power(f64),
}

/// A promise beside what was measured.
#[derive(Debug)]
pub struct Verdict {
    text: String,
    kept: bool,
}

impl Promise {
    /// Judges; `None` without a row to compare with, as where the peers weren't built.
    #[must_use]
    pub fn judge(self, cases: &[Case], rounds: &Rounds) -> Option<Verdict> {
        let best = |role: Role| {
            let rows = (0..cases.len()).filter(|&row| cases[row].role() == role);
            rows.min_by(|&a, &b| rounds.nanos(a).median.total_cmp(&rounds.nanos(b).median))
        };
        let verdict = match self {
            Self::Faster(times) => {
                let peer = best(Role::Peer)?;
                let ratio = rounds.ratio(peer, 0);
                let text = format!("best peer, {}, takes {ratio} times ours; at least {times}", cases[peer].name());
                Verdict { text, kept: ratio.median >= times }
            }
            Self::AtMost(times) => {
                let peer = best(Role::Peer)?;
                let ratio = rounds.ratio(0, peer);
                let text = format!("ours takes {ratio} times the best peer, {}; at most {times}", cases[peer].name());
                Verdict { text, kept: ratio.median <= times }
            }
            Self::NoSlower => {
                let peer = best(Role::Peer)?;
                let ratio = rounds.ratio(0, peer);
                let name = cases[peer].name();
                let text = format!("ours takes {ratio} times the best peer, {name}; at most 1 within the noise");
                Verdict { text, kept: ratio.lower <= 1.0 }
            }
            Self::AboveFloor(nanos) => {
                let floor = best(Role::Floor)?;
                let above = rounds.difference(0, floor);
                let name = cases[floor].name();
                let text = format!("ours takes {above} ns per unit more than the {name}; at most {nanos}");
                Verdict { text, kept: above.median <= nanos }
            }
            Self::Power(limit) => {
                let ours = power(cases, rounds, Role::Ours)?;
                let floor = power(cases, rounds, Role::Floor)
                    .map_or_else(String::new, |floor| format!(" (the floor: {floor:.3})"));
                let text = format!("ours grows with the units to the power of {ours:.3}{floor}; at most {limit}");
                Verdict { text, kept: ours <= limit }
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

/// `kept: ...` or `MISSED: ...`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.kept { "kept" } else { "MISSED" }, self.text)
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
