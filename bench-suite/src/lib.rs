//! Measures concurrent-futures beside its peers and this machine's floors, and publishes what it finds.
//!
//! ```text
//!   contenders ──┐
//!   floors ──────┼──► Contestant ──► Point ──► Question ──┬──► conductor ──► Results ──► tables, report, comparison
//!   workloads ───┘                                        └──► criterion: one bench per contestant
//! ```
//!
//! - A [`Contender`] is a pool: ours, or a peer (feature `peers`).
//! - A workload is what a pool is asked to do; with a contender it is a [`Case`], whose answer is checked in each run.
//! - A [`Contestant`] is a case by name, not made yet: the [conductor](mod@conductor) starts a process for each one.
//! - A [`Question`] has contestants at some [`Point`]s of an axis, and promises on what will be found.
//!
//! A shared machine drifts by more than most pools differ. So the figure that counts is the ratio *within a round*, in which
//! every contestant runs once.
//!
//! ```text
//! cargo run --release -p concurrent-futures-bench-suite --features peers               this machine in two minutes
//! cargo run --release -p concurrent-futures-bench-suite --features peers -- --full     all of it
//! cargo bench -p concurrent-futures-bench-suite --features peers                       by criterion
//! ```

pub mod bench;
pub mod case;
pub mod clock;
pub mod compare;
pub mod conductor;
pub mod contend;
pub mod contender;
pub mod contenders;
pub mod contestant;
pub mod cpu;
pub mod effort;
mod family;
pub mod floor;
pub mod pinned;
pub mod processes;
pub mod promise;
pub mod python;
pub mod question;
pub mod questions;
pub mod report;
pub mod results;
pub mod sample;
pub mod spread;
pub mod table;
pub mod workloads;

pub use case::{Case, Stopwatch};
pub use contender::{Contender, ParallelMap};
pub use contestant::{Contestant, Role};
pub use effort::Effort;
pub use promise::Promise;
pub use question::{Point, Question};
pub use results::Results;
pub use sample::Sample;
