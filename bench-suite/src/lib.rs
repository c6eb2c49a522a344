//! Measures concurrent-futures beside its peers and this machine's floors.
//!
//! ```text
//!   contenders ──┐
//!   floors ──────┼──► Case ──► Comparison ──► criterion: one bench per case
//!   workloads ───┘                       └──► interleaved rounds ──► table and verdicts
//! ```
//!
//! - A [`Contender`] is a pool: ours, or a peer (feature `peers`).
//! - A workload is what a pool is asked to do; with a contender it is a [`Case`], which checks its answer in each run.
//! - A [`Comparison`] is one question: cases on the same work, and what was promised of them.
//!
//! A shared machine drifts by more than most pools differ, and criterion measures one contender after the other. So the
//! figure that counts is the ratio *within a round*, in which every contender runs once: see [`mod@interleave`].
//!
//! ```text
//! cargo bench -p concurrent-futures-bench-suite --features peers --bench throughput
//! cargo bench -p concurrent-futures-bench-suite --features peers --bench throughput -- interleaved
//! ```
//!
//! The first measures by criterion and prints the tables; the second prints the tables only. The other files are
//! `round_trip`, `map` and `fan_in`, and those of the [`processes`]: `process_round_trip`, `process_throughput`,
//! `process_map`, `process_payload` and `process_start`; [`session`] has the arguments.

pub mod case;
pub mod comparison;
pub mod contender;
pub mod contenders;
pub mod floor;
pub mod interleave;
pub mod processes;
pub mod promise;
pub mod session;
pub mod spread;
pub mod table;
pub mod workloads;

pub use case::{Case, Role, Sample, Stopwatch};
pub use comparison::{Comparison, measure};
pub use contender::{Contender, ParallelMap};
pub use promise::Promise;
pub use session::Session;
