#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

pub mod context;
pub mod task;
pub mod worker;

mod blocking_wait;
mod callback;
mod cancel_on_drop;
mod canceller;
mod cycle;
mod error;
mod executor;
mod future;
mod initializer;
mod job;
mod map;
mod observer;
mod panic_location;
#[cfg(feature = "portable")]
pub mod portable;
mod promise;
mod ready;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod room;
mod shared;
mod shutdown;
mod spawn;
#[doc(hidden)]
pub mod spin;
mod state;
mod stats;
#[doc(hidden)]
pub mod sync;
mod type_text;
mod wait;
mod watch;
mod work;

pub use cancel_on_drop::CancelOnDrop;
pub use canceller::Canceller;
pub use error::{
    Abandoned, BuildError, CodecError, CodecSide, DeadlineExceeded, DeadlineOf, ExitCause, Failed, Panicked, Reason,
    Rejected, TaskError, TaskFailure, TimedOut, WorkerDied, WorkerDiedBuilder,
};
pub use executor::{Executor, InProcess};
pub use future::Future;
pub use initializer::{Initialised, Initializer};
pub use job::{Interrupt, Job, JobHandle, Offer, RunHooks, RunningJob, Skipped, Started, Tally};
pub use map::{Keyed, KeyedArguments, Map, MapOptions, keyed};
#[cfg(feature = "stream")]
pub use map::{KeyedStream, MapStream};
pub use observer::{Observer, ObserverSlot};
#[cfg(feature = "portable")]
pub use portable::{ExecutorExt, Portable};
pub use promise::{Promise, RunningPromise};
#[doc(hidden)]
pub use ready::Admitted;
pub use ready::{Admits, Ready};
pub use report::{Report, set_report_hook};
pub use room::WhenFull;
pub use shutdown::{Shutdown, ShutdownMode, ShutdownReport};
pub use spawn::SpawnExt;
pub use state::State;
pub use stats::Stats;
pub use task::{TaskId, TaskOptions};
#[cfg(feature = "stream")]
pub use wait::AsCompletedStream;
pub use wait::{AnyFuture, AsCompleted, ReturnWhen, Wait, WatchedFuture, as_completed, wait};
