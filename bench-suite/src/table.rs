//! Prints what was measured, as a Markdown table.
#![expect(clippy::print_stdout, reason = "this is where the suite prints")]

use comfy_table::{CellAlignment, Table, presets};

use crate::case::{Case, Role};
use crate::interleave::{Plan, Rounds};
use crate::session::Session;

/// Prints one line below a table.
pub fn print_line(line: &str) {
    println!("{line}");
}

/// Prints one row per case. The first case is the base of the ratios; floors among themselves have none.
pub fn print(title: &str, unit: &str, cases: &[Case], rounds: &Rounds, plan: Plan) {
    let mut header = vec![title.to_owned(), format!("ns/{unit}, median"), "quartiles".into(), format!("CPU ns/{unit}")];
    let base = cases.first().filter(|first| first.role() != Role::Floor);
    if let Some(base) = base {
        header.extend([format!("times {}", base.name()), "quartiles".into()]);
    }
    if rounds.has_p99() {
        header.push("p99 ns".into());
    }
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header);
    for (row, case) in cases.iter().enumerate() {
        let nanos = rounds.nanos(row);
        let mut cells = vec![
            case.name().to_owned(),
            number(nanos.median),
            format!("{} to {}", number(nanos.lower), number(nanos.upper)),
            number(rounds.spread(row, |sample| sample.cpu_nanos).median),
        ];
        if base.is_some() {
            let ratio = rounds.ratio(row, 0);
            cells.extend([format!("{:.2}", ratio.median), format!("{:.2} to {:.2}", ratio.lower, ratio.upper)]);
        }
        if rounds.has_p99() {
            cells.push(number(rounds.spread(row, |sample| sample.p99_nanos.unwrap_or(f64::NAN)).median));
        }
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("\n{table}\n\n{}", Session::count(plan.rounds, "interleaved round"));
}

/// Three digits or so: `0.83`, `12.3`, `445`, `12,300`.
fn number(value: f64) -> String {
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
