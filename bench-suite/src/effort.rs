//! How thoroughly a run measures.

use serde::{Deserialize, Serialize};

/// How thoroughly a run measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Everything once, small: whether it runs. The figures mean nothing.
    Trial,
    /// The most important points in few rounds: two minutes.
    Brief,
    /// All points.
    Full,
}

/// How often everything runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Rounds before the measured ones.
    pub warm_up: usize,
    /// Measured rounds.
    pub rounds: usize,
}

impl Effort {
    /// `full`, or `trial` where everything only has to run once.
    #[must_use]
    pub fn units(self, full: usize, trial: usize) -> usize {
        if self == Self::Trial { trial } else { full }
    }

    /// All of some points, or those that a brief run has.
    #[must_use]
    pub fn points<P: Clone>(self, full: &[P], brief: &[P]) -> Vec<P> {
        if self == Self::Brief { brief.to_vec() } else { full.to_vec() }
    }

    /// How many rounds that makes.
    #[must_use]
    pub fn plan(self) -> Plan {
        match self {
            Self::Trial => Plan { warm_up: 0, rounds: 1 },
            Self::Brief => Plan { warm_up: 1, rounds: 5 },
            Self::Full => Plan { warm_up: 2, rounds: 11 },
        }
    }
}
