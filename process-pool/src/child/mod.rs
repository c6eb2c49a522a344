//! What runs in a worker process.
//!
//! A worker is this very program, started again. In [`init`] it finds out what it is, sets itself up, and never returns:
//!
//! ```text
//!   init ── not a worker ──► returns; pools may be made now
//!     │ a worker
//!     ▼
//!   standard input is the control socket: move it away, put /dev/null there
//!   die with the parent: death signal, and a look whether it lives
//!     │                                   │
//!     ▼ this thread                       ▼ the thread of the tasks, with the stack that was asked for
//!   listen to the control socket        make the channel; initializer; Hello, with the parent's ends
//!   its end: die, at once               frame after frame, task after task; a frame that says stop: exit
//! ```

mod entry;
mod listener;
#[cfg(feature = "log")]
mod logs;
mod off_main;
#[expect(unsafe_code, reason = "calls the function that a frame names")]
mod serve;
mod tasks;

use std::sync::atomic::{AtomicU8, Ordering};

pub use entry::__enter;
pub(crate) use entry::{VARIABLE, depth};
pub(crate) use off_main::why_not_initialised;

/// The first line of `main` in a program that uses process pools: in a worker process it never returns.
///
/// A worker is the program itself, started again; this is where it finds out that it is one. In every other process it
/// returns at once. What comes before it in `main` runs in each worker too.
///
/// It counts on the main thread only. On any other, such as the thread of a `#[test]`, it does nothing, and a pool that is
/// made later is refused with [`BuildError::InitialisedOffMain`](concurrent_futures_core::BuildError::InitialisedOffMain):
/// a worker would run the whole program, or all tests, until it came there. A program whose work has a thread of its own,
/// for a larger stack, calls it in `main` before it starts that thread:
///
/// ```
/// fn main() -> std::io::Result<()> {
///     concurrent_futures_process_pool::init();
///     let work = || { /* pools may be made here too */ };
///     std::thread::Builder::new().stack_size(64 << 20).spawn(work)?.join().expect("the work doesn't panic");
///     Ok(())
/// }
/// ```
///
/// ```
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     concurrent_futures_process_pool::init();
///     // pools may be made from here on
///     Ok(())
/// }
/// ```
///
/// With `#[tokio::main]` a runtime would be started in each worker before this is reached: write a plain `main` that calls
/// `init()` and then builds the runtime. Tests, benches and doc tests have no `main` of their own:
/// [`worker_entry!`](crate::worker_entry) is for them. Where that stands, this may be called anywhere, and does nothing.
///
/// In a setuid or setgid program it does nothing, and no pool can be made: whoever starts such a program decides on its
/// environment.
///
/// Python: `if __name__ == "__main__":`, which keeps a worker from running the program, by convention.
pub fn init() {
    entry::enter_on_main();
}

/// Lets the program's workers begin before `main`, for binaries whose `main` isn't yours: tests, benches, doc tests. This is
/// a whole file of tests:
///
/// ```no_run
/// use concurrent_futures_process_pool::{ProcessPool, worker_entry};
///
/// worker_entry!();
///
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// #[test]
/// fn squares_come_in_order() {
///     let pool = ProcessPool::new(2).unwrap();
///     let squares: Vec<u64> = pool.map(square, 1..=3).map(Result::unwrap).collect();
///     assert_eq!(squares, [1, 4, 9]);
/// }
/// ```
///
/// # Where does it stand?
///
/// Once in a binary, at the top level of any of its files:
///
/// | tests | each file is | say |
/// |---|---|---|
/// | in `tests/` | a binary of its own | `worker_entry!();` in each file, or in a module that each of them has |
/// | in `src/`, of a library | part of one binary | `#[cfg(test)] worker_entry!();` in `lib.rs` |
/// | in `src/`, of a program | part of one binary | the same in `main.rs`; `main` has [`init`] |
/// | in the documentation | a binary for each example | `worker_entry!();` in the example, as above, or `init()` in its `main` |
///
/// Twice does no harm: in the same module the compiler refuses it, in two modules the second one finds nothing to do; nor does
/// an [`init`] in a test beside it. `init` alone is not enough for a test: see there.
///
/// # How does a worker differ then?
///
/// It runs before Rust has set itself up: a stack that overflows there is a bare `SIGSEGV` without a message. Where you write
/// `main` yourself, prefer [`init`]. Python has no counterpart: its test modules are imported by the workers.
#[macro_export]
macro_rules! worker_entry {
    () => {
        #[doc(hidden)]
        #[used]
        #[allow(unsafe_code, reason = "the section of functions that run before main")]
        #[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
        static CONCURRENT_FUTURES_WORKER_ENTRY: extern "C" fn() = $crate::__enter;
    };
}

/// What this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// `init` has not run.
    Unknown,
    /// It may make pools.
    Program,
    /// It is a worker, and may make pools inside its tasks.
    Worker,
}

static ROLE: AtomicU8 = AtomicU8::new(0);

pub(crate) fn role() -> Role {
    match ROLE.load(Ordering::Acquire) {
        0 => Role::Unknown,
        1 => Role::Program,
        _ => Role::Worker,
    }
}

fn set_role(role: Role) {
    ROLE.store(role as u8, Ordering::Release);
}
