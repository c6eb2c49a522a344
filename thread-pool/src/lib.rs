//! A pool of threads that gives futures: the thread backend of `concurrent-futures`, with as few dependencies as can
//! be.
//!
//! ```
//! use concurrent_futures_thread_pool::ThreadPool;
//!
//! let pool = ThreadPool::new(4)?;
//! let name = String::from("Ferris");
//! let greeting = pool.spawn(move || format!("hello, {name}"));
//! assert_eq!(greeting.result()?, "hello, Ferris");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Here are the [`ThreadPool`], the [`Scope`] in which tasks may borrow, and [`blocking`]; futures, waits and errors
//! are those of `concurrent-futures-core`, re-exported. That crate's page has more on each of them.
//!
//! # What do I call for a task?
//!
//! | for | call |
//! |---|---|
//! | one closure | [`spawn`](ThreadPool::spawn) |
//! | a function and its argument, as on the pool of processes | [`submit`](ThreadPool::submit) |
//! | each item of an input, wanted one by one, in order, without end perhaps | [`map`](ThreadPool::map) |
//! | each element of a slice | [`map_slice`](ThreadPool::map_slice) |
//! | tasks that borrow from the caller | [`scope`](ThreadPool::scope), then [`Scope::spawn`] |
//! | what returns a `Result` whose error is to be the future's | `spawn_fallible`, `submit_fallible`, `map_fallible` |
//!
//! Those but `map_slice` and `scope` have a twin that ends in `_with` and takes [`TaskOptions`] or [`MapOptions`].
//!
//! ```
//! use concurrent_futures_thread_pool::ThreadPool;
//!
//! let pool = ThreadPool::new(2)?;
//! let prices = vec![3, 14, 15];
//! let doubled = pool.map_slice(&prices, |price| price * 2)?;
//! let (least, most) = pool.scope(|scope| {
//!     let least = scope.spawn(|| prices.iter().min());
//!     let most = scope.spawn(|| doubled.iter().max());
//!     (least.result(), most.result())
//! });
//! assert_eq!((least?, most?), (Some(&3), Some(&30)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How do I wait?
//!
//! For one by [`result`](Future::result), or `.await`; for several by [`as_completed`] and [`wait`](fn@wait). A done
//! callback runs on the thread that ran the task or cancels it, or on one that the pool keeps for what a deadline or a
//! shutdown ends.
//!
//! # How many threads?
//!
//! For computations as many as cores, which is what [`ThreadPool::builder`] begins with; for tasks that wait for a disk
//! or another machine, as many as may wait at once. They start one by one, when a task finds no thread idle, and stay
//! unless [`keep_alive`](ThreadPoolBuilder::keep_alive) says how long.
//!
//! # May a task wait for a task of its pool?
//!
//! It may, with one thread too: what is still queued is run by who waits for it, and for what runs already a spare
//! thread takes over, up to [`max_blocked`](ThreadPoolBuilder::max_blocked). A circle of such waits is a panic in the
//! task that closes it. What the pool can't see, it must be told by [`blocking`]: a channel, a lock, I/O, a `block_on`.
//! A task submits by a [`handle`](ThreadPool::handle), which doesn't keep the pool open.
//!
//! ```
//! use concurrent_futures_thread_pool::{PoolHandle, TaskError, ThreadPool};
//!
//! fn fibonacci(pool: PoolHandle, n: u64) -> Result<u64, TaskError> {
//!     if n < 2 {
//!         return Ok(n);
//!     }
//!     let inner = pool.clone();
//!     let one = pool.spawn_fallible(move || fibonacci(inner, n - 1));
//!     Ok(fibonacci(pool, n - 2)? + one.result()?)
//! }
//!
//! let pool = ThreadPool::new(1)?;
//! assert_eq!(fibonacci(pool.handle(), 12)?, 144);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What if tasks come faster than they end?
//!
//! Give the queue a bound, [`max_pending`](ThreadPoolBuilder::max_pending), and say by [`WhenFull`] what a submit does
//! beyond it. An async program waits by [`ready`](ThreadPool::ready) instead. A `map` doesn't need it: it never submits
//! more than [`buffer_size`](MapOptions::buffer_size) items ahead of its reader.
//!
//! ```
//! use concurrent_futures_thread_pool::{TaskError, ThreadPool, WhenFull};
//!
//! async fn count(pool: &ThreadPool, words: &[&'static str]) -> Result<usize, TaskError> {
//!     let mut futures = Vec::new();
//!     for &word in words {
//!         futures.push(pool.ready().await?.spawn(move || word.len()));
//!     }
//!     let mut sum = 0;
//!     for future in futures {
//!         sum += future.await?;
//!     }
//!     Ok(sum)
//! }
//!
//! let pool = ThreadPool::builder().max_workers(2).max_pending(1, WhenFull::Reject).build()?;
//! assert_eq!(futures_lite::future::block_on(count(&pool, &["one", "three"]))?, 8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What if a task fails, or doesn't end?
//!
//! A panic or an `Err` is the [`TaskError`] of its future, and the thread goes on. Nobody can stop a thread, so a task
//! that is to be stopped looks whether it should, by [`task::current`]: it should after an [`abort`](Future::abort),
//! after a [`kill`](Shutdown::kill) of the pool, and beyond its [deadline](TaskOptions::deadline). Its future ends at
//! the deadline all the same, so who waits goes on while the thread is lost to the pool until the task returns.
//!
//! ```
//! use std::time::Duration;
//! use concurrent_futures_thread_pool::{TaskError, TaskOptions, ThreadPool, task};
//!
//! let pool = ThreadPool::new(1)?;
//! let limit = TaskOptions::new().deadline(Duration::from_millis(5));
//! let search = pool.spawn_fallible_with(limit, || -> Result<u64, task::Stopped> {
//!     for n in 1.. {
//!         task::current().check()?;                   // here it ends
//!         if n == u64::MAX {
//!             return Ok(n);
//!         }
//!     }
//!     unreachable!()
//! });
//! assert!(matches!(search.result(), Err(TaskError::DeadlineExceeded(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How does the pool end?
//!
//! When it is dropped, after all its tasks; or by [`shutdown`](ThreadPool::shutdown), as a [`Shutdown`] says, and then
//! the [`ShutdownReport`] tells what has become of them. Inside a task or a callback both only begin the end.
//! [`on_drop`](ThreadPoolBuilder::on_drop) changes what the drop does.
//!
//! ```
//! use concurrent_futures_thread_pool::{Shutdown, TaskError, ThreadPool};
//!
//! let pool = ThreadPool::new(1)?;
//! let (open, door) = std::sync::mpsc::channel::<()>();
//! let runs = pool.spawn(move || door.recv().is_err());
//! let waits = pool.spawn(|| 1);
//! drop(open);
//! pool.shutdown(Shutdown::cancel_pending());
//! assert!(runs.wait_timeout(std::time::Duration::ZERO) && waits.done());
//! assert!(matches!(pool.spawn(|| 1).result(), Err(TaskError::Rejected(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which options are there?
//!
//! | [`ThreadPoolBuilder`] | what it says |
//! |---|---|
//! | [`max_workers`](ThreadPoolBuilder::max_workers) | how many tasks run at once |
//! | [`keep_alive`](ThreadPoolBuilder::keep_alive) | how long a thread without work stays |
//! | [`max_pending`](ThreadPoolBuilder::max_pending) | how many tasks may wait, and what a submit beyond does |
//! | [`max_blocked`](ThreadPoolBuilder::max_blocked) | how many threads may wait with a spare in their place |
//! | [`initializer`](ThreadPoolBuilder::initializer) | what each thread runs first |
//! | [`thread_name_prefix`](ThreadPoolBuilder::thread_name_prefix), [`stack_size`](ThreadPoolBuilder::stack_size) | name and stack of the threads |
//! | [`queue`](ThreadPoolBuilder::queue) | the [`QueueKind`]: the second is for very many submitting threads |
//! | [`observer`](ThreadPoolBuilder::observer) | who is told what the pool does |
//! | [`on_drop`](ThreadPoolBuilder::on_drop) | how it ends when it is dropped |
//!
//! # What does it do at this moment?
//!
//! [`stats`](ThreadPool::stats) counts; an [`Observer`] is told, task by task. What belongs to the submitter, such as
//! its span, is taken along by the hooks of [`context`].
//!
//! # Which features are there?
//!
//! None is on. `stream` makes streams of [`as_completed`] and of maps, and `tracing` adds [`context::TracingContext`].
#![deny(unsafe_code)]
// Links to what a feature brings lead nowhere without it; the published pages have all.
#![cfg_attr(
    not(all(feature = "stream", feature = "tracing")),
    allow(rustdoc::broken_intra_doc_links, reason = "the pages of a build with fewer features")
)]

