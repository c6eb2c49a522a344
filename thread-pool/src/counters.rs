//! How many tasks a pool has taken and ended: numbers for people, counted without getting in anybody's way.
//!
//! Every submit and every end counts, on any thread. One counter for all would be a cache line that travels between the
//! cores with each task, so each thread counts in one of a few shards, and a reader adds them up.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering as StdOrdering};

use concurrent_futures_core::Tally;
use concurrent_futures_core::sync::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;

/// Enough that the threads of a machine of ordinary size rarely share one.
const SHARDS: usize = 16;

#[derive(Default)]
pub(crate) struct Counters {
    shards: [CachePadded<Shard>; SHARDS],
    abandoned: AtomicU64,
}

#[derive(Default)]
struct Shard {
    submitted: AtomicU64,
    returned: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
}

/// The sums over all shards.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) submitted: u64,
    pub(crate) returned: u64,
    pub(crate) failed: u64,
    pub(crate) cancelled: u64,
}

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

std::thread_local! {
    static OUR_SHARD: Cell<Option<usize>> = const { Cell::new(None) };
}

impl Counters {
    pub(crate) fn submit(&self, tasks: usize) {
        // Relaxed, here and below: nothing is published with a number.
        self.shard().submitted.fetch_add(tasks as u64, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, tally: Tally) {
        let shard = self.shard();
        if tally.returned > 0 {
            shard.returned.fetch_add(tally.returned as u64, Ordering::Relaxed);
        }
        if tally.failed > 0 {
            shard.failed.fetch_add(tally.failed as u64, Ordering::Relaxed);
        }
        if tally.cancelled > 0 {
            shard.cancelled.fetch_add(tally.cancelled as u64, Ordering::Relaxed);
        }
    }

    /// Counts tasks that were given up while they ran; they count as failed too, by `end`.
    pub(crate) fn abandon(&self, tasks: usize) {
        self.abandoned.fetch_add(tasks as u64, Ordering::Relaxed);
    }

    pub(crate) fn abandoned(&self) -> u64 {
        self.abandoned.load(Ordering::Relaxed)
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for shard in &self.shards {
            totals.returned += shard.returned.load(Ordering::Relaxed);
            totals.failed += shard.failed.load(Ordering::Relaxed);
            totals.cancelled += shard.cancelled.load(Ordering::Relaxed);
        }
        // Last, so that no task has ended that was not submitted.
        totals.submitted = self.shards.iter().map(|shard| shard.submitted.load(Ordering::Relaxed)).sum();
        totals
    }

    fn shard(&self) -> &Shard {
        let number = OUR_SHARD.get().unwrap_or_else(|| {
            let number = NEXT_THREAD.fetch_add(1, StdOrdering::Relaxed);
            OUR_SHARD.set(Some(number));
            number
        });
        &self.shards[number % SHARDS]
    }
}
