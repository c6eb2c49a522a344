//! Tests for executors: each promise that a backend of `concurrent-futures` makes, as a test of yours.
//!
//! ```
//! use concurrent_futures_conformance::{Backend, ChaosExecutor, in_process_tests, portable_tests};
//!
//! struct Threads;
//!
//! impl Backend for Threads {
//!     type Executor = ChaosExecutor;                      // yours
//!
//!     fn make(&self, max_workers: usize) -> ChaosExecutor {
//!         ChaosExecutor::calm(max_workers)
//!     }
//! }
//!
//! portable_tests!(Threads);
//! in_process_tests!(Threads);
//! ```
//!
//! The executor of a [`Backend`] is made anew for each test, which says how many workers it wants. A promise that is
//! broken fails by its name, and so does one that hangs.
//!
//! # Which promises do I test?
//!
//! | your executor | say | as values |
//! |---|---|---|
//! | is one | [`portable_tests!`] | [`portable_cases`] |
//! | runs tasks in the caller, without workers | `portable_tests!(Mine; submit, failure, callbacks, drops, map)` | |
//! | is [`InProcess`] | [`in_process_tests!`] | |
//! | sends its tasks away as bytes | [`encoding_tests!`] | [`encoding_cases`] |
//! | ends with its program | | [`exit_cases`] |
//!
//! What there is to be held, topic by topic, is in [`promises`].
//!
//! # What if the test program has a `main` of its own?
//!
//! As where its workers are the test program, started again. Then give the cases to [`run_cases`], in a test with
//! `harness = false`, and register the [`RequestHook`] before the workers begin, since the promises about context need
//! it there. A single [`Case`] can be [run](Case::run) by itself.
//!
//! # How do I write a test of my own?
//!
//! Under a [`watchdog`](fn@watchdog), and without a sleep: a task stands at a [`Gate`], the test sees by the
//! [`Gatekeeper`] who has arrived, and opens. A gate is an address, so it can be sent to another process.
//!
//! ```
//! use concurrent_futures_conformance::{Gate, Gatekeeper, LIMIT, LoopbackExecutor, watchdog};
//! use concurrent_futures_core::ExecutorExt;
//!
//! watchdog(LIMIT, "what runs is not cancelled", || {
//!     let (keeper, executor) = (Gatekeeper::new(), LoopbackExecutor::new(1));
//!     let future = executor.submit(|gate: Gate| gate.pass(0), keeper.gate());
//!     keeper.await_arrivals(1);
//!     assert!(!future.cancel());
//!     keeper.open();
//!     assert!(future.result().is_ok());
//! });
//! ```
//!
//! # Which executor do I test my own code with?
//!
//! | executor | for tests that ask |
//! |---|---|
//! | [`InlineExecutor`] | what the code does, without any thread |
//! | [`ManualExecutor`] | what it does while a task waits: the test says when each one runs |
//! | [`LoopbackExecutor`] | whether its arguments and results survive being bytes, without a process |
//! | [`ChaosExecutor`] | whether it bears refusals, losses, panics and another order, by a seed; [`Mischief`] chooses |
//!
//! [`InProcess`]: concurrent_futures_core::InProcess
#![deny(unsafe_code)]

mod backend;
mod executors;
mod gate;
mod harness;
mod lists;
pub mod promises;
mod request;
mod watchdog;

pub use backend::Backend;
pub use executors::{ChaosExecutor, InlineExecutor, LoopbackExecutor, ManualExecutor, Mischief};
pub use gate::{Gate, Gatekeeper};
pub use harness::{Case, run_cases};
pub use lists::{encoding_cases, exit_cases, portable_cases};
pub use request::RequestHook;
pub use watchdog::{LIMIT, watchdog};

/// The programs of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
