//! **A slot**: how far a worker has come with one job, decided by compare-and-swap.
//!
//! A job is one task, or a chunk of many. One word says which of its tasks are whose:
//!
//! ```text
//!         begun              offered            taken back
//!   0 ───────────── next ──────────────── end ──────────────── number of tasks
//!                    └── begin: worker ──►  ◄── take back: parent
//! ```
//!
//! The worker moves `next` up by one for each task, before it calls the function; the parent moves `end` down. Both by
//! compare-and-swap of the whole word, so of each task exactly one of the two is true: it was begun, or taken back. A
//! generation in the word tells the jobs apart that use the slot one after the other: a frame that was overtaken by a
//! withdrawal begins nothing.
//!
//! - **P1** A task that was taken back was never begun and never will be.
//! - **P2** A task is begun at most once.
//! - **P3** After the worker's death, `next` tasks had begun and no others.
//! - **P4** A worker is in one task at a time: the one that it began last, until it has answered that.

use concurrent_futures_core::sync::{AtomicU64, Ordering};
use rustix::time::{ClockId, clock_gettime};

/// The words of one job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot<'a> {
    range: &'a AtomicU64,
    stop: &'a AtomicU64,
    begun_at: &'a AtomicU64,
    answered: &'a AtomicU64,
    took: &'a AtomicU64,
}

/// What the parent gets when it takes tasks back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// How many tasks have begun.
    pub(crate) begun: usize,
    /// Where the worker stops: the tasks from here on are the parent's again.
    pub(crate) end: usize,
}

const BITS: u32 = 24;
const MASK: u64 = (1 << BITS) - 1;

#[derive(Debug, Clone, Copy)]
struct Range {
    generation: u16,
    next: u64,
    end: u64,
}

impl Range {
    fn unpack(word: u64) -> Self {
        Self { generation: (word >> (2 * BITS)) as u16, next: word >> BITS & MASK, end: word & MASK }
    }

    fn pack(self) -> u64 {
        u64::from(self.generation) << (2 * BITS) | self.next << BITS | self.end
    }
}

impl<'a> Slot<'a> {
    /// The most tasks that can be offered at once.
    pub(crate) const MOST_TASKS: usize = MASK as usize;

    pub(super) fn new(words: &'a [AtomicU64]) -> Self {
        Self { range: &words[0], stop: &words[1], begun_at: &words[2], answered: &words[3], took: &words[4] }
    }

    /// Parent: offers `tasks` tasks of a new job; before the frame that describes them is sent.
    pub(crate) fn offer(&self, generation: u16, tasks: usize) {
        // Relaxed: the system call that sends the frame comes before the one that reads it.
        self.stop.store(0, Ordering::Relaxed);
        self.begun_at.store(0, Ordering::Relaxed);
        // Not by a generation of long ago either.
        self.answered.store(0, Ordering::Relaxed);
        self.took.store(0, Ordering::Relaxed);
        self.range.store(Range { generation, next: 0, end: tasks as u64 & MASK }.pack(), Ordering::Release);
    }

    /// Worker: begins the next task. False if it was taken back, and everything behind it.
    #[inline]
    pub(crate) fn begin(&self, generation: u16) -> bool {
        let forward = |word| {
            let range = Range::unpack(word);
            let may_begin = range.generation == generation && range.next < range.end;
            may_begin.then(|| Range { next: range.next + 1, ..range }.pack())
        };
        self.range.fetch_update(Ordering::AcqRel, Ordering::Acquire, forward).is_ok()
    }

    /// Worker: says when the task that it begins next begins, for deadlines.
    #[inline]
    pub(crate) fn stamp(&self, nanos: u64) {
        // Relaxed: made visible by the `begin` that follows.
        self.begun_at.store(nanos, Ordering::Relaxed);
    }

    /// When the job's latest stamped task began, by the clock that all processes share.
    pub(crate) fn begun_at(&self) -> u64 {
        self.begun_at.load(Ordering::Acquire)
    }

    /// Worker: has published what came out of the task at this position, which it began last.
    #[inline]
    pub(crate) fn answer(&self, generation: u16, position: usize) {
        // Only the worker writes here. The parent may have seen the result already, and have offered the slot anew: then
        // this says nothing of the next job. Release: who sees the number finds the results.
        let answered = Range { generation, next: position as u64 + 1, end: 0 };
        self.answered.store(answered.pack(), Ordering::Release);
    }

