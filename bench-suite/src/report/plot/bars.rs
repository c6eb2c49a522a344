//! A bar per contestant: the name and the figure stand above it where the drawing is narrow, beside it where it is wide.
//!
//! A bar's length is its figure only from zero on, so where the range is wide, and the axis logarithmic, there are dots.

use super::canvas::{Anchor, Canvas, LETTERS, LINE, places};
use super::scale::Scale;
use super::text::{width, wrap};
use crate::contestant::Role;
use crate::question::Measure;
use crate::report::unit;
use crate::results::{Place, Row};
use crate::spread::Spread;

/// The figures of a panel differ by more than this: then the axis is logarithmic.
const WIDE_RANGE: f64 = 15.0;
/// From this width on, names stand beside the bars.
const BESIDE: f64 = 500.0;
const THICK: f64 = 10.0;

/// Draws the rows of some places, all on one scale.
pub(crate) fn draw(measure: &Measure<String>, places: &[&Place], width: f64) -> Canvas {
    let mut canvas = Canvas::new(width);
    let spreads: Vec<Spread> = places.iter().flat_map(|place| place.rows.iter().map(Row::spread)).collect();
    let (low, high) = range(&spreads);
    let scale = if high > low * WIDE_RANGE {
        Scale::logarithmic(spreads.iter().flat_map(|spread| [spread.lower / 1.3, spread.upper]))
    } else {
        Scale::from_zero(spreads.iter().map(|spread| spread.upper))
    };
    let room = Room::of(measure, places, width);
    let scale = scale.rounded().over(room.left, room.right);
    let axis = Bars { measure, scale, room };
    let mut y = 0.0;
    // The grid lies beneath the bars, but its height is known after them.
    let mut front = Canvas::new(width);
    for place in places {
        y = axis.place(&mut front, place, places.len() > 1, y);
    }
    axis.grid(&mut canvas, y);
    front.height = y;
    canvas.place(0.0, 0.0, front);
    axis.title(&mut canvas, y + LINE + 4.0);
    canvas.height = y + 2.0 * LINE + 10.0;
    canvas
}

struct Bars<'a> {
    measure: &'a Measure<String>,
    scale: Scale,
    room: Room,
}

/// Where the bars lie, and the names.
#[derive(Clone, Copy)]
struct Room {
    beside: bool,
    left: f64,
    right: f64,
    width: f64,
}

impl Room {
    fn of(measure: &Measure<String>, places: &[&Place], all: f64) -> Self {
        let rows = || places.iter().flat_map(|place| place.rows.iter().map(|row| (*place, row)));
        let names = rows().map(|(_, row)| width(&row.name, LETTERS) * 1.12).fold(0.0, f64::max);
        let figures =
            rows().map(|(place, row)| width(&figure(measure, place, row), LETTERS) * 1.12).fold(0.0, f64::max);
        if all < BESIDE {
            return Self { beside: false, left: 1.0, right: all - 16.0, width: all };
        }
        let left = (names + 10.0).min(all * 0.42);
        Self { beside: true, left, right: all - figures - 14.0, width: all }
    }
}

