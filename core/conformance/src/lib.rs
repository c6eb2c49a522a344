#![doc = include_str!("../README.md")]
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
