//! Who ran what and when: a lane per worker, a bar per task, and how many tasks each had.

use super::canvas::{Anchor, Canvas, LETTERS, LINE, places};
use super::scale::Scale;
use super::text::{width, wrap};
use crate::question::Measure;
use crate::report::unit;
use crate::sample::Span;

/// More lanes than these are only counted.
const LANES: usize = 16;
const LANE: f64 = 18.0;
const THICK: f64 = 12.0;
/// The letters on a bar.
const ROOM_IN_BAR: f64 = 8.0;

/// The tasks of one worker, in the order of their begin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lane<'a> {
    /// The worker.
    pub(crate) worker: &'a str,
    /// What it ran.
    pub(crate) tasks: Vec<&'a Span>,
}

/// The workers in the order of their first task.
pub(crate) fn lanes(spans: &[Span]) -> Vec<Lane<'_>> {
    let mut spans: Vec<&Span> = spans.iter().collect();
    spans.sort_by(|a, b| a.start_us.total_cmp(&b.start_us));
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    for span in spans {
        match lanes.iter_mut().find(|lane| lane.worker == span.worker) {
            Some(lane) => lane.tasks.push(span),
            None => lanes.push(Lane { worker: &span.worker, tasks: vec![span] }),
        }
    }
    lanes
}

/// Draws one picture beneath the other: a title and its spans, each on its own scale of time.
pub(crate) fn draw(pictures: &[(String, &[Span])], width: f64) -> Canvas {
    let mut canvas = Canvas::new(width);
    for (title, spans) in pictures {
        picture(&mut canvas, title, spans);
    }
    canvas
}

fn picture(canvas: &mut Canvas, title: &str, spans: &[Span]) {
    let mut y = canvas.height;
    for line in wrap(title, LETTERS * 1.12, canvas.width) {
        y += LINE;
        canvas.text(0.0, y, Anchor::Start, "strong", &line);
    }
    y += 6.0;
    let all = lanes(spans);
    let (left, right) = (24.0, canvas.width - 66.0);
    let end = spans.iter().map(|span| span.end_us).fold(0.0, f64::max);
    let scale = Scale::linear(0.0, if end > 0.0 { end } else { 1.0 }).over(left, right);
    let shown = all.len().min(LANES);
    let bottom = y + LANE * shown as f64;
    axis(canvas, &scale, y, bottom);
    for (index, lane) in all.iter().take(LANES).enumerate() {
        let top = y + LANE * index as f64 + 3.0;
        canvas.text(left - 8.0, top + 10.0, Anchor::End, "quiet", &format!("{}", index + 1));
        bars(canvas, &scale, lane, top);
        let count = if lane.tasks.len() == 1 { "1 task".into() } else { format!("{} tasks", lane.tasks.len()) };
        canvas.text(canvas.width, top + 10.0, Anchor::End, "", &count);
    }
    canvas.height = bottom + LINE + 8.0;
    if all.len() > LANES {
        let more = format!("and {} more workers", all.len() - LANES);
        canvas.height += LINE;
        canvas.text(left, canvas.height - 4.0, Anchor::Start, "quiet", &more);
    }
    canvas.height += 6.0;
}

fn axis(canvas: &mut Canvas, scale: &Scale, top: f64, bottom: f64) {
    let micros = Measure::CpuMicrosPerSecond(String::new());
    let mut free = f64::NEG_INFINITY;
    for tick in scale.ticks(4) {
        let (x, label) = (scale.at(tick), unit::tick(&micros, tick));
        canvas.line((x, top), (x, bottom), "grid");
        let half = width(&label, LETTERS) / 2.0;
        if x - half > free {
            canvas.text(x, bottom + LINE, Anchor::Middle, "quiet", &label);
            free = x + half + 6.0;
        }
    }
}

/// Neighbours have different tints, which are two paths; the names of the tasks stand in the bars that have room.
fn bars(canvas: &mut Canvas, scale: &Scale, lane: &Lane<'_>, top: f64) {
    let mut paths = [String::new(), String::new()];
    for (index, task) in lane.tasks.iter().enumerate() {
        let (start, end) = (scale.at(task.start_us), scale.at(task.end_us));
        let length = (end - start).max(1.2);
        paths[index % 2] +=
            &format!("M{} {}h{}v{THICK}h-{}z", places(start), places(top), places(length), places(length));
    }
    canvas.path(&paths[0], "task");
    canvas.path(&paths[1], "task odd");
    for task in &lane.tasks {
        let (start, end) = (scale.at(task.start_us), scale.at(task.end_us));
        if width(&task.task, LETTERS) + ROOM_IN_BAR < end - start {
            canvas.text((start + end) / 2.0, top + 10.0, Anchor::Middle, "onbar", &task.task);
        }
    }
}
