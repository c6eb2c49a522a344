//! How a contestant is drawn: never by its colour alone, but by a dash and a marker too.

use std::fmt::Write as _;

use super::canvas::{Canvas, places};
use crate::contestant::Role;
use crate::results::{Answer, Row};

/// As many colours as the style sheet has for peers.
const COLOURS: usize = 6;
/// As many dashes as the style sheet has.
const DASHES: usize = 4;

/// The look of one contestant throughout a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// The contestant.
    pub(crate) name: String,
    /// What it is.
    pub(crate) role: Role,
    /// The classes of its line.
    pub(crate) class: String,
    marker: usize,
}

/// The looks of all contestants of an answer, in the order of their first row.
pub(crate) fn looks(answer: &Answer) -> Vec<Look> {
    let mut looks: Vec<Look> = Vec::new();
    let mut seen = [0; 3];
    for row in answer.places.iter().flat_map(|place| &place.rows) {
        if looks.iter().any(|look| look.name == row.name) {
            continue;
        }
        let count = &mut seen[row.role as usize];
        let (class, marker) = match row.role {
            Role::Ours => (format!("ours dash{}", *count % DASHES), *count % 2),
            Role::Peer => (format!("peer{} dash{}", *count % COLOURS, *count / COLOURS % DASHES), 2 + *count),
            Role::Floor => (format!("floor dash{}", 1 + *count % (DASHES - 1)), MARKERS - 1 - *count % 2),
        };
        *count += 1;
        looks.push(Look { name: row.name.clone(), role: row.role, class, marker: marker % MARKERS });
    }
    looks
}

/// The look of a row.
pub(crate) fn look<'a>(looks: &'a [Look], row: &Row) -> &'a Look {
    looks.iter().find(|look| look.name == row.name).expect("each row of the answer has a look")
}

/// Disc, square, triangle, diamond, triangle downwards, plus, cross, ring, bar.
const MARKERS: usize = 9;

impl Look {
    /// Draws the marker at a point.
    pub(crate) fn mark(&self, canvas: &mut Canvas, x: f64, y: f64) {
        let r = if self.role == Role::Ours { 4.0 } else { 3.5 };
        let polygon = |corners: &[(f64, f64)]| {
            let mut text = String::new();
            for (index, (dx, dy)) in corners.iter().enumerate() {
                let letter = if index == 0 { 'M' } else { 'L' };
                let _ = write!(text, "{letter}{} {}", places(x + dx * r), places(y + dy * r));
            }
            text + "Z"
        };
        let circle = format!(
            "M{} {}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z",
            places(x - r),
            places(y),
            r = places(r),
            d = places(2.0 * r)
        );
        let (shape, filled) = match self.marker {
            0 => (circle, true),
            1 => (polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]), true),
            2 => (polygon(&[(0.0, -1.1), (1.1, 0.9), (-1.1, 0.9)]), true),
            3 => (polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]), true),
            4 => (polygon(&[(-1.1, -0.9), (1.1, -0.9), (0.0, 1.1)]), true),
            5 => (strokes(x, y, [(0.0, -1.2, 0.0, 1.2), (-1.2, 0.0, 1.2, 0.0)], r), false),
            6 => (strokes(x, y, [(-1.0, -1.0, 1.0, 1.0), (-1.0, 1.0, 1.0, -1.0)], r), false),
            7 => (circle, false),
            _ => (polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]), false),
        };
        let kind = if filled { "mark" } else { "mark hollow" };
        canvas.path(&shape, &format!("{kind} {}", self.colour()));
    }

    /// The class of its colour, without the dash.
    pub(crate) fn colour(&self) -> &str {
        self.class.split(' ').next().unwrap_or_default()
    }
}

fn strokes(x: f64, y: f64, lines: [(f64, f64, f64, f64); 2], r: f64) -> String {
    let line = |(x1, y1, x2, y2): (f64, f64, f64, f64)| {
        format!("M{} {}L{} {}", places(x + x1 * r), places(y + y1 * r), places(x + x2 * r), places(y + y2 * r))
    };
    lines.map(line).concat()
}
