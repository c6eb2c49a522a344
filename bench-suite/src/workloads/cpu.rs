use std::hint::black_box;
use std::time::{Duration, Instant};

/// A function that takes about a microsecond of pure CPU on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Microsecond {
    steps: u32,
}

impl Microsecond {
    /// Finds how many steps a microsecond has: the fastest of a few tries, since a disturbed one is slow.
    #[must_use]
    pub fn calibrated() -> Self {
        const STEPS: u32 = 100_000;
        let try_once = || {
            let start = Instant::now();
            black_box(mix(black_box(1), STEPS));
            start.elapsed()
        };
        let fastest = (0..10).map(|_| try_once()).min().unwrap_or(Duration::from_micros(100));
        let per_microsecond = f64::from(STEPS) / (fastest.as_secs_f64() * 1e6);
        Self { steps: per_microsecond as u32 }
    }

    /// Works for about a microsecond.
    #[must_use]
    pub fn work(self, n: u64) -> u64 {
        mix(n, self.steps)
    }
}

/// Each step needs the one before, so that neither vectors nor a wide CPU shorten it.
fn mix(mut value: u64, steps: u32) -> u64 {
    for _ in 0..steps {
        value = (value ^ (value >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    value
}
