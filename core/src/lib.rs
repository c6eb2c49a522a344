//! What a task, its future and an executor mean, for every backend of `concurrent-futures`: whoever runs tasks brings
//! threads, processes or machines, and has all the rest from here.
//!
//! A task has two sides. The [`Job`] is the executor's, which runs it, sends it away, or fails it; the [`Future`]
//! belongs to whoever submitted it. Whatever becomes of the job, the future ends.
//!
//! ```
//! use concurrent_futures_core::{Job, TaskError};
//!
//! let (done, job) = Job::new(None, || "done".len());
//! job.run();
//! assert_eq!(done.result()?, 4);
//!
//! let (lost, job) = Job::new(None, || "never".len());
//! drop(job);
//! assert!(matches!(lost.result(), Err(TaskError::Abandoned(_))));
//! # Ok::<(), TaskError>(())
//! ```
//!
//! To run tasks, take `concurrent-futures` or one of its pools, which re-export all of this; the crate page there is
//! for you. This one is for who stands between a pool and its user: with a future in hand, a result from elsewhere,
//! somebody's executor, or an executor to be written.
//!
//! # How do I wait for a future?
//!
//! By [`result`](Future::result) for the value, by [`get`](Future::get) for a look at it, by `.await` where a runtime
//! is; for several by [`wait`](fn@wait) and [`as_completed`], which take futures of any executor, by value, by
//! reference or with a key, and of different types as [`dyn AnyFuture`](AnyFuture). What didn't end in time is given
//! back in [`TimedOut`]. Code that must run at the end, whoever waits, goes to
//! [`add_done_callback`](Future::add_done_callback).
//!
//! ```
//! use concurrent_futures_core::{AnyFuture, Job, ReturnWhen, wait};
//!
//! let (number, first) = Job::new(None, || 1);
//! let (text, second) = Job::new(None, || "one".to_owned());
//! std::thread::spawn(|| [first, second].into_iter().for_each(Job::run));
//! let both: [&dyn AnyFuture; 2] = [&number, &text];
//! assert!(wait(both, ReturnWhen::AllCompleted, None).not_done.is_empty());
//! ```
//!
//! # What if my result comes from elsewhere?
//!
//! From an interface that calls back, or from a thread of yours: make a [`Promise`], hand out its future, and keep the
//! promise. [`start`](Promise::start) says whether anybody still wants it, and the [`RunningPromise`] is completed or
//! failed. While it runs, [`is_cancelled`](RunningPromise::is_cancelled) says whether to go on.
//!
//! ```
//! use concurrent_futures_core::{Future, Promise};
//!
//! fn call_back_later(then: impl FnOnce(u32) + Send + 'static) {
//!     std::thread::spawn(|| then(7));
//! }
//!
//! fn in_future() -> Future<u32> {
//!     let (promise, future) = Promise::new();
//!     if let Some(running) = promise.start() {
//!         call_back_later(|value| running.complete(value));
//!     }
//!     future
//! }
//!
//! assert_eq!(in_future().result().unwrap(), 7);
//! ```
//!
//! # What do I take, where I am given an executor?
//!
//! | parameter | it has | so a task |
//! |---|---|---|
//! | `&dyn InProcess` | [`SpawnExt`], and [`Map::in_process`] | captures anything, and stays in this process |
//! | `&dyn Executor` | [`ExecutorExt`], with the feature `portable` | is a plain function with a [`Portable`] argument, and may leave |
//!
//! `&impl Executor` has the methods of `&dyn Executor`, also where it gets a pool of threads. What tasks may ask for
//! are [`TaskOptions`] and [`MapOptions`]; what an executor can't do it refuses, in the future.
//!
//! # How much of an executor do I write?
//!
//! [`execute`](Executor::execute), [`shutdown`](Executor::shutdown) and [`stats`](Executor::stats): with them the
//! futures, the waits, the callbacks and `map` are there. Beyond that, by what your executor is:
//!
//! | it | calls or implements |
//! |---|---|
//! | runs tasks in this process | [`InProcess`], which has no methods; [`Job::run`], or [`Job::run_with`] to hear of the steps |
//! | refuses a task | [`Job::fail`] with [`Rejected`], never with a lock held |
//! | has worker threads | [`worker::enter`], so that a task may wait for another of the same executor |
//! | stops what runs | [`Job::start_killable`], whose hook hears of [`abort`](Future::abort) |
//! | keeps deadlines | [`RunningJob::deadline`] says when, and [`JobHandle::fail`] ends the future; otherwise it refuses them |
//! | runs tasks elsewhere | `portable`: [`Job::encode`] here, [`portable::serve`] there, [`RunningJob::complete_task`] with the bytes that come back |
//! | sends more than has begun | [`Job::offer`], so that the rest can be cancelled; [`RunningJob::split_off`] to give it to somebody else |
//! | has a queue with a bound | [`Executor::capacity`] and [`Executor::poll_capacity`], which a `map` asks |
//! | calls back on threads that must not block | [`worker::defer_callbacks`] |
//!
//! ```
//! use concurrent_futures_core::{Executor, InProcess, Job, Shutdown, ShutdownReport, SpawnExt, Stats};
//!
//! struct ThreadEach;
//!
//! impl Executor for ThreadEach {
//!     fn execute(&self, job: Job) {
//!         std::thread::spawn(|| job.run());           // does nothing if it was cancelled meanwhile
//!     }
//!     fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
//!         ShutdownReport::default()                   // a real one waits for its threads
//!     }
//!     fn stats(&self) -> Stats {
//!         Stats::new(8)
//!     }
//! }
//!
//! impl InProcess for ThreadEach {}
//!
//! let greeting = String::from("hello");
//! assert_eq!(ThreadEach.spawn(move || greeting.len()).result()?, 5);
//! # Ok::<(), concurrent_futures_core::TaskError>(())
//! ```
//!
//! The chapter `guide::writing_an_executor` of `concurrent-futures` goes from there to workers on other machines, and
//! `concurrent-futures-conformance` tests what you have.
//!
//! # What goes along with a task?
//!
//! Its [`TaskOptions`], which it reads by [`task::current`], and what the hooks of [`context`] capture where it is
//! submitted: a span with the feature `tracing`, or whatever else lies in a thread-local.
//!
//! # Who is told what happens?
//!
//! | who | of what |
//! |---|---|
//! | a callback | the end of its task |
//! | an [`Observer`], by way of the executor's [`ObserverSlot`] | each task and each worker, as it begins and ends |
//! | [`set_report_hook`] | a failure that nobody looked at, a panic in a callback: a [`Report`] |
//! | who asks | [`Stats`] |
//!
//! # Which features are there?
//!
//! None is on. `portable` adds [`ExecutorExt`], [`Portable`] and the module [`portable`]; `stream` adds
//! [`AsCompletedStream`] and [`MapStream`]; `tracing` adds [`context::TracingContext`]. The first brings serde and
//! bincode, the others the crates futures-core and tracing.
#![deny(unsafe_code)]
// Links to what a feature brings lead nowhere without it; the published pages have all.
#![cfg_attr(
    not(all(feature = "portable", feature = "stream", feature = "tracing")),
    allow(rustdoc::broken_intra_doc_links, reason = "the pages of a build with fewer features")
)]

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
    Abandoned, BuildError, CodecError, CodecSide, DeadlineExceeded, DeadlineOf, ExitCause, Failed, Panicked, PoolKill,
    Reason, Rejected, TaskError, TaskFailure, TimedOut, WorkerDied, WorkerDiedBuilder,
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
pub use shutdown::{Escalation, Shutdown, ShutdownMode, ShutdownReport};
pub use spawn::SpawnExt;
pub use state::State;
pub use stats::Stats;
pub use task::{TaskId, TaskOptions};
#[cfg(feature = "stream")]
pub use wait::AsCompletedStream;
pub use wait::{AnyFuture, AsCompleted, ReturnWhen, Wait, WatchedFuture, as_completed, wait};

/// The programs of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
