//! From what a run found to what others read: a page, a Markdown report and the plots. All of it is made of the [`Results`]
//! alone, so that the same results give the same documents anywhere.
//!
//! ```text
//!   Results ──┬── duel, speedup, usl     what the figures say
//!             ├── summary                the first screen, and what we lose
//!             ├── finding, wording       the sentence above each plot
//!             ├── table, unit, facts     words and figures that all documents share
//!             ├── figure ── plot         panels, drawn as SVG
//!             └── html, markdown         the documents
//! ```

mod duel;
mod facts;
mod figure;
mod finding;
mod html;
#[cfg(test)]
mod made_up;
mod markdown;
mod plot;
mod reasons;
mod speedup;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod unit;
mod usl;
mod wording;

use std::fs;
use std::io;
use std::path::Path;

pub use duel::{Duel, Outcome};
use figure::Figure;
pub use summary::{Cell, Count, Headline, Loss, Standing, Summary};
pub use usl::Usl;
pub use wording::Side;

use crate::contestant::Role;
use crate::question::Measure;
use crate::results::{Answer, Results};

/// By this a plot of ours is known, which a later report may remove.
const OURS: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot ";

/// A file of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What the file is called.
    pub name: String,
    /// What it contains.
    pub text: String,
}

/// The documents of a run: `index.html`, `performance.md`, and an SVG for each question.
#[must_use]
pub fn documents(results: &Results) -> Vec<Document> {
    let plots = results.answers.iter().map(|answer| Document {
        name: format!("{}.svg", answer.id),
        text: Figure::of(answer, results.machine.cores).file(),
    });
    let document = |name: &str, text| Document { name: name.to_owned(), text };
    let pages = [document("index.html", html::page(results)), document("performance.md", markdown::report(results))];
    pages.into_iter().chain(plots).collect()
}

/// Writes the documents into a directory, which is made, and removes the plots of questions that the results don't have.
///
/// # Errors
///
/// If one can't be written; the file is named.
pub fn write(results: &Results, directory: &Path) -> io::Result<()> {
    let named = |path: &Path, error: &io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    fs::create_dir_all(directory).map_err(|error| named(directory, &error))?;
    let documents = documents(results);
    for name in plots(directory)? {
        if !documents.iter().any(|document| document.name == name) {
            let path = directory.join(name);
            fs::remove_file(&path).map_err(|error| named(&path, &error))?;
        }
    }
    for document in documents {
        let path = directory.join(document.name);
        fs::write(&path, document.text).map_err(|error| named(&path, &error))?;
    }
    Ok(())
}

/// The names of the plots in a directory that a report has written.
///
/// # Errors
///
/// If the directory can't be read.
pub fn plots(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_ours = || fs::read_to_string(&path).is_ok_and(|text| text.starts_with(OURS));
        if path.extension().is_some_and(|extension| extension == "svg")
            && is_ours()
            && let Some(name) = path.file_name()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// `(who, why, where)` for all who took no part: once for each reason.
fn missing(answer: &Answer) -> Vec<(String, String, String)> {
    let mut missing: Vec<(String, String, Vec<String>)> = Vec::new();
    for place in &answer.places {
        for absent in &place.missing {
            let name = table::place_name(place);
            match missing.iter_mut().find(|(who, why, _)| (who, why) == (&absent.name, &absent.reason)) {
                Some((.., places)) => places.push(name),
                None => missing.push((absent.name.clone(), absent.reason.clone(), vec![name])),
            }
        }
    }
    let all = answer.places.len();
    let place =
        |places: Vec<String>| if places.len() == all && all > 1 { "everywhere".into() } else { places.join("; ") };
    // What somebody printed before it died may be long; its beginning says why.
    let short = |reason: String| match reason.char_indices().nth(240) {
        Some((end, _)) => format!("{} …", &reason[..end]),
        None => reason,
    };
    missing.into_iter().map(|(name, reason, places)| (name, short(reason), place(places))).collect()
}

/// `All figures: 12 rows at 2 points`.
fn all_figures(answer: &Answer) -> String {
    let rows: usize = answer.places.iter().map(|place| place.rows.len()).sum();
    match answer.places.len() {
        1 => format!("All figures: {rows} rows"),
        points => format!("All figures: {rows} rows at {points} points"),
    }
}

/// `1.3 times faster`, in the words of the measure.
fn lead(loss: &Loss<'_>) -> String {
    let times = unit::ratio(loss.duel.behind());
    match loss.answer.measure {
        Measure::BytesPer(_) => format!("{times} times less memory"),
        Measure::CpuMicrosPerSecond(_) => format!("{times} times less CPU time"),
        _ => format!("{times} times faster"),
    }
}

/// A lost row but its question: point, peer, how many times the peer ours takes, ours, peer, and ours beside the floor.
fn loss_cells(loss: &Loss<'_>) -> [String; 6] {
    let (measure, duel) = (&loss.answer.measure, &loss.duel);
    let figure = |row: &crate::results::Row| {
        let spread = row.spread();
        format!("{} ({})", unit::quantity(measure, spread.median), unit::quartiles(measure, spread))
    };
    let floor = duel.place.best(Role::Floor).map(|floor| unit::times_with_quartiles(duel.ours.ratio(floor)));
    [
        table::place_name(duel.place),
        duel.peer.name.clone(),
        unit::times_with_quartiles(duel.ours.ratio(duel.peer)),
        figure(duel.ours),
        figure(duel.peer),
        floor.unwrap_or_else(|| "–".into()),
    ]
}
