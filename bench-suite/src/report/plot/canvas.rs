//! A drawing that grows by shapes, which are given as what they are (`ours`, `grid`), not as colours: the style sheet
//! colours them, for light and for dark.

use maud::{Markup, html};

use super::text;

/// The size of the letters, in the drawing's units. A drawing is shown at about its own size, so it is pixels too.
pub(crate) const LETTERS: f64 = 12.0;
/// From one line of text to the next.
pub(crate) const LINE: f64 = 15.0;

/// Where a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Shapes, and how much room they take.
#[derive(Debug, Clone, Default)]
pub(crate) struct Canvas {
    /// How wide it is.
    pub(crate) width: f64,
    /// How high it is.
    pub(crate) height: f64,
    shapes: Vec<Markup>,
    texts: Vec<TextBox>,
}

/// The room that a text needs, by an estimate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TextBox {
    pub(crate) text: String,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

impl Canvas {
    /// Nothing yet, of this width.
    pub(crate) fn new(width: f64) -> Self {
        Self { width, ..Self::default() }
    }

    /// A text, its base line at `y`.
    pub(crate) fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, content: &str) {
        let width = text::width(content, LETTERS) * if class.contains("strong") { 1.12 } else { 1.0 };
        let (left, name) = match anchor {
            Anchor::Start => (x, "start"),
            Anchor::Middle => (x - width / 2.0, "middle"),
            Anchor::End => (x - width, "end"),
        };
        let (text, right, top, bottom) = (content.to_owned(), left + width, y - 10.0, y + 3.0);
        self.texts.push(TextBox { text, left, right, top, bottom });
        self.shapes.push(html! {
            text x=(places(x)) y=(places(y)) text-anchor=(name) class=(class) { (content) }
        });
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        self.shapes.push(html! {
            line x1=(places(from.0)) y1=(places(from.1)) x2=(places(to.0)) y2=(places(to.1)) class=(class) {}
        });
    }

    /// A line through points.
    pub(crate) fn curve(&mut self, points: &[(f64, f64)], class: &str) {
        self.path(&along(points), class);
    }

    /// What a `d` attribute describes.
    pub(crate) fn path(&mut self, description: &str, class: &str) {
        if !description.is_empty() {
            self.shapes.push(html! { path d=(description) class=(class) {} });
        }
    }

    /// A rectangle.
    pub(crate) fn rectangle(&mut self, (x, y): (f64, f64), width: f64, height: f64, class: &str) {
        self.shapes.push(html! {
            rect x=(places(x)) y=(places(y)) width=(places(width.max(0.0))) height=(places(height)) class=(class) {}
        });
    }

    /// Another drawing, moved.
    pub(crate) fn place(&mut self, x: f64, y: f64, other: Self) {
        self.shapes.push(html! {
            g transform={ "translate(" (places(x)) " " (places(y)) ")" } { (other.body()) }
        });
        self.texts.extend(other.texts.into_iter().map(|text| TextBox {
            left: text.left + x,
            right: text.right + x,
            top: text.top + y,
            bottom: text.bottom + y,
            text: text.text,
        }));
    }

    /// The shapes.
    pub(crate) fn body(&self) -> Markup {
        html! { @for shape in &self.shapes { (shape) } }
    }

    /// The texts that overlap another one or lie outside.
    #[cfg(test)]
    pub(crate) fn misplaced(&self) -> Vec<String> {
        let outside = self.texts.iter().filter(|text| {
            text.left < -0.5 || text.right > self.width + 0.5 || text.top < -0.5 || text.bottom > self.height + 0.5
        });
        let mut found: Vec<String> = outside.map(|text| format!("outside: {text:?}")).collect();
        for (index, one) in self.texts.iter().enumerate() {
            let overlap = |other: &&TextBox| {
                one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
            };
            found.extend(self.texts[index + 1..].iter().filter(overlap).map(|two| format!("overlap: {one:?} {two:?}")));
        }
        found
    }
}

fn along(points: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (x, y) in points {
        text.push(if text.is_empty() { 'M' } else { 'L' });
        text += &format!("{} {}", places(*x), places(*y));
    }
    text
}

/// A tenth of a unit is finer than any screen.
pub(crate) fn places(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
