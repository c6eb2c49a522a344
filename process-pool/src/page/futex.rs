//! Where a worker sleeps: in the system, on a word of the page.

pub(super) use imp::{wait, wake};

#[cfg(not(concurrent_futures_loom))]
mod imp {
    use concurrent_futures_core::sync::AtomicU32;
    use rustix::thread::futex;

    /// Sleeps while the word is `value`. It may return early, by a signal.
    pub(in crate::page) fn wait(word: &AtomicU32, value: u32) {
        // It fails only where it returns early.
        let _ = futex::wait(word, futex::Flags::empty(), value, None);
    }

    /// Wakes who sleeps on the word.
    pub(in crate::page) fn wake(word: &AtomicU32) {
        // It fails for no reason but a bad address.
        let _ = futex::wake(word, futex::Flags::empty(), 1);
    }
}

/// What the system promises: who lies down looks at the word under a lock that who wakes takes too.
#[cfg(concurrent_futures_loom)]
mod imp {
    use concurrent_futures_core::sync::{AtomicU32, Condvar, Mutex, Ordering};

    loom::lazy_static! {
        static ref SLEEPERS: (Mutex<()>, Condvar) = Default::default();
    }

    pub(in crate::page) fn wait(word: &AtomicU32, value: u32) {
        let guard = SLEEPERS.0.lock();
        if word.load(Ordering::Relaxed) == value {
            drop(SLEEPERS.1.wait(guard));
        }
    }

    pub(in crate::page) fn wake(_word: &AtomicU32) {
        drop(SLEEPERS.0.lock());
        SLEEPERS.1.notify_one();
    }
}
