//! How large a chunk of `map` is, and how far it runs ahead.

use std::time::Duration;

use super::MapOptions;

/// A chunk is meant to take this long: dozens of times what it costs to hand it over and to wake who waits for it, which
/// is up to 13 us, and still a short turn.
const CHUNK_TIME: Duration = Duration::from_millis(1);

/// No chunk is larger, so that results keep flowing.
const LARGEST_CHUNK: usize = 16_384;

/// Until a task time is known, a chunk is this share of what was submitted before: the first tasks go one by one.
const UNMEASURED_SHARE: usize = 16;
const LARGEST_UNMEASURED_CHUNK: usize = 32;

/// The default window: small inputs run without being consumed.
const SMALLEST_WINDOW: usize = 1024;

/// Chunks in flight for each worker: one that runs, one that waits, and two for the consumer's jitter.
const CHUNKS_PER_WORKER: usize = 4;

pub(super) struct Sizing {
    fixed_chunk: Option<usize>,
    fixed_window: Option<usize>,
    workers: usize,
    submitted: usize,
    /// Measured time of one item in nanoseconds, smoothed.
    item_nanos: Option<f64>,
}

impl Sizing {
    pub(super) fn new(options: &MapOptions, workers: usize) -> Self {
        Self {
            fixed_chunk: options.fixed_chunk_size(),
            fixed_window: options.fixed_window(),
            workers: workers.max(1),
            submitted: 0,
            item_nanos: None,
        }
    }

    /// The size of the chunk to submit next.
    pub(super) fn chunk(&self) -> usize {
        let by_window =
            self.fixed_window.map_or(LARGEST_CHUNK, |window| (window / self.workers.saturating_mul(2)).max(1));
        match (self.fixed_chunk, self.item_nanos) {
            (Some(fixed), _) => fixed,
            (None, None) => (self.submitted / UNMEASURED_SHARE).clamp(1, LARGEST_UNMEASURED_CHUNK).min(by_window),
            (None, Some(nanos)) => {
                let fitting = CHUNK_TIME.as_nanos() as f64 / nanos.max(1.0);
                (fitting as usize).clamp(1, LARGEST_CHUNK).min(by_window)
            }
        }
    }

    /// The smallest chunk worth submitting while others are in flight; rather wait for more room.
    pub(super) fn least_chunk(&self) -> usize {
        self.chunk().min(self.window() / 4).max(1)
    }

    /// A chunk of `items` was submitted.
    pub(super) fn note_submitted(&mut self, items: usize) {
        self.submitted = self.submitted.saturating_add(items);
    }

    /// How many items may be in flight.
    pub(super) fn window(&self) -> usize {
        self.fixed_window.unwrap_or_else(|| {
            SMALLEST_WINDOW.max(self.chunk().saturating_mul(CHUNKS_PER_WORKER).saturating_mul(self.workers))
        })
    }

    /// A chunk of `items` took `time` on its worker.
    pub(super) fn learn(&mut self, items: usize, time: Duration) {
        if items == 0 {
            return;
        }
        let nanos = time.as_secs_f64() * 1e9 / items as f64;
        // Slower counts at once, faster only by and by: a chunk that is too large hurts more than one too small.
        self.item_nanos = Some(match self.item_nanos {
            Some(known) if nanos < known => known * 0.7 + nanos * 0.3,
            _ => nanos,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LARGEST_CHUNK, MapOptions, Sizing};

    #[test]
    fn chunks_follow_the_measured_time() {
        let mut sizing = Sizing::new(&MapOptions::new(), 2);
        assert_eq!(sizing.chunk(), 1, "nothing is known yet");
        sizing.learn(1, Duration::from_micros(1));
        assert_eq!(sizing.chunk(), 1000);
        sizing.learn(100, Duration::from_millis(100));
        assert_eq!(sizing.chunk(), 1, "expensive items count at once");
        for _ in 0..60 {
            sizing.learn(1000, Duration::from_nanos(1));
        }
        assert_eq!(sizing.chunk(), LARGEST_CHUNK);
        assert!(sizing.window() >= 2 * LARGEST_CHUNK);
    }

    #[test]
    fn a_window_leaves_every_worker_a_chunk() {
        let mut sizing = Sizing::new(&MapOptions::new().buffer_size(10), 2);
        sizing.learn(1000, Duration::from_nanos(1));
        assert_eq!((sizing.window(), sizing.chunk()), (10, 2));
    }
}
