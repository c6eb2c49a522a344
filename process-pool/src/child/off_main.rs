//! `init()` where it comes too late: on a thread that the program, or the harness of its tests, has started.
//!
//! A worker would run all that comes before, in a test program every test, until it came there. So there it marks nothing, and
//! the pool that is made next says why.

use std::sync::OnceLock;
use std::thread;

use concurrent_futures_core::BuildError;
use rustix::net::SendFlags;
use rustix::process::getpid;
use rustix::thread::gettid;

use super::entry::{self, NO_WORKER};
use crate::wire::control::{Control, Hello};

/// The first thread on which it was called in vain.
static CALLED_ON: OnceLock<String> = OnceLock::new();

pub(super) fn is_here() -> bool {
    gettid() != getpid()
}

/// Remembers the call. A worker that comes here has run too much already: it tells its parent and ends.
pub(super) fn refuse() {
    let thread = thread::current();
    let name = thread.name().map_or_else(|| format!("{:?}", thread.id()), str::to_owned);
    if entry::is_worker() {
        if let Ok(control) = entry::take_standard_input().map(Control::from_fd) {
            // If the parent doesn't hear it, it sees the exit.
            let _ = control.send(&Hello::OffMain(name).write(), &[], SendFlags::empty());
        }
        std::process::exit(NO_WORKER);
    }
    let _ = CALLED_ON.set(name);
}

/// What is wrong in a process that `init()` has not marked.
pub(crate) fn why_not_initialised() -> BuildError {
    match CALLED_ON.get() {
        Some(thread) => BuildError::InitialisedOffMain { thread: thread.clone() },
        None => BuildError::NotInitialised,
    }
}
