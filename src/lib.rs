//! Pools of threads and of processes that give futures: Python's `concurrent.futures`, for Rust.
//!
//! A task goes to a [`ThreadPool`] or to a [`ProcessPool`], and its [`Future`] ends, whatever becomes of the task. Both
//! pools have the same methods, so that where the work runs is one line of the program:
//!
//! ```
//! use concurrent_futures::ThreadPool;
//!
//! let pool = ThreadPool::new(4)?;                 // or ProcessPool::new(4)?
//! let future = pool.submit(|n: u64| n + 1, 41);
//! assert_eq!(future.result()?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This page goes through what you decide. The [guide] has the long answers: [coming from another
//! library][guide::migrating], [each call beside Python's][guide::semantics], [what can fail][guide::failure_model].
//!
//! # Threads or processes?
//!
//! | | [`ThreadPool`] | [`ProcessPool`] |
//! |---|---|---|
//! | a task is | any closure | a plain function, and an argument that is [`Portable`] |
//! | it may borrow | in a [`scope`](ThreadPool::scope), or by [`map_slice`](ThreadPool::map_slice) | no |
//! | it crashes or calls `exit` | so does the program | its future is [`WorkerDied`](TaskError::WorkerDied), the others go on |
//! | it never ends | it is asked to stop | it is stopped |
//! | it costs | an allocation | a message to another process, and one back |
//!
//! A program that uses processes calls [`init`] in the first line of its `main`, since the workers are the program
//! itself, started again; tests and benches say [`worker_entry!`]. For fewer dependencies, take a pool's own crate:
//! `concurrent-futures-thread-pool` or `concurrent-futures-process-pool`.
//!
//! # One task, or many?
//!
//! - One call of a function: [`submit`](ThreadPool::submit), which gives a [`Future`] at once.
//! - A closure without argument, on threads: [`spawn`](ThreadPool::spawn).
//! - The same function for each item of some input, which may be endless: [`map`](ThreadPool::map). A [`Map`] is an
//!   iterator over the results in the order of the input, and it runs ahead of who reads it. [`MapOptions`] bound how
//!   far, set a deadline for all, or give up the order.
//! - A slice, on threads: [`map_slice`](ThreadPool::map_slice), which borrows it and is the fastest.
//! - A function that returns a `Result` whose error should be the future's:
//!   [`submit_fallible`](ThreadPool::submit_fallible), `map_fallible`, `spawn_fallible`.
//! - A `map` where it matters which item a result is of: [`keyed`](fn@keyed).
//!
//! What ends in `_with` takes [`TaskOptions`] first, or [`MapOptions`].
//!
//! ```
//! use concurrent_futures::{MapOptions, ThreadPool};
//!
//! let pool = ThreadPool::new(2)?;
//! let parsed = pool.map_fallible(|word: &'static str| word.parse::<u32>(), ["7", "eight", "9"]);
//! let numbers: Vec<u32> = parsed.filter_map(Result::ok).collect();
//! assert_eq!(numbers, [7, 9]);                    // a failing item stops nothing
//! assert_eq!(pool.map_slice(&numbers, |n| n + 1)?, [8, 10]);
//!
//! let options = MapOptions::new().buffer_size(16).unordered();
//! let squares = pool.map_with(options, |n: u64| n * n, 0..);
//! assert_eq!(squares.take(3).filter(Result::is_ok).count(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How do I wait?
//!
//! | for | call | |
//! |---|---|---|
//! | one value | [`result`](Future::result), [`result_timeout`](Future::result_timeout) | moves it out; too early, and [`TimedOut`] gives the future back |
//! | a look at it | [`get`](Future::get), [`error`](Future::error) | lends it, as often as wanted |
//! | the end alone | [`wait`](Future::wait), [`wait_timeout`](Future::wait_timeout) | [`done`](Future::done) asks without waiting |
//! | the first, or all, of several | [`wait`](fn@wait) | splits them by [`ReturnWhen`]: done and not done |
//! | each as it ends | [`as_completed`] | an iterator, to which more may be [pushed](AsCompleted::push) |
//! | nobody | [`add_done_callback`](Future::add_done_callback) | is called where the task ends, before any waiter wakes |
//!
//! Futures of both pools go together, each with a key of yours if you like, and those of different types as [`dyn
//! AnyFuture`](AnyFuture).
//!
//! ```
//! use std::time::Duration;
//! use concurrent_futures::{ThreadPool, as_completed};
//!
//! let pool = ThreadPool::new(2)?;
//! let keyed = ["one", "three"].map(|word| (word, pool.submit(str::len, word)));
//! for (word, future) in as_completed(keyed) {
//!     assert_eq!(future.result()?, word.len());
//! }
//! let slow = pool.spawn(|| "at last");
//! let text = match slow.result_timeout(Duration::from_millis(1)) {
//!     Ok(outcome) => outcome?,
//!     Err(early) => early.into_inner().result()?,
//! };
//! assert_eq!(text, "at last");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What if a task fails?
//!
//! Its future has a [`TaskError`] for a value, and nobody else's is concerned. The variant says what happened, and
//! carries what is known of it: the message and the place of a panic, the error that the function returned, the signal
//! of a crash. Print it by `{:?}`, which has the causes too. A failure that nobody looks at is reported, by a line on
//! standard error or by your [`set_report_hook`]; who only [detaches](Future::detach) a future hasn't looked.
//!
//! ```
//! use concurrent_futures::{ProcessPool, TaskError, TaskOptions};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     concurrent_futures::init();
//!     let pool = ProcessPool::new(1)?;
//!     let options = TaskOptions::new().label("unlucky").retries(1);   // where twice does no harm
//!     let future = pool.submit_with(options, |()| -> u8 { std::process::abort() }, ());
//!     match future.result() {
//!         Err(TaskError::WorkerDied(died)) => assert_eq!(died.attempt(), 2, "{died}"),
//!         other => unreachable!("{other:?}"),
//!     }
//!     assert_eq!(pool.submit(|n: u8| n, 1).result()?, 1);             // in a new worker
//!     Ok(())
//! }
//! ```
//!
//! # How do I stop a task?
//!
//! | call | what has not begun | what runs |
//! |---|---|---|
//! | [`cancel`](Future::cancel) | never runs | runs on, and the answer is `false` |
//! | [`abort`](Future::abort) with a grace | never runs | is told; after the grace its process is killed. A thread runs on until it looks |
//! | [`TaskOptions::deadline`] | waits as long as it must | when its time is over, its process is killed. On a thread its future ends, it is told, and a spare takes its place |
//! | [`cancel_on_drop`](Future::cancel_on_drop) | never runs, once the future is dropped | runs on |
//!
//! A task learns that it was told to stop by [`task::current`]: `?` after [`check`](task::CurrentTask::check) ends it
//! there. Who has no future to call takes along a [`Canceller`].
//!
//! ```
//! use std::time::Duration;
//! use concurrent_futures::{TaskError, ThreadPool, task};
//!
//! let pool = ThreadPool::new(1)?;
//! let (begun, has_begun) = std::sync::mpsc::channel();
//! let endless = pool.spawn_fallible(move || -> Result<(), task::Stopped> {
//!     begun.send(()).ok();
//!     loop {
//!         task::current().check()?;
//!     }
//! });
//! has_begun.recv()?;
//! endless.abort(Duration::ZERO);
//! assert!(matches!(endless.result(), Err(TaskError::Cancelled)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How does a pool end?
//!
//! By being dropped, which waits until all its tasks have ended. Otherwise by `shutdown`, on either pool, with a
//! [`Shutdown`]: [`drain`](Shutdown::drain) runs what waits, [`cancel_pending`](Shutdown::cancel_pending) cancels it,
//! and [`kill`](Shutdown::kill) ends what runs too. [`within`](Shutdown::within) bounds how long the caller waits;
//! [`kill_after`](Shutdown::kill_after) bounds how long the tasks have. `on_drop` of either builder says how it ends
//! when it is dropped; what a service wants is there or in its handler of Ctrl-C:
//!
//! ```
//! use std::time::Duration;
//! use concurrent_futures::{Shutdown, ThreadPool};
//!
//! let pool = ThreadPool::new(1)?;
//! let last = pool.spawn(|| 5);
//! let in_time = Shutdown::drain().kill_after(Duration::from_secs(2), Duration::from_millis(100));
//! let report = pool.shutdown(in_time);            // returns after 2.1 seconds, or as soon as all have ended
//! assert!(report.is_complete() && last.result()? == 5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How many workers, how many tasks?
//!
//! `new` says how many workers there may be; without it, by [`ThreadPool::builder`] or [`ProcessPool::builder`], there
//! are as many as the process has cores. They start when there is something to do. Any number of tasks may wait, unless
//! the builder is told a [`max_pending`](ThreadPoolBuilder::max_pending), with what a submit does then: [`WhenFull`].
//! The other options stand with [`ThreadPoolBuilder`] and [`ProcessPoolBuilder`]: what each worker runs first, when it
//! is replaced, how much memory it may take, how large its stack is.
//!
//! ```
//! use concurrent_futures::{ThreadPool, WhenFull};
//!
//! let pool = ThreadPool::builder()
//!     .max_workers(8)
//!     .max_pending(100, WhenFull::Block)
//!     .initializer(|| println!("a thread begins"))
//!     .build()?;
//! for n in 0..1000 {
//!     pool.submit(|n: u64| n * n, n).detach();        // waits where 100 wait already
//! }
//! # Ok::<(), concurrent_futures::BuildError>(())
//! ```
//!
//! # What goes to a process?
//!
//! Arguments and results, as bytes: what serde can write and read and what owns all it has. Large ones go as [`Bytes`],
//! which are not encoded, and what many tasks need goes as [`SharedBytes`], which lie in memory once.
//!
//! ```
//! use concurrent_futures::{ProcessPool, SharedBytes};
//!
//! fn sum((numbers, from): (SharedBytes, usize)) -> u64 {
//!     numbers[from..].iter().map(|&number| u64::from(number)).sum()
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     concurrent_futures::init();
//!     let pool = ProcessPool::new(2)?;
//!     let numbers = SharedBytes::new(&[1; 1000])?;
//!     let arguments = [0, 900].map(|from| (numbers.clone(), from));
//!     let sums: Vec<u64> = pool.map(sum, arguments).collect::<Result<_, _>>()?;
//!     assert_eq!(sums, [1000, 100]);
//!     Ok(())
//! }
//! ```
//!
//! # In an async program?
//!
//! A [`Future`] is a [`std::future::Future`]: `.await` it, in any runtime. Where `max_pending` bounds the queue,
//! [`ready`](ThreadPool::ready) awaits room in it. With the feature `stream`, [`AsCompleted::into_stream`] and
//! [`Map::into_stream`] make a `futures::Stream`. What blocks a runtime's thread, and what a `select!` does to a task,
//! is in [the chapter about async programs][guide::async_programs].
//!
//! ```
//! use concurrent_futures::{TaskError, ThreadPool};
//!
//! async fn checksum(pool: &ThreadPool, data: Vec<u8>) -> Result<u32, TaskError> {
//!     pool.spawn(move || data.into_iter().map(u32::from).sum()).await
//! }
//!
//! let pool = ThreadPool::new(1)?;
//! let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! assert_eq!(runtime.block_on(checksum(&pool, vec![1, 2, 3]))?, 6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What does my pool do?
//!
//! `stats` of either pool counts workers and tasks ([`Stats`]), and [`ProcessPool::worker_stats`] says what each
//! process does. An [`Observer`] is told of each task and worker as it begins and ends. What a worker process logs
//! comes to your logger with the feature `log`; and a hook of [`context`], such as that for the spans of `tracing`,
//! takes along what lies in thread-locals.
//!
//! ```
//! use std::sync::mpsc::{Sender, channel};
//! use concurrent_futures::{Observer, Tally, TaskId, ThreadPool};
//!
//! struct Failures(Sender<usize>);
//!
//! impl Observer for Failures {
//!     fn finished(&self, _first: TaskId, tally: Tally) {
//!         self.0.send(tally.failed).ok();
//!     }
//! }
//!
//! let (tell, told) = channel();
//! let pool = ThreadPool::builder().observer(Failures(tell)).build()?;
//! let outcome = pool.spawn_fallible(|| Err::<(), _>("no luck")).result();
//! assert!(outcome.is_err() && told.recv()? == 1 && pool.stats().submitted == 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A function that takes any pool?
//!
//! `&dyn Executor` has `submit` and `map` for what may cross to a process; on `&dyn InProcess` there is
//! [`spawn`](SpawnExt::spawn) for closures. [`Executor`] is also what [a backend of your
//! own][guide::writing_an_executor] implements.
//!
//! ```
//! use concurrent_futures::{Executor, TaskError, ThreadPool};
//!
//! fn shout(executor: &dyn Executor, words: Vec<String>) -> Result<Vec<String>, TaskError> {
//!     executor.map(|word: String| word.to_uppercase(), words).collect()
//! }
//!
//! assert_eq!(shout(&ThreadPool::new(2)?, vec!["hey".to_owned()])?, ["HEY"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which features are there?
//!
//! | feature | | what it adds |
//! |---|---|---|
//! | `threads` | on | [`ThreadPool`] |
//! | `processes` | on | [`ProcessPool`], and `portable` with it; Linux only |
//! | `portable` | by `processes` | [`ExecutorExt`]: the methods of `&dyn Executor` |
//! | `stream` | off | [`AsCompletedStream`] and [`MapStream`] |
//! | `tracing` | off | [`context::TracingContext`] |
//! | `log` | off | [`ProcessPoolBuilder::forward_logs`] |
#![forbid(unsafe_code)]
// Links to what a feature brings lead nowhere without it; the published pages have all.
#![cfg_attr(
    not(all(feature = "threads", feature = "processes", feature = "log", feature = "stream", feature = "tracing")),
    allow(rustdoc::broken_intra_doc_links, reason = "the pages of a build with fewer features")
)]

