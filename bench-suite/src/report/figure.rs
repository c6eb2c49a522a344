//! The picture of an answer: panels under one finding, with one legend.

use maud::{Markup, html};

use super::finding;
use super::plot::canvas::{Anchor, Canvas, LETTERS, LINE};
use super::plot::series::{Look, looks};
use super::plot::text::{width, wrap};
use super::plot::{Content, STYLE};
use crate::conductor::groups;
use crate::question::Plot;
use crate::results::Answer;

/// A panel on a narrow screen, and among many.
pub(crate) const NARROW: f64 = 360.0;
/// One of two panels.
const HALF: f64 = 540.0;
/// The only panel.
const WIDE: f64 = 1100.0;
/// How wide the files are.
const FILE: f64 = 760.0;

/// A question's picture.
#[derive(Debug)]
pub(crate) struct Figure<'a> {
    answer: &'a Answer,
    cores: usize,
    looks: Vec<Look>,
    /// What it shows, in a sentence.
    pub(crate) finding: String,
    /// Its parts.
    pub(crate) panels: Vec<Panel<'a>>,
}

/// A part of it.
#[derive(Debug)]
pub(crate) struct Panel<'a> {
    /// Which group, point or contestant; empty if it is the only one.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) finding: String,
    /// What follows from it, where something does.
    pub(crate) note: Option<String>,
    content: Content<'a>,
}

impl<'a> Figure<'a> {
    /// Of an answer, measured on so many cores.
    pub(crate) fn of(answer: &'a Answer, cores: usize) -> Self {
        let contents = contents(answer);
        let finding = finding::of(answer, &contents, cores);
        let panels = contents.into_iter().map(|content| Panel {
            name: name(&content),
            finding: finding::of_panel(answer, &content, cores),
            note: match &content {
                Content::Scaling(places) => finding::law(places, cores),
                _ => None,
            },
            content,
        });
        Self { answer, cores, looks: looks(answer), finding, panels: panels.collect() }
    }

    /// The pictures of a panel for a page: one for narrow screens and one for wide ones, or one for both.
    pub(crate) fn inline(&self, panel: &Panel<'_>) -> Markup {
        let wide = match self.columns() {
            1 => WIDE,
            2 => HALF,
            _ => NARROW,
        };
        let picture = |width: f64, class: &str| {
            let canvas = self.drawn(panel, width);
            let title = if panel.name.is_empty() { &self.answer.title } else { &panel.name };
            svg(&canvas, class, title, &panel.finding, false)
        };
        html! {
            @if wide == NARROW {
                (picture(NARROW, ""))
            } @else {
                (picture(NARROW, "narrow"))
                (picture(wide, "wide"))
            }
        }
    }

    /// How many panels stand beside each other on a wide screen.
    pub(crate) fn columns(&self) -> usize {
        match self.panels.len() {
            1 => 1,
            2 | 4 => 2,
            _ => 3,
        }
    }

    /// A panel, so wide, without its name.
    pub(crate) fn drawn(&self, panel: &Panel<'_>, width: f64) -> Canvas {
        panel.content.draw(self.answer, &self.looks, self.cores, width)
    }

    /// The legend for a page; nothing if the panels need none.
    pub(crate) fn inline_legend(&self) -> Option<Markup> {
        self.has_legend().then(|| {
            html! {
                ul class="legend" {
                    @for look in &self.looks {
                        @let sample = sample(look);
                        li {
                            svg class="plot sample" width=(sample.width) height=(sample.height) aria-hidden="true" { (sample.body()) }
                            (look.name)
                        }
                    }
                }
            }
        })
    }

    /// The whole figure as a file, on paper of its own, since nobody knows what it is laid upon.
    pub(crate) fn file(&self) -> String {
        let markup = svg(&self.composed(), "", &self.finding, &self.answer.title, true);
        markup.into_string() + "\n"
    }

    /// Title, legend and panels on one canvas.
    pub(crate) fn composed(&self) -> Canvas {
        const MARGIN: f64 = 12.0;
        const GAP: f64 = 28.0;
        let mut sheet = Canvas::new(FILE + 2.0 * MARGIN);
        let mut y = MARGIN;
        for line in wrap(&self.finding, LETTERS * 1.12, FILE) {
            y += LINE;
            sheet.text(MARGIN, y, Anchor::Start, "strong", &line);
        }
        y += 12.0;
        if self.has_legend() {
            let legend = legend(&self.looks, FILE);
            let height = legend.height;
            sheet.place(MARGIN, y, legend);
            y += height + 8.0;
        }
        let columns = if self.panels.len() == 1 { 1 } else { 2 };
        let width = if columns == 1 { FILE } else { (FILE - GAP) / 2.0 };
        for row in self.panels.chunks(columns) {
            let drawn: Vec<Canvas> = row.iter().map(|panel| self.titled(panel, width)).collect();
            let height = drawn.iter().map(|canvas| canvas.height).fold(0.0, f64::max);
            for (column, canvas) in drawn.into_iter().enumerate() {
                sheet.place(MARGIN + column as f64 * (width + GAP), y, canvas);
            }
            y += height + 14.0;
        }
        sheet.height = y;
        sheet
    }

