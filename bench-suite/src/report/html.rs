//! The page: one file without a script, that asks nothing of the network.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::duel::Outcome;
use super::facts::{self, BIAS, HOW_TO_READ, METHOD, TITLE};
use super::figure::Figure;
use super::plot::STYLE;
use super::reasons;
use super::summary::{Cell, Headline, Loss, Standing, Summary, column};
use super::table::{Figures, place_name};
use super::unit;
use super::wording::{self, Side};
use crate::contestant::Role;
use crate::promise::Verdict;
use crate::results::{Answer, Place, Results};

/// The whole page.
pub(crate) fn page(results: &Results) -> String {
    let summary = Summary::of(results);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (TITLE) }
                style { (PreEscaped(include_str!("page.css"))) (PreEscaped(STYLE)) }
            }
            body {
                header { (first_screen(results, &summary)) }
                main {
                    (contents(results))
                    @for answer in &results.answers { (question(answer, results.machine.cores)) }
                    (losses(&summary))
                    (method(results))
                }
            }
        }
    };
    markup.into_string() + "\n"
}

fn first_screen(results: &Results, summary: &Summary<'_>) -> Markup {
    let count = summary.count;
    html! {
        h1 { (TITLE) }
        @for warning in facts::warnings(&results.run) { p class="warning" role="note" { (warning) } }
        p class="lead" {
            "Measured on " (results.machine.processor) ", " (results.machine.cores) " cores. Beside every peer at every point, "
            (count.all()) " times: ours is faster " strong { (count.won) } " times, level within the noise " strong { (count.level) }
            ", and " a href="#losses" { "slower " strong { (count.lost) } " times" } "."
        }
        @if !summary.tables.is_empty() {
            div class="sides" { @for table in &summary.tables { (headline(table)) } }
            p class="soft" {
                (HOW_TO_READ)
            }
        }
        h3 id="where-we-lose" { "Where we lose" }
        (worst(summary))
    }
}

fn headline(table: &Headline<'_>) -> Markup {
    let title = match table.side {
        Side::Threads => "Threads: how many times faster than what you use today",
        Side::Processes => "Processes: how many times faster than what you use today",
    };
    html! {
        table class="headline" style={ "--columns:" (table.columns.len()) } {
            caption { (title) }
            thead { tr {
                th scope="col" { "instead of" }
                @for answer in &table.columns { th scope="col" { a href={ "#" (answer.id) } { (column(answer)) } } }
            } }
            tbody {
                @for (index, (name, cells)) in table.rows.iter().enumerate() {
                    @let is_floor = index + 1 == table.rows.len();
                    tr class=[is_floor.then_some("floor")] {
                        th scope="row" { (name) }
                        @for cell in cells { (headline_cell(*cell, is_floor)) }
                    }
                }
            }
        }
    }
}

fn headline_cell(cell: Option<Cell>, is_floor: bool) -> Markup {
    let Some(cell) = cell else { return html! { td { span class="soft" { "–" } } } };
    let (class, sign) = if is_floor { ("", "") } else { standing(cell.count.standing()) };
    html! {
        td {
            span class=(class) { (sign) (unit::times(cell.ratio.median)) }
            small { (unit::ratio(cell.ratio.lower)) "–" (unit::ratio(cell.ratio.upper)) }
        }
    }
}

fn standing(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Ahead => badge(Outcome::Won),
        Standing::Level => badge(Outcome::Level),
        Standing::Mixed => ("level", "±\u{a0}"),
        Standing::Behind => badge(Outcome::Lost),
    }
}

fn badge(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Won => ("won", "▲\u{a0}"),
        Outcome::Level => ("level", "≈\u{a0}"),
        Outcome::Lost => ("lost", "▼\u{a0}"),
    }
}

/// Each question with a loss, with the greatest lead of a peer.
fn worst(summary: &Summary<'_>) -> Markup {
    html! {
        @if summary.losses.is_empty() {
            p { "Nowhere beyond the noise, in this run." }
        } @else {
            ul class="losses" {
                @for (loss, lost, all) in &summary.worst_losses() {
                    li {
                        a href={ "#" (loss.answer.id) } { (wording::named(&loss.answer.id)) } ": "
                        (lost) " of " (all) " rows; at worst " (loss.duel.peer.name) ", "
                        span class="lost" { (super::lead(loss)) } ", at “" (place_name(loss.duel.place)) "”"
                    }
                }
            }
            p { a href="#losses" { "Every row that we lose" } }
        }
    }
}

fn contents(results: &Results) -> Markup {
    html! {
        nav aria-label="Questions" {
            h2 { "The questions" }
            ul {
                @for answer in &results.answers { li { a href={ "#" (answer.id) } { (answer.title) } } }
                li { a href="#losses" { "Every row that we lose" } }
                li { a href="#method" { "Machine, method, bias, and how to measure it again" } }
            }
        }
    }
}

