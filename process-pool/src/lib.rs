//! A pool of processes that gives futures: the process backend of `concurrent-futures`, for tasks that may crash, hang
//! or leak.
//!
//! ```
//! use concurrent_futures_process_pool::{ProcessPool, TaskError, init};
//!
//! fn risky(n: u64) -> u64 {
//!     if n == 3 { std::process::abort() } else { n * n }
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     init();
//!     let pool = ProcessPool::new(2)?;
//!     let results: Vec<_> = pool.map(risky, 1..=5).collect();
//!     assert!(matches!(results[2], Err(TaskError::WorkerDied(_))));
//!     let others: Vec<u64> = results.into_iter().filter_map(Result::ok).collect();
//!     assert_eq!(others, [1, 4, 16, 25]);
//!     Ok(())
//! }
//! ```
//!
//! Here are the [`ProcessPool`] and what makes large arguments cheap, [`Bytes`] and [`SharedBytes`]; futures, waits and
//! errors are those of `concurrent-futures-core`, re-exported. That crate's page has more on each of them.
//!
//! # Where do its workers begin?
//!
//! The pool starts the program again for each worker, and the copy has to find out what it is before it does anything
//! else:
//!
//! | in | say |
//! |---|---|
//! | a program | [`init()`](init), in the first line of `main` |
//! | a test, a bench, a doc test | [`worker_entry!`], once, at the top level of a file |
//! | a program with `#[tokio::main]` | a plain `main` instead, which calls `init()` and then builds the runtime |
//!
//! Without it there is no pool: [`BuildError::NotInitialised`], or [`BuildError::InitialisedOffMain`] for `init` on
//! another thread than the main one, as in a `#[test]`. What a worker needs of its own, connections or tables,
//! its [`initializer`](ProcessPoolBuilder::initializer) makes; what it inherits, such as its environment, is changed by
//! [`configure`](ProcessPoolBuilder::configure); and its tasks have a stack of
//! [`stack_size`](ProcessPoolBuilder::stack_size).
//!
//! # How do I test what uses it?
//!
//! By [`worker_entry!`] at the top of the file. The harness has its own `main`, and runs each test on a thread of its own,
//! where [`init`] is too late: a worker would run all tests until it came there.
//!
//! ```no_run
//! concurrent_futures_process_pool::worker_entry!();
//!
//! #[test]
//! fn a_square_comes_back() {
//!     let pool = concurrent_futures_process_pool::ProcessPool::new(1).unwrap();
//!     assert_eq!(pool.submit(|n: u64| n * n, 3).result().unwrap(), 9);
//! }
//! ```
//!
//! Each file in `tests/` is a binary of its own and says it; the unit tests of a library are one binary, and
//! `#[cfg(test)] worker_entry!();` stands in its `lib.rs`. Code that the tests call may call `init` as well: there it does
//! nothing.
//!
//! # What do I call for a task?
//!
//! [`submit`](ProcessPool::submit) for one, [`map`](ProcessPool::map) for each item of an input. Each has a form that
//! ends in `_fallible`, for functions whose error is to be the future's, and with `_with`, for [`TaskOptions`] or
//! [`MapOptions`]: a label, a deadline, retries, the size of the chunks in which a map sends its items.
//!
//! # What may go there and back?
//!
//! The function is a plain one, so its address says all. What it takes and gives is [`Portable`], that is, owned and
//! known to serde; several arguments are a tuple. What doesn't survive being bytes is a [`TaskError::Codec`], on one
//! side or the other. The error of a [fallible](ProcessPool::submit_fallible) function arrives as its type, its message
//! and its causes.
//!
//! ```
//! use concurrent_futures_process_pool::{ProcessPool, init};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Order {
//!     article: String,
//!     pieces: u32,
//! }
//!
//! fn price((order, discount): (Order, Option<f64>)) -> Result<f64, String> {
//!     let each = match order.article.as_str() {
//!         "bolt" => 0.25,
//!         unknown => return Err(format!("no such article: {unknown}")),
//!     };
//!     Ok(each * f64::from(order.pieces) * (1.0 - discount.unwrap_or(0.0)))
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     init();
//!     let pool = ProcessPool::new(1)?;
//!     let bolts = Order { article: "bolt".to_owned(), pieces: 8 };
//!     let nuts = Order { article: "nut".to_owned(), pieces: 8 };
//!     assert_eq!(pool.submit_fallible(price, (bolts, Some(0.5))).result()?, 1.0);
//!     let refused = pool.submit_fallible(price, (nuts, None)).result().unwrap_err();
//!     assert!(format!("{refused:?}").contains("no such article: nut"));  // not by `{}`
//!     Ok(())
//! }
//! ```
//!
//! # What if it is large?
//!
//! A `Vec<u8>` is written byte by byte. [`Bytes`] go as they are, and from 96 KiB are received in place. What many
//! tasks read is a [`SharedBytes`]: copied once, then mapped by whoever needs it, also in parts.
//!
//! ```
//! use concurrent_futures_process_pool::{Bytes, ProcessPool, init};
//!
//! fn darken(pixels: Bytes) -> Bytes {
//!     pixels.iter().map(|pixel| pixel / 2).collect()
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     init();
//!     let pool = ProcessPool::new(1)?;
//!     let picture = Bytes::from(vec![200; 640 * 480]);
//!     assert_eq!(pool.submit(darken, picture).result()?[..2], [100, 100]);
//!     Ok(())
//! }
//! ```
//!
//! # How do I wait?
//!
//! As for every future: by [`result`](Future::result), or `.await`, or for several by [`as_completed`] and
//! [`wait`](fn@wait). Done callbacks run on a thread of the pool's own, one after the other.
//!
//! # What if a task crashes?
//!
//! Its future has [`WorkerDied`], which knows the [cause](WorkerDied::cause), the [label](WorkerDied::label), whether
//! the pool itself [has killed it](WorkerDied::killed_by_pool) above `memory_limit`, a [guess](WorkerDied::hint) and,
//! where `configure` pipes standard error, the [last words](WorkerDied::stderr). The worker is replaced, and everything
//! else runs as if nothing had been. Where a task may run twice without harm, [`retries`](TaskOptions::retries) tries it
//! again. The other variants of [`TaskError`] say what else may happen.
//!
//! # What if a task doesn't end?
//!
//! [`deadline`](TaskOptions::deadline) is how long it may run, and [`abort`](Future::abort) ends it now, behind a grace
//! in which it may end by itself. Both kill the worker and all that it has started. [`cancel`](Future::cancel) concerns
//! what has not begun, wherever it lies. A task that wants to end well looks at [`task::current`].
//!
//! ```
//! use std::time::Duration;
//! use concurrent_futures_process_pool::{ProcessPool, TaskError, init, task};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     init();
//!     let pool = ProcessPool::new(2)?;
//!     let deaf = pool.submit(|()| -> u8 { loop { std::hint::spin_loop() } }, ());
//!     let polite = pool.submit(|()| while !task::current().is_cancelled() {}, ());
//!     while !(deaf.running() && polite.running()) {
//!         std::thread::yield_now();
//!     }
//!     deaf.abort(Duration::ZERO);                         // its worker is killed
//!     polite.abort(Duration::from_secs(60));              // its worker stays
//!     assert!(matches!(deaf.result(), Err(TaskError::Cancelled)));
//!     assert!(polite.result().is_ok());
//!     Ok(())
//! }
//! ```
//!
//! # How long does a worker live?
//!
//! | it is replaced, or ends | by |
//! |---|---|
//! | after so many tasks | [`max_tasks_per_worker`](ProcessPoolBuilder::max_tasks_per_worker) |
//! | having grown so much, behind its task | [`memory_growth_limit`](ProcessPoolBuilder::memory_growth_limit) |
//! | above so much memory, under its task | [`memory_limit`](ProcessPoolBuilder::memory_limit) |
//! | without work for so long | [`idle_timeout`](ProcessPoolBuilder::idle_timeout) |
//! | not ready after so long | [`start_timeout`](ProcessPoolBuilder::start_timeout) |
//! | with the program, at the latest | |
//!
//! If none of these is set, as long as the pool. What a task leaves in a static is there for the next task of that
//! worker.
//!
//! ```
//! use std::time::Duration;
//! use concurrent_futures_process_pool::{ProcessPool, init};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     init();
//!     let pool = ProcessPool::builder()
//!         .max_tasks_per_worker(1)                        // for what must find nothing
//!         .memory_limit(2 << 30)
//!         .idle_timeout(Duration::from_secs(10))
//!         .build()?;
//!     let first = pool.submit(|()| std::process::id(), ()).result()?;
//!     let second = pool.submit(|()| std::process::id(), ()).result()?;
//!     assert_ne!(first, second);
//!     Ok(())
//! }
//! ```
//!
//! # How many workers, how many tasks?
//!
//! [`max_workers`](ProcessPoolBuilder::max_workers) processes at most, started as tasks come. Any number of tasks
//! waits, without a descriptor for any, or [`max_pending`](ProcessPoolBuilder::max_pending) of them; then a submit
//! blocks or is refused, as [`WhenFull`] says, and async code awaits [`ready`](ProcessPool::ready). Pools in the tasks
//! of pools go [`max_depth`](ProcessPoolBuilder::max_depth) deep.
//!
//! # How does the pool end?
//!
//! When it is dropped, after all its tasks; or by [`shutdown`](ProcessPool::shutdown), which with [`Shutdown::kill`]
//! also ends tasks that would not. Whoever should submit without keeping it open, a callback above all, has a
//! [`handle`](ProcessPool::handle). [`on_drop`](ProcessPoolBuilder::on_drop) changes what the drop does.
//!
//! ```
//! use std::time::Duration;
//! use concurrent_futures_process_pool::{ProcessPool, Shutdown, init};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     init();
//!     let pool = ProcessPool::new(1)?;
//!     let endless = pool.submit(|()| -> u8 { loop { std::hint::spin_loop() } }, ());
//!     let report = pool.shutdown(Shutdown::kill(Duration::from_millis(10)));
//!     assert!(report.is_complete() && endless.result().is_err(), "{report}");
//!     Ok(())
//! }
//! ```
//!
//! # What do the workers do?
//!
//! | question | answer |
//! |---|---|
//! | how many tasks wait, run, have ended | [`stats`](ProcessPool::stats) |
//! | what each process does, with which memory, and which task is in it for how long | [`worker_stats`](ProcessPool::worker_stats), [`worker_pids`](ProcessPool::worker_pids) |
//! | how often one had to be replaced | [`restarts`](ProcessPool::restarts) |
//! | whether tasks wait or run | [`times`](ProcessPool::times) |
//! | what happens as it happens | an [`observer`](ProcessPoolBuilder::observer) |
//! | what they log | [`forward_logs`](ProcessPoolBuilder::forward_logs), with the feature `log` |
//! | for whom they work | the hooks of [`context`], such as [`context::TracingContext`] with the feature `tracing` |
//!
//! ```
//! use concurrent_futures_process_pool::{ProcessPool, WorkerState, init};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     init();
//!     let pool = ProcessPool::builder().max_workers(3).name("resize").build()?;
//!     assert!(pool.worker_pids().is_empty());             // nothing to do yet
//!     pool.submit(|n: u64| n, 1).result()?;
//!     for worker in pool.worker_stats() {
//!         println!("{} {}: {} bytes", worker.number, worker.pid, worker.resident);
//!         assert!(worker.state != WorkerState::Leaving);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Which features are there?
//!
//! None is on. `log` adds [`forward_logs`](ProcessPoolBuilder::forward_logs), `tracing` adds
//! [`context::TracingContext`], and `stream` makes streams of [`as_completed`] and of maps.
//!
//! # Where does it run?
//!
//! On Linux, from 5.4 on; elsewhere it doesn't compile. It is no sandbox: a worker has the rights of the program.
#![deny(unsafe_code)]
// Links to what a feature brings lead nowhere without it; the published pages have all.
#![cfg_attr(
    not(all(feature = "log", feature = "tracing")),
    allow(rustdoc::broken_intra_doc_links, reason = "the pages of a build with fewer features")
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
pub use stats::{JobTimes, RunningTask, WorkerState, WorkerStats};

/// The programs of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
