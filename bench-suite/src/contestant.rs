//! Who takes part in a comparison: one row of a table, one line of a plot.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::case::Case;

/// What a row is, for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// This project.
    Ours,
    /// Another pool on the same work.
    Peer,
    /// What the machine or plain code needs for the same: nobody can be better.
    Floor,
}

type Make = dyn Fn() -> Result<Case, Missing>;

/// A name, and how to get ready: the pool is made only where it is measured, in a process of its own.
pub struct Contestant {
    name: String,
    role: Role,
    make: Box<Make>,
}

impl Contestant {
    /// A contestant that is there wherever this program is.
    pub fn new(name: impl Into<String>, role: Role, make: impl Fn() -> Case + 'static) -> Self {
        Self::fallible(name, role, move || Ok(make()))
    }

    /// A contestant that may be missing on this machine.
    pub fn fallible(name: impl Into<String>, role: Role, make: impl Fn() -> Result<Case, Missing> + 'static) -> Self {
        Self { name: name.into(), role, make: Box::new(make) }
    }

    /// The same under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The row's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the row is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Makes the pool and what the workload needs.
    ///
    /// # Errors
    ///
    /// Why it isn't there.
    pub fn make(&self) -> Result<Case, Missing> {
        (self.make)()
    }
}

impl fmt::Debug for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contestant").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// Why a contestant takes no part. It is printed: nothing is skipped in silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(pub String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Missing {}
