//! The report for reading on a code host: Markdown, with each plot as a file beside it.

use super::duel::Outcome;
use super::facts::{self, BIAS, HOW_TO_READ, METHOD, TITLE};
use super::figure::Figure;
use super::reasons;
use super::summary::{Cell, Standing, Summary, column};
use super::table::{Figures, place_name};
use super::unit;
use super::wording::{self, Side};
use crate::results::{Answer, Results};

/// The whole report.
pub(crate) fn report(results: &Results) -> String {
    let summary = Summary::of(results);
    let mut text = format!("# {TITLE}\n\n");
    for warning in facts::warnings(&results.run) {
        text += &format!("> **{warning}**\n\n");
    }
    text += &first_screen(results, &summary);
    for answer in &results.answers {
        text += &question(answer, results.machine.cores);
    }
    text += &losses(&summary);
    text += &method(results);
    text
}

fn first_screen(results: &Results, summary: &Summary<'_>) -> String {
    let count = summary.count;
    let mut text = format!(
        "Measured on {}, {} cores. Beside every peer at every point, {} times: ours is faster **{}** times, level within the noise \
         **{}**, and slower **{}** times. The same as a page: [index.html](index.html).\n\n",
        escaped(&results.machine.processor),
        results.machine.cores,
        count.all(),
        count.won,
        count.level,
        count.lost
    );
    for headline in &summary.tables {
        let side = match headline.side {
            Side::Threads => "Threads",
            Side::Processes => "Processes",
        };
        text += &format!("**{side}: how many times faster than what you use today**\n\n");
        let columns = headline.columns.iter().map(|answer| format!("[{}](#{})", column(answer), answer.id));
        let header: Vec<String> = std::iter::once("instead of".to_owned()).chain(columns).collect();
        let last = headline.rows.len() - 1;
        let rows = headline.rows.iter().enumerate().map(|(index, (name, cells))| {
            let cells =
                cells.iter().map(|cell| cell.map_or_else(|| "–".into(), |cell| headline_cell(cell, index == last)));
            std::iter::once(escaped(name)).chain(cells).collect()
        });
        text += &table(&header, rows.collect());
    }
    text += &format!("{HOW_TO_READ}\n\n**Where we lose**\n\n");
    if summary.losses.is_empty() {
        text += "Nowhere beyond the noise, in this run.\n";
    }
    for (loss, lost, all) in summary.worst_losses() {
        text += &format!(
            "- [{}](#{}): {lost} of {all} rows; at worst {}, **{}**, at “{}”\n",
            wording::named(&loss.answer.id),
            loss.answer.id,
            escaped(&loss.duel.peer.name),
            super::lead(&loss),
            escaped(&place_name(loss.duel.place))
        );
    }
    text + "\n"
}

fn headline_cell(cell: Cell, is_floor: bool) -> String {
    let sign = if is_floor { "" } else { standing(cell.count.standing()) };
    let ratio = cell.ratio;
    format!("{sign}{} ({}–{})", unit::times(ratio.median), unit::ratio(ratio.lower), unit::ratio(ratio.upper))
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Ahead => sign(Outcome::Won),
        Standing::Level => sign(Outcome::Level),
        Standing::Mixed => "± ",
        Standing::Behind => sign(Outcome::Lost),
    }
}

fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Won => "▲ ",
        Outcome::Level => "≈ ",
        Outcome::Lost => "▼ ",
    }
}

fn question(answer: &Answer, cores: usize) -> String {
    let figure = Figure::of(answer, cores);
    let finding = escaped(&figure.finding);
    let mut text = format!(
        "<a id=\"{id}\"></a>\n\n## {}\n\n**{finding}**\n\n![{finding}]({id}.svg)\n\n{}\n\n",
        escaped(&answer.title),
        escaped(&answer.method),
        id = answer.id
    );
    for panel in &figure.panels {
        if figure.panels.len() > 1 && !panel.finding.is_empty() {
            text += &format!("- {}: {}\n", escaped(&panel.name), escaped(&panel.finding));
        }
        if let Some(note) = &panel.note {
            text += &format!("- {}\n", escaped(note));
        }
    }
    text += &format!("\n{}{}", verdicts(answer), missing(answer));
    text += &format!("<details><summary>{}</summary>\n\n", super::all_figures(answer));
    for place in &answer.places {
        let figures = Figures::of(answer, place);
        let mut header: Vec<String> = figures.columns.iter().map(|column| (*column).to_owned()).collect();
        header[0] = escaped(&place_name(place));
        let lines = figures.lines.iter().map(|line| {
            let cells = line.cells.iter().enumerate().map(|(index, cell)| match line.outcome {
                Some(outcome) if figures.columns[index + 1] == "× ours" => format!("{}{cell}", sign(outcome)),
                _ => cell.clone(),
            });
            std::iter::once(escaped(&line.name)).chain(cells).collect()
        });
        text += &table(&header, lines.collect());
    }
    text + "</details>\n\n"
}

