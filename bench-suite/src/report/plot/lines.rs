//! A line per contestant over the axis, with quartiles, both axes logarithmic where that shows more.

use super::canvas::Canvas;
use super::chart::{Chart, Series, Side};
use super::scale::Scale;
use super::series::{Look, look};
use crate::contestant::Role;
use crate::report::unit;
use crate::results::{Answer, Place, Row};

/// Draws the places of a group.
pub(crate) fn draw(answer: &Answer, places: &[&Place], looks: &[Look], width: f64) -> Canvas {
    let series = series(places, looks);
    let xs = abscissae(places);
    let (first, last) = (xs.first().copied().unwrap_or(0.0), xs.last().copied().unwrap_or(1.0));
    let x_scale = if answer.axis.logarithmic { Scale::logarithmic(xs.clone()) } else { Scale::linear(first, last) };
    let label_x = |value: f64| unit::place(&answer.axis, value);
    let label_y = |value: f64| unit::tick(&answer.measure, value);
    let values = series.iter().flat_map(|one| one.whiskers.iter().flat_map(|&(_, lower, upper)| [lower, upper]));
    let y_scale = Scale::logarithmic(values).rounded();
    let x = Side { scale: x_scale, title: axis_title(answer), ticks: xs, label: &label_x };
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

/// A line for each name, floors first and ours last: what is drawn last lies on top.
fn series<'a>(places: &[&Place], looks: &'a [Look]) -> Vec<Series<'a>> {
    let mut all: Vec<Series<'a>> = Vec::new();
    for place in places {
        for row in &place.rows {
            let look = look(looks, row);
            let spread = row.spread();
            let at = match all.iter().position(|one| one.look == look) {
                Some(at) => at,
                None => {
                    all.push(Series { look, points: Vec::new(), whiskers: Vec::new(), marks: Vec::new() });
                    all.len() - 1
                }
            };
            all[at].points.push((place.x, spread.median));
            all[at].whiskers.push((place.x, spread.lower, spread.upper));
        }
    }
    for one in &mut all {
        one.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        one.marks.clone_from(&one.points);
    }
    all.sort_by_key(|one| from_below(one.look.role));
    all
}

/// The order of drawing.
pub(crate) fn from_below(role: Role) -> u8 {
    match role {
        Role::Floor => 0,
        Role::Peer => 1,
        Role::Ours => 2,
    }
}

/// Where the places lie, ascending, each once.
pub(crate) fn abscissae(places: &[&Place]) -> Vec<f64> {
    let mut xs: Vec<f64> = places.iter().map(|place| place.x).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    xs
}

fn axis_title(answer: &Answer) -> String {
    let name = answer.axis.name.strip_suffix(", bytes").unwrap_or(&answer.axis.name);
    if answer.axis.logarithmic { format!("{name}, logarithmic") } else { name.to_owned() }
}

/// Whether the rows lie at several places of the axis, as a line needs.
pub(crate) fn has_several(places: &[&Place]) -> bool {
    abscissae(places).len() > 1 && places.iter().flat_map(|place| &place.rows).any(|row: &Row| !row.values.is_empty())
}
