#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(
    not(target_os = "linux"),
    doc = "This crate needs Linux 5.4 or later; docs/architecture.md names the files that another system would bring."
)]

#[cfg(not(target_os = "linux"))]
compile_error!(
    "concurrent-futures-process-pool needs Linux: worker processes are watched by pidfd, and share sealed memory. \
     Use the thread pool here, or turn off the feature `processes` of concurrent-futures."
);

mod attachments;
mod builder;
mod bytes;
mod calls;
mod child;
mod handle;
#[cfg(all(any(test, fuzzing), not(concurrent_futures_loom)))]
#[doc(hidden)]
pub mod hostile;
mod image;
mod initializer;
mod link;
mod page;
mod parent;
#[expect(unsafe_code, reason = "two questions to the system that no library asks in safe code")]
mod platform;
mod pool;
mod shared_bytes;
mod slot;
mod start_failure;
mod stats;
mod wire;

pub use builder::ProcessPoolBuilder;
pub use bytes::Bytes;
#[doc(hidden)]
pub use calls::ClosureThatCrosses;
#[doc(hidden)]
pub use child::__enter;
pub use child::init;
pub use concurrent_futures_core::*;
pub use handle::PoolHandle;
pub use pool::ProcessPool;
pub use shared_bytes::SharedBytes;
pub use slot::Slot;
pub use stats::{WorkerState, WorkerStats};
