//! Duration over percentile: the horizontal axis gives each further nine as much room, since that is where pools differ.

use super::canvas::Canvas;
use super::chart::{Chart, Series, Side};
use super::lines::from_below;
use super::scale::Scale;
use super::series::{Look, look};
use crate::report::unit;
use crate::results::{Answer, Place};
use crate::sample::Distribution;

/// The marked percentiles, as parts.
const MARKS: [f64; 8] = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999_999];

/// Draws the rows of a place that have a distribution.
pub(crate) fn draw(answer: &Answer, place: &Place, looks: &[Look], width: f64) -> Canvas {
    let rows = place.rows.iter().filter_map(|row| Some((row, row.distribution.as_ref()?)));
    let mut series: Vec<Series<'_>> = rows
        .filter(|(_, distribution)| distribution.count() > 0)
        .map(|(row, distribution)| {
            let steps = quantiles(distribution);
            let marks = MARKS.iter().filter_map(|mark| Some((tail(*mark), height(&steps, tail(*mark))?)));
            Series { look: look(looks, row), marks: marks.collect(), points: steps, whiskers: Vec::new() }
        })
        .collect();
    series.sort_by_key(|one| from_below(one.look.role));

    let points = || series.iter().flat_map(|one| &one.points);
    let end = points().map(|point| point.0).fold(tail(0.9), f64::max);
    let y_scale = Scale::logarithmic(points().map(|point| point.1)).rounded();
    let label_y = |value: f64| unit::tick(&answer.measure, value);
    let x = Side {
        scale: Scale::linear(0.0, end),
        title: "percentile".into(),
        ticks: MARKS.into_iter().map(tail).filter(|tick| *tick <= end + 1e-9).collect(),
        label: &percentile,
    };
    let y = Side {
        ticks: y_scale.ticks(7),
        scale: y_scale,
        title: unit::axis_title(&answer.measure, true),
        label: &label_y,
    };
    let mut chart = Chart::new(width, &x, &y);
    chart.series(&series);
    chart.canvas
}

/// Where a part lies: 0 for none, 1 for 90 %, 2 for 99 %, ...
fn tail(part: f64) -> f64 {
    -(1.0 - part).log10()
}

fn percentile(tail: f64) -> String {
    let percent = 100.0 * (1.0 - 10_f64.powf(-tail));
    let text = format!("{percent:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The stairs of a distribution, thinned to what a screen can show.
fn quantiles(distribution: &Distribution) -> Vec<(f64, f64)> {
    /// As parts of a nine.
    const FINEST: f64 = 0.03;
    let count = distribution.count() as f64;
    // The greatest of n stands at 1 - 1/n of them.
    let last = tail(1.0 - 1.0 / count.max(2.0));
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut below = 0.0;
    // A logarithm has no place for nothing.
    for (nanos, times) in distribution.buckets.iter().map(|&(nanos, times)| (nanos.max(1), times)) {
        let x = tail(below / count).min(last);
        if points.last().is_none_or(|point| x - point.0 >= FINEST) {
            points.push((x, nanos as f64));
        }
        below += times as f64;
    }
    if let Some(&(nanos, _)) = distribution.buckets.last() {
        points.push((last, nanos.max(1) as f64));
    }
    points
}

/// How high the line is at `x`, as it is drawn.
fn height(points: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = points.iter().position(|point| point.0 >= x)?;
    let (right, left) = (points[after], points[after.saturating_sub(1)]);
    let part = if right.0 > left.0 { (x - left.0) / (right.0 - left.0) } else { 1.0 };
    Some((left.1.ln() + part * (right.1.ln() - left.1.ln())).exp())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{percentile, quantiles, tail};
    use crate::sample::Distribution;

    #[test]
    fn nines_lie_at_whole_places() {
        assert_eq!([0.0, 0.5, 0.9, 0.99, 0.9999].map(|part| percentile(tail(part))), ["0", "50", "90", "99", "99.99"]);
    }

    #[test]
    fn the_stairs_ascend_to_the_greatest() {
        let steps = quantiles(&Distribution::of((1..=1000).map(Duration::from_micros)));
        assert!(steps.is_sorted());
        let (x, nanos) = *steps.last().unwrap();
        assert!((x - 3.0).abs() < 1e-9 && (nanos / 1e6 - 1.0).abs() < 0.01, "{x} {nanos}");
        assert!(steps.len() < 200, "{}", steps.len());
    }
}
