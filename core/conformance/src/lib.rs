#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod executors;
mod gate;
mod watchdog;

pub use executors::{ChaosExecutor, InlineExecutor, LoopbackExecutor, ManualExecutor, Mischief};
pub use gate::{Gate, Gatekeeper};
pub use watchdog::{LIMIT, watchdog};
