//! The locks, condition variables and thread-locals that everything else in the workspace uses.
//!
//! One place decides whose they are: the standard library's, or those of a model checker under the private cfgs
//! `concurrent_futures_loom` and `concurrent_futures_shuttle`. The module is public for the sibling crates of this
//! workspace and hidden, since it is no part of the interface.
//!
//! [`Mutex::lock`] never reports poison: no user code runs under any of our locks, so a poisoned lock could only mean
//! a panic between two of our own statements, after which the data are as consistent as before.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

#[cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]
mod imp {
    pub use std::sync::MutexGuard;
    pub use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, fence};
    pub(super) use std::sync::{Condvar, Mutex};
    pub use std::thread;
    pub use std::thread_local;
}

#[cfg(concurrent_futures_loom)]
mod imp {
    pub use loom::sync::MutexGuard;
    pub use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, fence};
    pub(super) use loom::sync::{Condvar, Mutex};
    pub use loom::thread;
    pub use loom::thread_local;
}

#[cfg(all(concurrent_futures_shuttle, not(concurrent_futures_loom)))]
mod imp {
    pub use shuttle::sync::MutexGuard;
    pub use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, fence};
    pub(super) use shuttle::sync::{Condvar, Mutex};
    pub use shuttle::thread;
    pub use shuttle::thread_local;
}

pub use imp::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, MutexGuard, fence, thread, thread_local};
pub use std::sync::atomic::Ordering;

/// A mutual exclusion lock without poison.
#[derive(Debug, Default)]
pub struct Mutex<T>(imp::Mutex<T>);

impl<T> Mutex<T> {
    /// Makes an unlocked mutex around `value`.
    pub fn new(value: T) -> Self {
        Self(imp::Mutex::new(value))
    }

    /// Blocks until the lock is ours.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock if nobody has it.
    #[cfg(not(concurrent_futures_loom))]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }

    /// The value inside, without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A condition variable for [`Mutex`].
#[derive(Debug, Default)]
pub struct Condvar(imp::Condvar);

impl Condvar {
    /// Makes a condition variable that nobody waits on.
    pub fn new() -> Self {
        Self(imp::Condvar::new())
    }

    /// Gives the lock back, waits for a notification (or a spurious wake-up), and takes the lock again.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`wait`](Self::wait), but not past `deadline`; the caller looks at the clock again.
    pub fn wait_until<'a, T>(&self, guard: MutexGuard<'a, T>, deadline: Instant) -> MutexGuard<'a, T> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return guard;
        }
        self.0.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0
    }

    /// As [`wait`](Self::wait) without a deadline, as [`wait_until`](Self::wait_until) with one.
    pub fn wait_maybe_until<'a, T>(&self, guard: MutexGuard<'a, T>, deadline: Option<Instant>) -> MutexGuard<'a, T> {
        match deadline {
            None => self.wait(guard),
            Some(deadline) => self.wait_until(guard, deadline),
        }
    }

    /// Wakes one waiting thread. Enters the kernel even if nobody waits: guard it by a flag under the lock.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all waiting threads. Enters the kernel even if nobody waits: guard it by a flag under the lock.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Turns a timeout into a deadline; `None` where the clock can't express it, which is centuries away.
pub fn deadline_after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}