#[cfg(any(doc, all(doctest, feature = "threads", feature = "processes")))]
pub mod guide;

pub use concurrent_futures_core::*;
#[cfg(feature = "processes")]
pub use concurrent_futures_process_pool::{
    Bytes, JobTimes, ProcessPool, ProcessPoolBuilder, RunningTask, SharedBytes, WorkerState, WorkerStats, worker_entry,
};
#[cfg(feature = "threads")]
pub use concurrent_futures_thread_pool::{QueueKind, Scope, ScopedFuture, ThreadPool, ThreadPoolBuilder, blocking};

/// What the thread pool calls by a name that the process pool uses too.
#[cfg(feature = "threads")]
pub mod thread_pool {
    pub use concurrent_futures_thread_pool::{PoolHandle, Slot};
}

/// What the process pool calls by a name that the thread pool uses too.
#[cfg(feature = "processes")]
pub mod process_pool {
    pub use concurrent_futures_process_pool::{PoolHandle, Slot};
}

/// Turns a process that a process pool has started into its worker; the first line of `main` where processes are used.
///
/// A worker is the program itself, started again, and never returns from here. In every other process, and in a build
/// without the feature `processes`, it returns at once, so a program that calls it needs no `cfg`. What comes before it in
/// `main` runs in each worker too.
///
/// ```
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     concurrent_futures::init();
///     // pools may be made from here on
///     Ok(())
/// }
/// ```
///
/// It counts on the main thread only: on any other, such as the thread of a `#[test]`, it does nothing, and a pool that is
/// made later is refused with [`BuildError::InitialisedOffMain`], which says what to do. With `#[tokio::main]` a runtime
/// would be started in each worker before this is reached: write a plain `main` that calls `init()` and then builds the
/// runtime. Tests, benches and doc tests have no `main` of their own: `worker_entry!` is for them, and its page says where
/// it stands in which tests. In a setuid or setgid program it does nothing, and no process pool can be made.
///
/// Python: `if __name__ == "__main__":`, and `multiprocessing.freeze_support()`.
pub fn init() {
    #[cfg(feature = "processes")]
    concurrent_futures_process_pool::init();
}

/// The programs of the README are tests.
#[cfg(all(doctest, feature = "threads", feature = "processes"))]
#[doc = include_str!("../README.md")]
struct Readme;
