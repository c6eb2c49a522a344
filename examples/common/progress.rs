use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr that counts to `len`. Where stderr is no terminal it shows nothing.
pub(crate) fn count_to(len: u64, what: &str) -> ProgressBar {
    ProgressBar::new(len).with_style(style(&format!("{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left")))
}

/// As [`count_to`], where nobody knows how many there will be.
pub(crate) fn counter(what: &str) -> ProgressBar {
    ProgressBar::no_length().with_style(style(&format!("{{spinner}} {{pos}} {what} in {{elapsed}}")))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is part of the program")
}