impl Bars<'_> {
    /// Draws a place from `y` on, and tells where the next one begins.
    fn place(&self, canvas: &mut Canvas, place: &Place, titled: bool, mut y: f64) -> f64 {
        if titled {
            for line in wrap(&place.label, LETTERS * 1.12, self.room.width) {
                y += LINE;
                canvas.text(0.0, y, Anchor::Start, "strong", &line);
            }
            y += 5.0;
        }
        for row in &place.rows {
            y = self.row(canvas, place, row, y);
        }
        y + 8.0
    }

    fn row(&self, canvas: &mut Canvas, place: &Place, row: &Row, y: f64) -> f64 {
        let figure = figure(self.measure, place, row);
        let class = if row.role == Role::Ours { "ours" } else { "" };
        let room = if self.room.beside {
            self.room.left - 8.0
        } else {
            self.room.width - width(&figure, LETTERS) * 1.12 - 12.0
        };
        let names = wrap(&row.name, LETTERS * if class.is_empty() { 1.0 } else { 1.12 }, room);
        for (index, name) in names.iter().enumerate() {
            let (x, anchor) = if self.room.beside { (self.room.left - 8.0, Anchor::End) } else { (0.0, Anchor::Start) };
            canvas.text(x, y + LINE * (index + 1) as f64 - 2.0, anchor, class, name);
        }
        let names = LINE * names.len() as f64;
        let top = if self.room.beside { y + names / 2.0 - THICK / 2.0 + 2.0 } else { y + names + 2.0 };
        self.bar(canvas, row, top);
        let beneath = if self.room.beside { names / 2.0 + 6.0 } else { LINE - 2.0 };
        canvas.text(self.room.width, y + beneath, Anchor::End, class, &figure);
        y + names + if self.room.beside { 5.0 } else { THICK + 7.0 }
    }

    fn bar(&self, canvas: &mut Canvas, row: &Row, top: f64) {
        let spread = row.spread();
        let (start, end) = (self.scale.at(self.scale.low()), self.scale.at(spread.median));
        let (middle, kind) = (top + THICK / 2.0, kind(row.role));
        if self.scale.is_logarithmic() {
            canvas.line((start, middle), (end, middle), &format!("stem {kind}"));
        } else {
            canvas.rectangle((start, top), end - start, THICK, &format!("bar {kind}"));
            if row.role == Role::Floor {
                canvas.path(&hatch(start, end, top), "hatch");
            }
        }
        self.whisker(canvas, spread, middle);
        if self.scale.is_logarithmic() {
            canvas.path(&disc(end, middle), &format!("dot {kind}"));
        }
    }

    /// The quartiles, where they lie apart.
    fn whisker(&self, canvas: &mut Canvas, spread: Spread, y: f64) {
        let (lower, upper) = (self.scale.at(spread.lower), self.scale.at(spread.upper));
        if upper - lower >= 1.0 {
            let end = |x: f64| format!("M{} {}v6", places(x), places(y - 3.0));
            let line = format!("M{} {}H{}", places(lower), places(y), places(upper));
            canvas.path(&(line + &end(lower) + &end(upper)), "whisker");
        }
    }

    fn grid(&self, canvas: &mut Canvas, bottom: f64) {
        let mut free = f64::NEG_INFINITY;
        let many = ((self.room.right - self.room.left) / 70.0) as usize;
        for tick in self.scale.ticks(many.max(3)) {
            let (x, label) = (self.scale.at(tick), unit::tick(self.measure, tick));
            canvas.line((x, 0.0), (x, bottom), "grid");
            let half = width(&label, LETTERS) / 2.0;
            let middle = x.clamp(half, self.room.width - half);
            if middle - half > free {
                canvas.text(middle, bottom + LINE, Anchor::Middle, "quiet", &label);
                free = middle + half + 6.0;
            }
        }
    }

    fn title(&self, canvas: &mut Canvas, y: f64) {
        let title = unit::axis_title(self.measure, self.scale.is_logarithmic());
        canvas.text(0.0, y + LINE, Anchor::Start, "quiet", &title);
    }
}

/// `12.3 µs  1.47×`: the figure, and how many times ours it is.
fn figure(measure: &Measure<String>, place: &Place, row: &Row) -> String {
    let value = unit::quantity(measure, row.spread().median);
    match place.base() {
        Some(base) if base.name != row.name => format!("{value} · {}", unit::times(row.ratio(base).median)),
        _ => value,
    }
}

/// The least median above nothing, and the greatest upper quartile.
fn range(spreads: &[Spread]) -> (f64, f64) {
    let least = spreads.iter().map(|spread| spread.median).filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
    (least, spreads.iter().map(|spread| spread.upper).fold(0.0, f64::max))
}

fn kind(role: Role) -> &'static str {
    match role {
        Role::Ours => "ours",
        Role::Peer => "peer",
        Role::Floor => "floor",
    }
}

fn disc(x: f64, y: f64) -> String {
    format!("M{} {}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z", places(x - 4.5), places(y))
}

/// An outline with strokes across.
fn hatch(start: f64, end: f64, top: f64) -> String {
    let mut path = format!(
        "M{} {t}H{e}V{}H{}Z",
        places(start),
        places(top + THICK),
        places(start),
        t = places(top),
        e = places(end)
    );
    let mut x = start;
    while x + THICK < end {
        path += &format!("M{} {}L{} {}", places(x), places(top + THICK), places(x + THICK), places(top));
        x += 5.0;
    }
    path
}
