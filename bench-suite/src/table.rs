//! What was found, as a Markdown table for the terminal.

use comfy_table::{CellAlignment, Table, presets};

use crate::results::{Answer, Place, Row};

/// One table per place: a row per contestant, and what became of the promises.
#[must_use]
pub fn answer(answer: &Answer) -> String {
    let mut text = format!("\n# {} ({})\n", answer.title, answer.id);
    for place in &answer.places {
        text += &format!("\n{}\n", self::place(answer, place));
        for absent in &place.missing {
            text += &format!("MISSING: {}: {}\n", absent.name, absent.reason);
        }
        for verdict in &place.verdicts {
            text += &format!("{verdict}\n");
        }
    }
    for verdict in &answer.verdicts {
        text += &format!("{verdict}\n");
    }
    text
}

fn place(answer: &Answer, place: &Place) -> Table {
    let base = place.base();
    let has_distribution = place.rows.iter().any(|row| row.distribution.is_some());
    let name = [place.group.as_str(), place.label.as_str()].into_iter().filter(|part| !part.is_empty());
    let mut header =
        vec![name.collect::<Vec<_>>().join(": "), answer.measure.to_string(), "quartiles".into(), "CPU".into()];
    if let Some(base) = base {
        header.extend([format!("times {}", base.name), "quartiles".into()]);
    }
    if has_distribution {
        header.push("p99".into());
    }
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header);
    for row in &place.rows {
        table.add_row(cells(row, base, has_distribution));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn cells(row: &Row, base: Option<&Row>, has_distribution: bool) -> Vec<String> {
    let spread = row.spread();
    let mut cells = vec![
        row.name.clone(),
        number(spread.median),
        format!("{} to {}", number(spread.lower), number(spread.upper)),
        row.cpu().map_or_else(|| "-".into(), |cpu| number(cpu.median)),
    ];
    if let Some(base) = base {
        let ratio = row.ratio(base);
        cells.extend([format!("{:.2}", ratio.median), format!("{:.2} to {:.2}", ratio.lower, ratio.upper)]);
    }
    if has_distribution {
        let p99 = row.distribution.as_ref().map(|distribution| distribution.quantile(0.99) as f64);
        cells.push(p99.map_or_else(|| "-".into(), number));
    }
    cells
}

/// Three digits or so: `0.83`, `12.3`, `445`, `12,300`.
#[must_use]
pub fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "-".into(),
        _ if value.abs() < 10.0 => format!("{value:.2}"),
        _ if value.abs() < 100.0 => format!("{value:.1}"),
        _ => grouped(value),
    }
}

/// `12,300`.
#[must_use]
pub fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", &*digits), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short_and_grouped() {
        let numbers = [0.834, 12.34, 445.2, 1_234_567.8, -999.9, f64::NAN].map(number);
        assert_eq!(numbers.join(" "), "0.83 12.3 445 1,234,568 -1,000 -");
    }
}
