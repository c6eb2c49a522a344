//! Figures with their units, in the three digits or so that they are worth.

use crate::question::{Axis, Measure};
use crate::spread::Spread;
use crate::table;

/// `1.23 µs`, `64.0 KiB`, `3`.
#[must_use]
pub(crate) fn quantity(measure: &Measure<String>, value: f64) -> String {
    match measure {
        Measure::NanosPer(_) => duration(value),
        Measure::BytesPer(_) => bytes(value),
        Measure::Count(_) => count(value),
        Measure::CpuMicrosPerSecond(_) => duration(value * 1e3),
    }
}

/// `1.10 to 1.31 µs`; both units if they differ.
#[must_use]
pub(crate) fn quartiles(measure: &Measure<String>, spread: Spread) -> String {
    let (lower, upper) = (quantity(measure, spread.lower), quantity(measure, spread.upper));
    match (lower.rsplit_once(' '), upper.rsplit_once(' ')) {
        (Some((figure, one)), Some((_, other))) if one == other => format!("{figure} to {upper}"),
        _ => format!("{lower} to {upper}"),
    }
}

/// What a figure says, as the title of an axis: `time per trip`.
fn title(measure: &Measure<String>) -> String {
    match measure {
        Measure::NanosPer(unit) => format!("time per {unit}"),
        Measure::BytesPer(unit) => format!("memory per {unit}"),
        Measure::Count(things) => things.clone(),
        Measure::CpuMicrosPerSecond(of) => format!("CPU time per second of {of}"),
    }
}

/// Whether less is better. A number of things is told, but nobody wins by it.
#[must_use]
pub(crate) fn is_contest(measure: &Measure<String>) -> bool {
    !matches!(measure, Measure::Count(_))
}

/// The title of an axis, with what is better.
#[must_use]
pub(crate) fn axis_title(measure: &Measure<String>, logarithmic: bool) -> String {
    let logarithmic = if logarithmic { ", logarithmic" } else { "" };
    let better = if is_contest(measure) { " (less is better)" } else { "" };
    format!("{}{logarithmic}{better}", title(measure))
}

/// At a tick, which is a round figure: `200 ns`, `1 µs`, `0`.
#[must_use]
pub(crate) fn tick(measure: &Measure<String>, value: f64) -> String {
    let text = quantity(measure, value);
    let (figure, unit) = text.split_once(' ').unwrap_or((&text, ""));
    let figure = if figure.contains('.') { figure.trim_end_matches('0').trim_end_matches('.') } else { figure };
    if figure == "0" || unit.is_empty() { figure.to_owned() } else { format!("{figure} {unit}") }
}

/// A place on the axis: `64 KiB` where bytes lie along it, `1 M` where there are many.
#[must_use]
pub(crate) fn place(axis: &Axis<String>, value: f64) -> String {
    let figure = |value: f64| {
        let text = format!("{value:.1}");
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    };
    if axis.name.contains("bytes") {
        let (value, unit) = binary(value);
        return format!("{} {unit}", figure(value));
    }
    match value {
        _ if value >= 1e6 => format!("{} M", figure(value / 1e6)),
        _ if value >= 1e4 => format!("{} k", figure(value / 1e3)),
        _ if value >= 1e3 => table::grouped(value),
        _ => figure(value),
    }
}

/// `2.31×`.
#[must_use]
pub(crate) fn times(ratio: f64) -> String {
    if ratio.is_finite() { format!("{}×", three_digits(ratio)) } else { "–".into() }
}

/// `2.31 (2.10 to 2.60)`, where a figure of zero leaves nothing to compare with: `–`.
#[must_use]
pub(crate) fn times_with_quartiles(ratio: Spread) -> String {
    if ratio.median.is_finite() {
        format!("{} ({} to {})", times(ratio.median), three_digits(ratio.lower), three_digits(ratio.upper))
    } else {
        "–".into()
    }
}

/// A ratio as words have it: `1.2`, `0.68`, `12`.
#[must_use]
pub(crate) fn ratio(value: f64) -> String {
    match value {
        _ if !value.is_finite() => "–".into(),
        _ if value >= 99.5 => table::grouped(value),
        _ if value >= 9.95 => format!("{value:.0}"),
        _ if value >= 1.095 => format!("{value:.1}"),
        _ if value >= 0.01 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

fn duration(nanos: f64) -> String {
    let (value, unit) = match nanos.abs() {
        size if size < 999.5 => (nanos, "ns"),
        size if size < 999.5e3 => (nanos / 1e3, "µs"),
        size if size < 999.5e6 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

fn bytes(value: f64) -> String {
    let (value, unit) = binary(value);
    format!("{} {unit}", three_digits(value))
}

fn binary(value: f64) -> (f64, &'static str) {
    let units = [(1024.0 * 1024.0 * 1024.0, "GiB"), (1024.0 * 1024.0, "MiB"), (1024.0, "KiB")];
    units.into_iter().find(|(size, _)| value >= *size).map_or((value, "B"), |(size, unit)| (value / size, unit))
}

fn count(value: f64) -> String {
    if value.fract() == 0.0 { table::grouped(value) } else { three_digits(value) }
}

fn three_digits(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if size < 0.00995 => format!("{value:.4}"),
        _ => table::number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::{place, quantity, quartiles, ratio, tick, times};
    use crate::question::{Axis, Measure};
    use crate::spread::Spread;

    #[test]
    fn figures_have_the_unit_that_keeps_them_short() {
        let nanos = Measure::NanosPer("task".to_owned());
        let figures = [0.0, 0.83, 12.34, 999.4, 999.6, 61_234.0, 2.5e9].map(|value| quantity(&nanos, value));
        assert_eq!(figures, ["0 ns", "0.83 ns", "12.3 ns", "999 ns", "1.00 µs", "61.2 µs", "2.50 s"]);
        assert_eq!(quantity(&Measure::BytesPer("task".into()), 2048.0), "2.00 KiB");
        assert_eq!(quantity(&Measure::Count("workers".into()), 1234.0), "1,234");
        assert_eq!(quantity(&Measure::CpuMicrosPerSecond("idleness".into()), 31.0), "31.0 µs");
    }

    #[test]
    fn a_unit_is_said_once_if_it_is_one() {
        let nanos = Measure::NanosPer("task".to_owned());
        let spread = |lower, upper| Spread { lower, median: lower, upper };
        assert_eq!(quartiles(&nanos, spread(1100.0, 1310.0)), "1.10 to 1.31 µs");
        assert_eq!(quartiles(&nanos, spread(900.0, 1310.0)), "900 ns to 1.31 µs");
    }

    #[test]
    fn ticks_and_places_are_round() {
        let nanos = Measure::NanosPer("task".to_owned());
        assert_eq!([0.0, 200.0, 1000.0, 2.5e6].map(|value| tick(&nanos, value)), ["0", "200 ns", "1 µs", "2.5 ms"]);
        let axis = |name: &str| Axis { name: name.to_owned(), logarithmic: true };
        assert_eq!(place(&axis("payload, bytes"), 65_536.0), "64 KiB");
        assert_eq!([2.0, 1e3, 2e4, 1e7].map(|value| place(&axis("tasks"), value)), ["2", "1,000", "20 k", "10 M"]);
    }

    #[test]
    fn ratios_have_the_digits_that_matter() {
        assert_eq!([0.684, 1.04, 1.47, 12.3, 1234.0].map(ratio), ["0.68", "1.04", "1.5", "12", "1,234"]);
        assert_eq!(times(f64::INFINITY), "–");
        assert_eq!(times(0.001), "0.0010×");
    }
}
