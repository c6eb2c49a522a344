//! How fast a worker gets through its jobs, and so how many may lie with it.

use std::sync::atomic::Ordering;

use crate::page::Page;

/// So much work lies with a worker: enough that it doesn't run dry while its supervisor wakes up, and little enough that
/// nothing waits long behind something dear.
const WORK_AHEAD: f64 = 300_000.0;

/// Jobs that take longer than this aren't sent ahead: the gap between two of them doesn't matter.
const LONG: f64 = 5_000_000.0;

const MOST_JOBS: f64 = 32.0;

/// What is known of a worker's speed.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    seen_nanos: u64,
    seen_jobs: u64,
    /// Nanoseconds for a job, smoothed; nothing before the first.
    nanos: Option<f64>,
}

impl Pace {
    /// How many jobs may lie with the worker.
    pub(crate) fn depth(&mut self, page: &Page) -> usize {
        let (nanos, jobs) = page.busy();
        self.learn(nanos.load(Ordering::Relaxed), jobs.load(Ordering::Relaxed));
        match self.nanos {
            // Nothing is known: one at a time.
            None => 1,
            Some(nanos) if nanos > LONG => 1,
            Some(nanos) => 1 + (WORK_AHEAD / nanos.max(1.0)).clamp(1.0, MOST_JOBS) as usize,
        }
    }

    fn learn(&mut self, nanos: u64, jobs: u64) {
        let (more_nanos, more_jobs) = (nanos.wrapping_sub(self.seen_nanos), jobs.wrapping_sub(self.seen_jobs));
        if more_jobs == 0 {
            return;
        }
        (self.seen_nanos, self.seen_jobs) = (nanos, jobs);
        let each = more_nanos as f64 / more_jobs as f64;
        // Slower counts at once, faster by and by.
        self.nanos = Some(match self.nanos {
            Some(known) if each < known => known * 0.5 + each * 0.5,
            _ => each,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Page};
    use std::sync::atomic::Ordering;

    #[test]
    fn the_faster_a_worker_is_the_more_lies_with_it() {
        let (page, _file) = Page::create().unwrap();
        let mut pace = Pace::default();
        assert_eq!(pace.depth(&page), 1, "nothing is known yet");
        page.busy().0.store(1_000, Ordering::Relaxed);
        page.busy().1.store(1, Ordering::Relaxed);
        assert_eq!(pace.depth(&page), 33);
        page.busy().0.store(50_001_000, Ordering::Relaxed);
        page.busy().1.store(2, Ordering::Relaxed);
        assert_eq!(pace.depth(&page), 1, "a dear job counts at once");
    }
}