    /// Worker: says how long the job took, before it publishes its last result.
    #[inline]
    pub(crate) fn note_took(&self, nanos: u64) {
        // Relaxed: made visible by the result that follows.
        self.took.store(nanos, Ordering::Relaxed);
    }

    /// How long the job took in nanoseconds; 0 if it was not done to its end.
    pub(crate) fn took(&self) -> u64 {
        self.took.load(Ordering::Relaxed)
    }

    /// Whether the worker is in the middle of a task of this job.
    pub(crate) fn is_running(&self) -> bool {
        // In this order: the task that was seen to have begun may be answered meanwhile, and not the other way round.
        let begun = Range::unpack(self.range.load(Ordering::Acquire));
        let answered = Range::unpack(self.answered.load(Ordering::Acquire));
        begun.next > if answered.generation == begun.generation { answered.next } else { 0 }
    }

    /// How many tasks have begun, and where the worker stops.
    pub(crate) fn look(&self) -> Taken {
        let range = Range::unpack(self.range.load(Ordering::Acquire));
        Taken { begun: range.next as usize, end: range.end as usize }
    }

    /// Parent: takes the whole job back. False if a task of it has begun.
    pub(crate) fn withdraw(&self) -> bool {
        let back = |word| {
            let range = Range::unpack(word);
            (range.next == 0).then(|| Range { end: 0, ..range }.pack())
        };
        self.range.fetch_update(Ordering::AcqRel, Ordering::Acquire, back).is_ok()
    }

    /// Parent: takes back what has not begun, but for `kept` tasks.
    pub(crate) fn take_back(&self, kept: impl Fn(usize) -> usize) -> Taken {
        let mut taken = Taken { begun: 0, end: 0 };
        let back = |word| {
            let range = Range::unpack(word);
            let offered = range.end.saturating_sub(range.next) as usize;
            let end = range.next + kept(offered).min(offered) as u64;
            taken = Taken { begun: range.next as usize, end: end as usize };
            Some(Range { end, ..range }.pack())
        };
        // It can't fail, since the closure always gives a word.
        let _ = self.range.fetch_update(Ordering::AcqRel, Ordering::Acquire, back);
        taken
    }

    /// Parent: asks the task to stop.
    pub(crate) fn request_stop(&self) {
        // Relaxed: a task that sees it late runs a little longer.
        self.stop.store(1, Ordering::Relaxed);
    }

    /// Worker: whether the task was asked to stop.
    pub(crate) fn is_stop_requested(&self) -> bool {
        self.stop.load(Ordering::Relaxed) != 0
    }
}

/// Now, by the clock that all processes of the machine share.
pub(crate) fn now_nanos() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(all(test, not(concurrent_futures_loom)))]
mod tests {
    use super::{AtomicU64, Slot, Taken};

    fn words() -> [AtomicU64; 8] {
        Default::default()
    }

    #[test]
    fn p1_a_task_that_was_taken_back_is_not_begun() {
        let words = words();
        let slot = Slot::new(&words);
        slot.offer(1, 3);
        assert!(slot.begin(1));
        assert!(!slot.withdraw(), "the first has begun");
        assert_eq!(slot.take_back(|offered| offered / 2), Taken { begun: 1, end: 2 });
        assert!(slot.begin(1) && !slot.begin(1));
        assert_eq!(slot.look(), Taken { begun: 2, end: 2 });
    }

    #[test]
    fn p1_a_frame_that_was_overtaken_begins_nothing_of_the_next_job() {
        let words = words();
        let slot = Slot::new(&words);
        slot.offer(1, 1);
        assert!(slot.withdraw() && slot.withdraw());
        slot.offer(2, 1);
        assert!(!slot.begin(1) && slot.begin(2));
    }

    #[test]
    fn p2_each_task_is_begun_once() {
        let words = words();
        let slot = Slot::new(&words);
        slot.offer(7, Slot::MOST_TASKS);
        assert!(slot.begin(7));
        assert_eq!(slot.look(), Taken { begun: 1, end: Slot::MOST_TASKS });
        slot.request_stop();
        assert!(slot.is_stop_requested());
        slot.offer(8, 1);
        assert!(!slot.is_stop_requested() && slot.begin(8) && !slot.begin(8));
    }
}