fn question(answer: &Answer, cores: usize) -> Markup {
    let figure = Figure::of(answer, cores);
    let shape = match figure.columns() {
        1 => "panels one",
        2 => "panels two",
        _ => "panels",
    };
    html! {
        section id=(answer.id) aria-labelledby={ (answer.id) "-title" } {
            h2 id={ (answer.id) "-title" } { (answer.title) }
            figure {
                figcaption { (figure.finding) }
                @if let Some(legend) = figure.inline_legend() { (legend) }
                div class=(shape) {
                    @for panel in &figure.panels {
                        div class="panel" {
                            @if !panel.name.is_empty() { h3 { (panel.name) } }
                            @if figure.panels.len() > 1 && !panel.finding.is_empty() {
                                p class="finding" { (panel.finding) }
                            }
                            div class="picture" { (figure.inline(panel)) }
                            @if let Some(note) = &panel.note { p class="note" { (note) } }
                        }
                    }
                }
            }
            p class="soft method" { (prose(&answer.method)) }
            (verdicts(answer))
            (missing(answer))
            (tables(answer))
        }
    }
}

fn verdicts(answer: &Answer) -> Markup {
    let at_places =
        answer.places.iter().flat_map(|place| place.verdicts.iter().map(move |verdict| (Some(place), verdict)));
    let all: Vec<(Option<&Place>, &Verdict)> =
        at_places.chain(answer.verdicts.iter().map(|verdict| (None, verdict))).collect();
    let kept = all.iter().filter(|(_, verdict)| verdict.kept == Some(true)).count();
    html! {
        @if !all.is_empty() {
            details open[kept < all.len()] {
                summary { (kept) " of " (all.len()) " promises kept" }
                ul class="bare" {
                    @for (place, verdict) in &all {
                        @let (class, word) = match verdict.kept {
                            Some(true) => ("kept", "kept"),
                            Some(false) => ("missed", "MISSED"),
                            None => ("unjudged", "not judged"),
                        };
                        li class=(class) {
                            (word) ": "
                            @if let Some(place) = place { "at “" (place_name(place)) "” " }
                            (verdict.text)
                        }
                    }
                }
            }
        }
    }
}

/// Who took no part, with the reason: once for all points of the same reason.
fn missing(answer: &Answer) -> Markup {
    let missing = super::missing(answer);
    html! {
        @if !missing.is_empty() {
            p { "Missing:" }
            ul { @for (name, reason, places) in &missing { li { strong { (name) } " (" (places) "): " (reason) } } }
        }
    }
}

fn tables(answer: &Answer) -> Markup {
    html! {
        details {
            summary { (super::all_figures(answer)) }
            @for place in &answer.places {
                @let figures = Figures::of(answer, place);
                div class="scroll" role="region" tabindex="0" aria-label={ "Figures: " (place_name(place)) } {
                    table {
                        caption { (place_name(place)) }
                        thead { tr { @for column in &figures.columns { th scope="col" { (column) } } } }
                        tbody {
                            @for line in &figures.lines {
                                @let class = match line.role { Role::Ours => "ours", Role::Floor => "floorrow", Role::Peer => "" };
                                tr class=(class) {
                                    th scope="row" { (line.name) }
                                    @for (index, cell) in line.cells.iter().enumerate() {
                                        @let (class, sign) = match line.outcome {
                                            Some(outcome) if figures.columns[index + 1] == "× ours" => badge(outcome),
                                            _ => ("", ""),
                                        };
                                        td class=(class) { (sign) (cell) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn losses(summary: &Summary<'_>) -> Markup {
    html! {
        section id="losses" {
            h2 { "Every row that we lose" }
            @if summary.losses.is_empty() {
                p { "In this run no peer is faster beyond the noise, at any point." }
            } @else {
                p { "A peer that was better in at least three quarters of the rounds, the greatest lead first." }
                div class="scroll" role="region" tabindex="0" aria-label="Every row that we lose" {
                    table {
                        thead { tr {
                            @for name in ["question", "point", "peer", "ours × peer", "ours", "peer", "ours × floor"] {
                                th scope="col" { (name) }
                            }
                        } }
                        tbody { @for loss in &summary.losses { (loss_row(loss)) } }
                    }
                }
                h3 { "Why" }
                dl {
                    @for (question, why) in &reasons::of(summary) { dt { (question) } dd { (prose(why)) } }
                }
            }
        }
    }
}

fn loss_row(loss: &Loss<'_>) -> Markup {
    let cells = super::loss_cells(loss);
    html! {
        tr {
            th scope="row" { a href={ "#" (loss.answer.id) } { (wording::named(&loss.answer.id)) } }
            @for cell in &cells { td { (cell) } }
        }
    }
}

fn method(results: &Results) -> Markup {
    html! {
        section id="method" {
            h2 { "Machine and run" }
            dl { @for (name, value) in facts::facts(results) { dt { (name) } dd { (value) } } }
            h2 { "Method" }
            ul { @for text in METHOD { li { (text) } } }
            h2 { "Bias" }
            ul { @for text in BIAS { li { (text) } } }
            h2 { "Not measured" }
            ul { @for text in facts::unmeasured(&results.machine) { li { (text) } } }
            h2 { "How to measure it again" }
            p { code { (facts::command(&results.run)) } }
            p {
                "It writes this page, its Markdown twin and " a href="results.json" { "results.json" } ", from which both are made: "
                code { "report results.json" } " makes them again, and " code { "compare A.json B.json" } " shows two runs side by side."
            }
        }
    }
}

/// Text in which backticks mark code.
fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
