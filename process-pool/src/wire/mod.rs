//! What crosses between parent and worker, in bytes.
//!
//! ```text
//!  parent                                                                  worker
//!    │ ── control socket ── Setup, Region, Release ──────────────────────►  │   its end: the worker's end
//!    │ ◄─ control socket ── Hello, or why it can't work; log records ─────  │
//!    │ ── channel ───────── Frame: jobs, or "stop" ──────────────────────►  │
//!    │ ◄─ channel ───────── Note: "look at the page", or a large result ──  │
//!    │ ◄─ page ──────────── small results, and how far each job is ───────  │
//! ```
//!
//! Everything is written and read by hand, in [`bytes`]: a reader checks each length against what is there, allocates
//! nothing by a number that it was told, and gives an error for anything else.

pub(crate) mod bytes;
pub(crate) mod control;
pub(crate) mod frame;
pub(crate) mod note;
#[cfg(feature = "log")]
pub(crate) mod record;

/// Both ends are the same file, so this only guards against mistakes of ours.
pub(crate) const PROTOCOL: u32 = 3;