fn verdicts(answer: &Answer) -> String {
    let mut text = String::new();
    for place in &answer.places {
        for verdict in &place.verdicts {
            text += &format!("- “{}”: {}\n", escaped(&place_name(place)), escaped(&verdict.to_string()));
        }
    }
    for verdict in &answer.verdicts {
        text += &format!("- {}\n", escaped(&verdict.to_string()));
    }
    if text.is_empty() { text } else { format!("Promises:\n\n{text}\n") }
}

fn missing(answer: &Answer) -> String {
    let missing = super::missing(answer);
    if missing.is_empty() {
        return String::new();
    }
    let mut text = "Missing:\n\n".to_owned();
    for (name, reason, places) in missing {
        text += &format!("- **{}** ({}): {}\n", escaped(&name), escaped(&places), escaped(&reason));
    }
    text + "\n"
}

fn losses(summary: &Summary<'_>) -> String {
    let mut text = "<a id=\"losses\"></a>\n\n## Every row that we lose\n\n".to_owned();
    if summary.losses.is_empty() {
        return text + "In this run no peer is faster beyond the noise, at any point.\n\n";
    }
    text += "A peer that was better in at least three quarters of the rounds, the greatest lead first.\n\n";
    let header = ["question", "point", "peer", "ours × peer", "ours", "peer", "ours × floor"].map(str::to_owned);
    let rows = summary.losses.iter().map(|loss| {
        let question = format!("[{}](#{})", wording::named(&loss.answer.id), loss.answer.id);
        std::iter::once(question).chain(super::loss_cells(loss).iter().map(|cell| escaped(cell))).collect()
    });
    text += &table(&header, rows.collect());
    text += "\n### Why\n\n";
    text + &reasons::of(summary).iter().map(|(question, why)| format!("- **{question}**: {why}\n")).collect::<String>()
        + "\n"
}

fn method(results: &Results) -> String {
    let list = |title: &str, items: &[String]| {
        let items: String = items.iter().map(|item| format!("- {}\n", escaped(item))).collect();
        format!("## {title}\n\n{items}\n")
    };
    let owned = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    let rows = facts::facts(results).into_iter().map(|(name, value)| vec![name.to_owned(), escaped(&value)]);
    let mut text = "## Machine and run\n\n".to_owned();
    text += &table(&["".to_owned(), String::new()], rows.collect());
    text += &list("Method", &owned(&METHOD));
    text += &list("Bias", &owned(&BIAS));
    text += &list("Not measured", &facts::unmeasured(&results.machine));
    text + &format!(
        "## How to measure it again\n\n    {}\n\nIt writes this report, its twin as a page, and [results.json](results.json), from which \
         both are made: `report results.json` makes them again, and `compare A.json B.json` shows two runs side by side.\n",
        facts::command(&results.run)
    )
}

/// A table; numbers stand to the right.
fn table(header: &[String], rows: Vec<Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule: Vec<String> = (0..header.len()).map(|index| if index == 0 { "---" } else { "---:" }.to_owned()).collect();
    line(header) + &line(&rule) + &rows.iter().map(|row| line(row)).collect::<String>() + "\n"
}

/// As text, whatever it contains; what stands between backticks stays code.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    let is_code = |index: usize| index % 2 == 1;
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            escaped.push('`');
        }
        for letter in part.chars() {
            match letter {
                '|' => escaped.push_str("\\|"),
                '\n' => escaped.push(' '),
                _ if is_code(index) => escaped.push(letter),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '&' => escaped.push_str("&amp;"),
                '*' | '_' | '[' | ']' | '\\' | '~' | '#' => escaped.extend(['\\', letter]),
                _ => escaped.push(letter),
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_stay_what_they_are() {
        assert_eq!(escaped("a_b <i> | `x_y<z>` & [c]"), "a\\_b &lt;i&gt; \\| `x_y<z>` &amp; \\[c\\]");
    }
}
