//! Spinning before sleeping: bounded, and only as long as it pays.
//!
//! Waking a sleeping thread costs 5 to 60 us, spinning costs the other threads of the machine. So a thread spins for at
//! most [`LIMIT`], and each time that was in vain it skips twice as many occasions before it tries again.

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// The longest spin.
pub const LIMIT: Duration = Duration::from_micros(5);

/// After this many vain spins in a row, only every 2^n-th occasion is tried.
const MOST_SKIPPED_LOG: u32 = 8;

/// One thread's experience with spinning at one place.
#[derive(Debug, Default)]
pub struct Spinner {
    vain: Cell<u32>,
    skip: Cell<u32>,
}

impl Spinner {
    /// A spinner that has tried nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { vain: Cell::new(0), skip: Cell::new(0) }
    }

    /// Spins until `done`, at most [`LIMIT`]; tells whether it is done.
    pub fn until(&self, mut done: impl FnMut() -> bool) -> bool {
        if done() {
            return true;
        }
        if cfg!(any(concurrent_futures_loom, concurrent_futures_shuttle)) || *ONLY_ONE_CORE || self.skips() {
            return false;
        }
        let begun = Instant::now();
        loop {
            // The clock costs as much as dozens of spins, so it is looked at once for many.
            for _ in 0..32 {
                std::hint::spin_loop();
                if done() {
                    self.vain.set(0);
                    return true;
                }
            }
            if begun.elapsed() >= LIMIT {
                self.vain.set((self.vain.get() + 1).min(MOST_SKIPPED_LOG));
                self.skip.set((1 << self.vain.get()) - 1);
                return false;
            }
        }
    }

    fn skips(&self) -> bool {
        let left = self.skip.get();
        self.skip.set(left.saturating_sub(1));
        left > 0
    }
}

static ONLY_ONE_CORE: LazyLock<bool> =
    LazyLock::new(|| std::thread::available_parallelism().is_ok_and(|cores| cores.get() == 1));
