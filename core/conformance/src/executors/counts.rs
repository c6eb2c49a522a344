use concurrent_futures_core::{ShutdownReport, Stats, Tally};

/// What became of the tasks that an executor took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) submitted: u64,
    pub(super) finished: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) abandoned: u64,
}

impl Counts {
    pub(super) fn add(&mut self, tally: Tally) {
        self.finished += tally.returned as u64;
        self.failed += tally.failed as u64;
        self.cancelled += tally.cancelled as u64;
    }

    pub(super) fn refuse(&mut self, tasks: usize) {
        self.submitted += tasks as u64;
        self.failed += tasks as u64;
    }

    pub(super) fn abandon(&mut self, tasks: usize) {
        self.failed += tasks as u64;
        self.abandoned += tasks as u64;
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        stats.submitted = self.submitted;
        stats.finished = self.finished;
        stats.failed = self.failed;
        stats.cancelled = self.cancelled;
        stats
    }

    pub(super) fn report(&self) -> ShutdownReport {
        let mut report = ShutdownReport::default();
        // Those that were given up count as failed among the futures, but did not end by themselves.
        report.finished = (self.finished + self.failed).saturating_sub(self.abandoned);
        report.cancelled = self.cancelled;
        report.abandoned = self.abandoned;
        report
    }
}
