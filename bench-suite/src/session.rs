//! How this run was started: how thoroughly it measures, and what.
//!
//! ```text
//! cargo bench -- ARGS
//!   (none)             criterion's groups, then the interleaved tables
//!   --test             everything once, small
//!   interleaved        the tables only
//!   FILTER             what has this in its title
//! ```
//!
//! The variable `ROUNDS` says how many rounds a table has; more of them narrow its quartiles.

use crate::interleave::Plan;

/// Criterion's flags that stand alone: what follows them is not their value.
const FLAGS: [&str; 9] =
    ["--bench", "--test", "--exact", "--list", "--noplot", "--quick", "--quiet", "--verbose", "--nocapture"];

/// The filter that leaves criterion out.
const TABLES_ONLY: &str = "interleaved";

/// How a run was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    effort: Effort,
    filter: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    Full,
    Quick,
    List,
}

impl Session {
    /// Reads the command line, as criterion does.
    #[must_use]
    pub fn from_args() -> Self {
        Self::of(std::env::args().skip(1))
    }

    fn of(args: impl Iterator<Item = String>) -> Self {
        let args: Vec<String> = args.collect();
        let has = |flag: &str| args.iter().any(|arg| arg == flag);
        let effort = if has("--list") {
            Effort::List
        } else if has("--test") || !has("--bench") {
            Effort::Quick
        } else {
            Effort::Full
        };
        let is_value = |index: usize| {
            let before = index.checked_sub(1).map_or("", |before| args[before].as_str());
            before.starts_with('-') && !before.contains('=') && !FLAGS.contains(&before)
        };
        let filter = (0..args.len()).find(|&index| !args[index].starts_with('-') && !is_value(index));
        Self { effort, filter: filter.map(|index| args[index].clone()) }
    }

    /// `1 worker`, `2 workers`.
    #[must_use]
    pub fn count(number: usize, what: &str) -> String {
        format!("{number} {what}{}", if number == 1 { "" } else { "s" })
    }

    /// Whether this run measures. One that only tries whether everything runs has nothing to judge.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.effort == Effort::Full
    }

    /// Whether this run only lists what there is.
    #[must_use]
    pub fn lists_only(&self) -> bool {
        self.effort == Effort::List
    }

    /// `full`, or `quick` where everything only has to run once.
    #[must_use]
    pub fn units(&self, full: usize, quick: usize) -> usize {
        if self.is_full() { full } else { quick }
    }

    /// The rounds of the tables.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).filter(|&rounds| rounds > 0);
        Plan { warm_up: self.units(2, 0), rounds: self.units(rounds.unwrap_or(11), 1) }
    }

    /// Whether criterion measures what has this title.
    #[must_use]
    pub fn wants_criterion(&self, title: &str) -> bool {
        self.filter.as_deref() != Some(TABLES_ONLY) && (self.effort == Effort::List || self.matches(title))
    }

    /// Whether a table is wanted of what has this title.
    #[must_use]
    pub fn wants_table(&self, title: &str) -> bool {
        self.effort != Effort::List && (self.filter.as_deref() == Some(TABLES_ONLY) || self.matches(title))
    }

    fn matches(&self, title: &str) -> bool {
        self.filter.as_deref().is_none_or(|filter| title.contains(filter) || filter.contains(title))
    }
}

#[cfg(test)]
mod tests {
    use super::{Effort, Session};

    fn session(args: &str) -> Session {
        Session::of(args.split_whitespace().map(String::from))
    }

    #[test]
    fn arguments_are_read_as_criterion_reads_them() {
        assert_eq!(session("--bench"), Session { effort: Effort::Full, filter: None });
        assert_eq!(session("--test --bench"), Session { effort: Effort::Quick, filter: None });
        assert_eq!(session(""), Session { effort: Effort::Quick, filter: None });
        assert_eq!(session("--save-baseline old --bench"), Session { effort: Effort::Full, filter: None });
        assert_eq!(session("--verbose burst --bench").filter.as_deref(), Some("burst"));
    }

    #[test]
    fn a_filter_chooses() {
        let tables = session("interleaved --bench");
        assert!(tables.wants_table("burst") && !tables.wants_criterion("burst"));
        let some = session("burst/1 --bench");
        assert!(some.wants_table("burst/1"));
        let list = session("--list --format terse");
        assert!(list.wants_criterion("burst") && !list.wants_table("burst"));
    }
}
