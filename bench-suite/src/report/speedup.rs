//! What more workers bring: the figures behind a plot of scaling.

use crate::contestant::Role;
use crate::report::usl::Usl;
use crate::results::{Place, Row};
use crate::spread::Spread;

/// The speed-ups of one contestant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Speedups {
    /// The contestant.
    pub(crate) name: String,
    /// What it is.
    pub(crate) role: Role,
    /// `(workers, speed-up over the fewest workers)`, ascending.
    pub(crate) points: Vec<(f64, Spread)>,
}

impl Speedups {
    /// Of all contestants at the places of a group but the floors, which are what the others are compared with.
    pub(crate) fn of(places: &[&Place]) -> Vec<Self> {
        let mut names: Vec<(&str, Role)> = Vec::new();
        for row in places.iter().flat_map(|place| &place.rows).filter(|row| row.role != Role::Floor) {
            if !names.iter().any(|(name, _)| *name == row.name) {
                names.push((&row.name, row.role));
            }
        }
        names.into_iter().filter_map(|(name, role)| Self::of_one(name, role, places)).collect()
    }

    fn of_one(name: &str, role: Role, places: &[&Place]) -> Option<Self> {
        let mut costs: Vec<(f64, Spread)> =
            places.iter().filter_map(|place| Some((place.x, cost(place, place.row(name)?)))).collect();
        costs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let &(fewest, base) = costs.first()?;
        // With fewest workers it is as many times faster as they are, or nothing could be compared.
        let speedup = |cost: f64| if cost > 0.0 { fewest.max(1.0) * base.median / cost } else { f64::NAN };
        let points = costs.iter().map(|&(workers, cost)| {
            let spread =
                Spread { lower: speedup(cost.upper), median: speedup(cost.median), upper: speedup(cost.lower) };
            (workers, spread)
        });
        let points: Vec<_> = points.filter(|(_, spread)| spread.median.is_finite() && spread.median > 0.0).collect();
        (!points.is_empty()).then(|| Self { name: name.to_owned(), role, points })
    }

    /// The fit to those points that had a core for each worker: beyond, it is the cores that lack, not the pool.
    pub(crate) fn fit(&self, cores: usize) -> Option<Usl> {
        let within = self.points.iter().filter(|(workers, _)| *workers <= cores as f64);
        Usl::fit(&within.map(|(workers, spread)| (*workers, spread.median)).collect::<Vec<_>>())
    }

    /// With the most workers that had a core each.
    pub(crate) fn best(&self, cores: usize) -> Option<(f64, Spread)> {
        self.points.iter().rev().find(|(workers, _)| *workers <= cores as f64).copied()
    }
}

/// How long a row takes, beside the plain loop of the same round where there is one: so the machine's drift from one place to
/// the next cancels out.
fn cost(place: &Place, row: &Row) -> Spread {
    match place.best(Role::Floor) {
        Some(floor) if floor.spread().lower > 0.0 => row.ratio(floor),
        _ => row.spread(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Speedups;
    use crate::contestant::Role;
    use crate::results::{Place, Row};
    use crate::sample::Sample;

    fn place(x: f64, rows: &[(&str, Role, f64)]) -> Place {
        let row = |&(name, role, value): &_| Row::of(name, role, 1, vec![Sample::of(Duration::ZERO, value); 3]);
        let rows = rows.iter().map(row).collect();
        Place { label: String::new(), x, group: String::new(), pinned: false, rows, missing: vec![], verdicts: vec![] }
    }

    #[test]
    fn the_drift_of_the_machine_cancels_out() {
        // The machine is half as fast when two workers are measured.
        let one = place(1.0, &[("ours", Role::Ours, 100.0), ("loop", Role::Floor, 90.0)]);
        let two = place(2.0, &[("ours", Role::Ours, 100.0), ("loop", Role::Floor, 180.0)]);
        let speedups = Speedups::of(&[&two, &one]);
        assert_eq!(speedups.len(), 1);
        let ends: Vec<_> = speedups[0].points.iter().map(|(workers, spread)| (*workers, spread.median)).collect();
        assert_eq!(ends, [(1.0, 1.0), (2.0, 2.0)]);
        assert_eq!(speedups[0].best(1).unwrap().0, 1.0);
        assert!(speedups[0].fit(2).unwrap().sigma.abs() < 1e-9);
    }
}
