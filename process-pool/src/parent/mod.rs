//! What runs in the parent: who takes tasks, who owns the workers, who watches the clock.
//!
//! ```text
//!   submit ──► Shared: queue, idle workers ──────────┐ a small job, straight to an idle worker
//!                 ▲                │                 ▼
//!      more, or   │                │ jobs     ┌─ Worker ──────────────────────────┐
//!      given back │                ▼          │ Lane: jobs that lie with it       │ ── frames ──► process
//!              Supervisor, one thread each ──►│ Page: how far it is, its results  │ ◄── notes ──
//!                 ▲                           └───────────────────────────────────┘
//!                 │ has died, time is up
//!              Warden, one thread: clock, deaths, memory        Callbacks, one thread
//! ```
//!
//! - [`supervisor`]: a worker's life, from start to burial. It alone ends jobs that a worker has begun.
//! - [`lane`]: which jobs lie with a worker, and how much may.
//! - [`shared`]: the queue, and who may take from it.
//! - [`shutdown`]: how a pool ends.

pub(crate) mod callbacks;
pub(crate) mod counters;
pub(crate) mod death;
pub(crate) mod lane;
pub(crate) mod last_words;
#[cfg(feature = "log")]
pub(crate) mod logs;
pub(crate) mod memory;
pub(crate) mod offer;
pub(crate) mod pace;
pub(crate) mod payload;
pub(crate) mod process;
pub(crate) mod shared;
pub(crate) mod shutdown;
pub(crate) mod start;
pub(crate) mod supervisor;
pub(crate) mod waiting;
pub(crate) mod warden;
pub(crate) mod worker;
