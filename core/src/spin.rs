//! Spinning before sleeping: bounded, and only as long as it pays.
//!
//! Waking a sleeping thread costs 5 to 60 us, spinning costs the other threads of the machine. So a thread spins for at
//! most [`LIMIT`], and each time that was in vain it skips twice as many occasions before it tries again. And no more
//! than half of the cores are given to spinning: where more threads wait than that, none of the others spins.

use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The longest spin.
pub const LIMIT: Duration = Duration::from_micros(5);

/// After this many vain spins in a row, only every 2^n-th occasion is tried.
const MOST_SKIPPED_LOG: u32 = 8;

/// How often a thread yields that may not spin.
const MOST_YIELDS: usize = 3;

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
    pub fn until(&self, done: impl FnMut() -> bool) -> bool {
        let place = Place::take();
        self.until_in(&place, done)
    }

    /// As [`until`](Self::until), in a place that the caller goes on holding while it sleeps.
    pub fn until_in(&self, place: &Place, mut done: impl FnMut() -> bool) -> bool {
        if done() {
            return true;
        }
        if cfg!(any(concurrent_futures_loom, concurrent_futures_shuttle)) {
            return false;
        }
        if !place.is_among_the_first {
            return yield_until(done);
        }
        if self.skips() {
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

/// Where more threads wait than may spin, lets the others run a few times before it gives up: if they need the core,
/// the work is done meanwhile and nobody has to be woken; if they don't, that takes about a microsecond each.
fn yield_until(mut done: impl FnMut() -> bool) -> bool {
    (0..MOST_YIELDS).any(|_| {
        std::thread::yield_now();
        done()
    })
}

/// How many threads may spin at once: none on a machine of one core.
static PLACES: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(0, |cores| cores.get() / 2));

static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// A thread that waits. The first few may spin; where more wait, they sleep, since a sleeper that wakes late finds many
/// results at once, while a spinner takes the core from who computes them.
#[derive(Debug)]
pub struct Place {
    is_among_the_first: bool,
}

impl Place {
    /// Counts the calling thread as waiting, until the place is dropped.
    #[must_use]
    pub fn take() -> Self {
        // Relaxed, here and below: one too many for a moment does no harm, and nothing is published with the number.
        Self { is_among_the_first: TAKEN.fetch_add(1, Ordering::Relaxed) < *PLACES }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::Relaxed);
    }
}