    /// A panel with its name above.
    fn titled(&self, panel: &Panel<'_>, width: f64) -> Canvas {
        let mut canvas = Canvas::new(width);
        let mut y = 0.0;
        if !panel.name.is_empty() {
            for line in wrap(&panel.name, LETTERS * 1.12, width) {
                y += LINE;
                canvas.text(0.0, y - 2.0, Anchor::Start, "strong", &line);
            }
            y += 4.0;
        }
        let plot = self.drawn(panel, width);
        canvas.height = y + plot.height;
        canvas.place(0.0, y, plot);
        canvas
    }

    fn has_legend(&self) -> bool {
        self.panels.iter().any(|panel| panel.content.has_legend())
    }
}

/// Groups become panels; where each point needs one, or each contestant, there are more.
fn contents(answer: &Answer) -> Vec<Content<'_>> {
    if answer.plot == Plot::Timeline {
        let mut names: Vec<&str> = Vec::new();
        let all = || answer.places.iter().flat_map(|place| place.rows.iter().map(move |row| (place, row)));
        for (_, row) in all() {
            if row.timeline.as_ref().is_some_and(|spans| !spans.is_empty()) && !names.contains(&row.name.as_str()) {
                names.push(&row.name);
            }
        }
        let of = |name: &str| {
            let rows = all().filter(|(_, row)| row.name == name);
            rows.filter_map(|(place, row)| Some((place, row, row.timeline.as_deref()?))).collect()
        };
        if !names.is_empty() {
            return names.into_iter().map(|name| Content::Timeline(of(name))).collect();
        }
    }
    groups(&answer.places)
        .into_iter()
        .map(|places| places.into_iter().filter(|place| !place.rows.is_empty()).collect::<Vec<_>>())
        .filter(|places| !places.is_empty())
        .flat_map(|places| Content::of_group(answer, places))
        .collect()
}

fn name(content: &Content<'_>) -> String {
    match content {
        Content::Timeline(rows) => rows.first().map_or_else(String::new, |(_, row, _)| row.name.clone()),
        Content::Percentiles(place) => place.label.clone(),
        Content::Bars(places) | Content::Lines(places) | Content::Scaling(places) => match &places[..] {
            [place] => place.label.clone(),
            places => places.first().map_or_else(String::new, |place| place.group.clone()),
        },
    }
}

/// A piece of a line with its marker.
fn sample(look: &Look) -> Canvas {
    let mut canvas = Canvas::new(30.0);
    canvas.height = 14.0;
    canvas.curve(&[(1.0, 7.0), (29.0, 7.0)], &format!("curve {}", look.class));
    look.mark(&mut canvas, 15.0, 7.0);
    canvas
}

/// In rows, as wide as there is room.
fn legend(looks: &[Look], room: f64) -> Canvas {
    let mut canvas = Canvas::new(room);
    let (mut x, mut y) = (0.0, 0.0);
    for look in looks {
        let class = if look.class.starts_with("ours") { "ours" } else { "" };
        let length = 36.0 + width(&look.name, LETTERS) * 1.12 + 16.0;
        if x > 0.0 && x + length > room {
            (x, y) = (0.0, y + LINE + 3.0);
        }
        canvas.place(x, y, sample(look));
        canvas.text(x + 36.0, y + 11.0, Anchor::Start, class, &look.name);
        x += length;
    }
    canvas.height = y + LINE + 3.0;
    canvas
}

/// A canvas as an element; `alone`: as a document of its own.
fn svg(canvas: &Canvas, class: &str, title: &str, description: &str, alone: bool) -> Markup {
    let (width, height) = (canvas.width.ceil(), canvas.height.ceil());
    // Letters may hang over where their line begins and ends.
    let edge = if alone { 0.0 } else { 2.0 };
    html! {
        svg xmlns=[alone.then_some("http://www.w3.org/2000/svg")] class={ "plot " (class) } role="img"
            viewBox={ (0.0 - edge) " " (0.0 - edge) " " (width + 2.0 * edge) " " (height + 2.0 * edge) } width=[alone.then_some(width)] height=[alone.then_some(height)] {
            title { (title) }
            desc { (description) }
            @if alone {
                style { (maud::PreEscaped(STYLE)) }
                rect class="paper" width=(width) height=(height) rx="6" {}
            }
            (canvas.body())
        }
    }
}
