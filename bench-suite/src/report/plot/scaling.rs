//! Speed-ups over the workers, beside the line of who scales without loss; where our points lead to, by the law, is dashed.

use super::canvas::Canvas;
use super::chart::{Chart, Series, Side};
use super::lines::from_below;
use super::scale::Scale;
use super::series::Look;
use crate::contestant::Role;
use crate::report::speedup::Speedups;
use crate::results::Place;

/// How far beyond the cores the law is drawn.
const BEYOND: f64 = 16.0;

/// Draws the places of a group on a machine of so many cores.
pub(crate) fn draw(places: &[&Place], looks: &[Look], cores: usize, width: f64) -> Canvas {
    let all = Speedups::of(places);
    let cores_drawn = cores.max(1) as f64;
    let last = places.iter().map(|place| place.x).fold(cores_drawn * BEYOND, f64::max);
    let mut series: Vec<(Series<'_>, &Speedups)> = all
        .iter()
        .filter_map(|speedups| {
            let look = looks.iter().find(|look| look.name == speedups.name)?;
            let points: Vec<(f64, f64)> =
                speedups.points.iter().map(|(workers, spread)| (*workers, spread.median)).collect();
            let whiskers = speedups.points.iter().map(|(workers, spread)| (*workers, spread.lower, spread.upper));
            Some((Series { look, marks: points.clone(), whiskers: whiskers.collect(), points }, speedups))
        })
        .collect();
    series.sort_by_key(|(one, _)| from_below(one.look.role));

    let values = series.iter().flat_map(|(one, _)| one.points.iter().map(|point| point.1));
    let y_scale = Scale::logarithmic(values.chain([1.0, last])).rounded();
    let times = |value: f64| format!("{value}×");
    let number = |value: f64| format!("{value}");
    let x = Side {
        scale: Scale::logarithmic([1.0, last]),
        title: "workers, logarithmic".into(),
        ticks: powers_of_two(1.0, last),
        label: &number,
    };
    let y = Side {
        ticks: powers_of_two(y_scale.low(), y_scale.high()),
        scale: y_scale,
        title: "speed-up over one worker, logarithmic (more is better)".into(),
        label: &times,
    };
    let mut chart = Chart::new(width, &x, &y);
    chart.shade_beyond(cores_drawn, "no cores here: by the law");
    chart.curve(&[(1.0, 1.0), (last, last)], "ideal");
    for (one, speedups) in series.iter().filter(|(one, _)| one.look.role == Role::Ours) {
        if let Some(law) = speedups.fit(cores).filter(|law| law.parameters > 1) {
            let steps = (0..=40).map(|step| cores_drawn * (last / cores_drawn).powf(f64::from(step) / 40.0));
            let scale = law.throughput(1.0).recip() * speedups.points[0].1.median / speedups.points[0].0.max(1.0);
            let points: Vec<_> = steps.map(|workers| (workers, scale * law.throughput(workers))).collect();
            chart.curve(&points, &format!("curve fit {}", one.look.colour()));
        }
    }
    chart.series(&series.into_iter().map(|(one, _)| one).collect::<Vec<_>>());
    chart.canvas
}

/// Those between two values, or every other one if they are many.
fn powers_of_two(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = ((low.log2() - 1e-9).ceil() as i32, (high.log2() + 1e-9).floor() as i32);
    let stride = if last - first > 7 { 2 } else { 1 };
    (first..=last).filter(|power| power % stride == 0).map(|power| 2_f64.powi(power)).collect()
}
