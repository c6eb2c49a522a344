//! **Bells**: who sleeps, and who wakes him.
//!
//! The parent sleeps in its channel; the worker, where the ring is full, in a futex. Each says so in a word, looks once
//! more for what it waits for, and sleeps. Who produces it first publishes it and then looks at the word: with a full
//! fence on both sides, at least one of the two sees the other.
//!
//! ```text
//!   sleeper: waits := 1 ; fence ; nothing there? ──► sleep
//!   waker:   publish    ; fence ; waits == 1?    ──► waits := 0, wake
//! ```
//!
//! - **B1** Nobody sleeps on while what he waits for is there.
//! - **B2** A sleeper is sent at most one message for each time he lies down.

use concurrent_futures_core::sync::{AtomicU32, AtomicU64, Ordering, fence};

use super::futex;

/// The words that say who sleeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bell<'a> {
    pub(super) parent_waits: &'a AtomicU64,
    pub(super) worker_waits: &'a AtomicU32,
}

impl Bell<'_> {
    /// Parent: is about to sleep; it looks once more before it does.
    pub(crate) fn parent_lies_down(&self) {
        self.parent_waits.store(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Parent: is awake, whatever woke it. Tells whether somebody has sent a message or is about to.
    pub(crate) fn parent_is_up(&self) -> bool {
        // Relaxed: who rang comes before it in the order of this one word.
        self.parent_waits.swap(0, Ordering::Relaxed) == 0
    }

    /// Whether the caller, who has just published something, must send the parent a message.
    pub(crate) fn must_wake_parent(&self) -> bool {
        fence(Ordering::SeqCst);
        // Relaxed: the fence orders it, and of several that ring one gets the 1. Looking first costs less, where it is awake.
        self.parent_waits.load(Ordering::Relaxed) == 1
            && self.parent_waits.compare_exchange(1, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Worker: sleeps until there is room, looking by `is_there_room`. If the parent is dead, so is this process: its
    /// other thread sees to it.
    pub(crate) fn worker_waits_until(&self, is_there_room: impl Fn() -> bool) {
        while !is_there_room() {
            self.worker_waits.store(1, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            if is_there_room() {
                break;
            }
            // It may return early, by a signal or because the word has changed: the loop looks again.
            futex::wait(self.worker_waits, 1);
        }
        self.worker_waits.store(0, Ordering::Relaxed);
    }

    /// Parent: has made room.
    pub(crate) fn wake_worker(&self) {
        fence(Ordering::SeqCst);
        if self.worker_waits.load(Ordering::Relaxed) == 1 && self.worker_waits.swap(0, Ordering::Relaxed) == 1 {
            futex::wake(self.worker_waits);
        }
    }
}
