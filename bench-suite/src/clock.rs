//! Times that several processes tell each other.

use rustix::time::{ClockId, clock_gettime};

/// The nanoseconds of the monotonic clock, which on Linux is one for all processes. An [`Instant`](std::time::Instant) reads
/// the same clock, but can't be sent.
#[must_use]
pub fn nanos() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