mod absence;
mod builder;
mod callbacks;
mod calls;
mod counters;
mod handle;
mod lifecycle;
mod parker;
mod pool;
mod queue;
mod roster;
mod scope;
mod shared;
mod slice;
mod slot;
#[cfg_attr(any(concurrent_futures_loom, concurrent_futures_shuttle), path = "modelled_timer.rs")]
mod timer;
mod worker_thread;

pub use builder::ThreadPoolBuilder;
pub use concurrent_futures_core::*;
pub use handle::PoolHandle;
pub use pool::ThreadPool;
pub use queue::QueueKind;
pub use scope::{Scope, ScopedFuture};
pub use slot::Slot;

/// Tells the pool of the calling task that the task blocks, on a channel, a lock or I/O: a spare worker takes over
/// meanwhile.
///
/// Blocking waits for futures of this library say so by themselves. An `.await` does not, since it is the runtime that
/// blocks: a task that calls `block_on` stands in here. Outside any pool, and where the pool has as many blocked
/// or late workers as it may ([`max_blocked`](ThreadPoolBuilder::max_blocked)), it just calls `function`.
///
/// ```
/// use std::sync::mpsc;
/// use concurrent_futures_thread_pool::{ThreadPool, blocking};
///
/// let pool = ThreadPool::new(1)?;
/// let (tx, rx) = mpsc::channel();
/// let waits = pool.spawn(move || blocking(|| rx.recv().unwrap()));
/// let sends = pool.spawn(move || tx.send(5).unwrap());       // runs although the only worker is blocked
/// assert_eq!(waits.result().unwrap(), 5);
/// # sends.result().unwrap();
/// # Ok::<(), concurrent_futures_thread_pool::BuildError>(())
/// ```
///
/// # Blocking
///
/// As long as `function` does. Afterwards there may for a moment be one more task running than `max_workers`.
pub fn blocking<R>(function: impl FnOnce() -> R) -> R {
    concurrent_futures_core::worker::blocking(function).unwrap_or_else(|(_limit, function)| function())
}

/// The programs of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
