//! Two axes and the lines between them: what lines, percentiles and speed-ups have in common.

use super::canvas::{Anchor, Canvas, LETTERS, LINE};
use super::scale::Scale;
use super::series::Look;
use super::text::width;

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Series<'a> {
    /// How it looks.
    pub(crate) look: &'a Look,
    /// `(x, y)`, ascending in x.
    pub(crate) points: Vec<(f64, f64)>,
    /// `(x, lower, upper)`: quartiles.
    pub(crate) whiskers: Vec<(f64, f64, f64)>,
    /// Where markers stand.
    pub(crate) marks: Vec<(f64, f64)>,
}

/// An axis with its words.
pub(crate) struct Side<'a> {
    /// From values to places, not yet laid over a length.
    pub(crate) scale: Scale,
    /// What lies along it.
    pub(crate) title: String,
    /// Where ticks are wanted; those without room are left out.
    pub(crate) ticks: Vec<f64>,
    /// What stands at a tick.
    pub(crate) label: &'a dyn Fn(f64) -> String,
}

/// Two axes laid out, to draw on.
pub(crate) struct Chart {
    /// What is drawn so far.
    pub(crate) canvas: Canvas,
    /// Horizontal.
    pub(crate) x: Scale,
    /// Vertical.
    pub(crate) y: Scale,
    /// The upper end of the y axis.
    top: f64,
    bottom: f64,
}

impl Chart {
    /// Draws the axes.
    pub(crate) fn new(width: f64, x: &Side<'_>, y: &Side<'_>) -> Self {
        let mut canvas = Canvas::new(width);
        let labels: Vec<(f64, String)> = y.ticks.iter().map(|tick| (*tick, (y.label)(*tick))).collect();
        let left = labels.iter().map(|(_, label)| text_width(label)).fold(0.0, f64::max) + 10.0;
        let (top, plot) = (LINE + 12.0, (width * 0.5).clamp(190.0, 260.0));
        let bottom = top + plot;
        let x_scale = x.scale.over(left + 4.0, width - 12.0);
        let y_scale = y.scale.over(bottom, top);
        canvas.text(0.0, LINE - 3.0, Anchor::Start, "quiet", &y.title);
        for (tick, label) in labels {
            let place = y_scale.at(tick);
            canvas.line((left, place), (width, place), "grid");
            canvas.text(left - 6.0, place + 4.0, Anchor::End, "quiet", &label);
        }
        canvas.line((left, bottom), (width, bottom), "axis");
        let mut free = f64::NEG_INFINITY;
        for tick in &x.ticks {
            let (place, label) = (x_scale.at(*tick), (x.label)(*tick));
            canvas.line((place, bottom), (place, bottom + 4.0), "axis");
            let half = text_width(&label) / 2.0;
            let middle = place.min(width - half);
            if middle - half > free {
                canvas.text(middle, bottom + LINE + 3.0, Anchor::Middle, "quiet", &label);
                free = middle + half + 6.0;
            }
        }
        canvas.text(width, bottom + 2.0 * LINE + 4.0, Anchor::End, "quiet", &x.title);
        canvas.height = bottom + 2.0 * LINE + 9.0;
        Self { canvas, x: x_scale, y: y_scale, top, bottom }
    }

    /// Draws lines, the last one on top.
    pub(crate) fn series(&mut self, series: &[Series<'_>]) {
        for one in series {
            for &(x, lower, upper) in &one.whiskers {
                let (x, lower, upper) = (self.x.at(x), self.y.at(lower), self.y.at(upper));
                self.canvas.line((x, lower), (x, upper), &format!("curve {}", one.look.colour()));
            }
            self.curve(&one.points, &format!("curve {}", one.look.class));
            for &(x, y) in &one.marks {
                one.look.mark(&mut self.canvas, self.x.at(x), self.y.at(y));
            }
        }
    }

    /// Draws a line through values.
    pub(crate) fn curve(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<_> = points.iter().map(|&(x, y)| (self.x.at(x), self.y.at(y))).collect();
        self.canvas.curve(&points, class);
    }

    /// Shades what lies beyond a value of x.
    pub(crate) fn shade_beyond(&mut self, x: f64, label: &str) {
        let (start, end) = (self.x.at(x), self.x.at(self.x.high()));
        if end > start {
            self.canvas.rectangle((start, self.top), end - start, self.bottom - self.top, "shade");
            if text_width(label) < end - start - 12.0 {
                self.canvas.text(start + 6.0, self.top + 13.0, Anchor::Start, "quiet", label);
            }
        }
    }
}

fn text_width(text: &str) -> f64 {
    width(text, LETTERS)
}
