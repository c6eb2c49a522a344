use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that no other task of this process has.
///
/// Ids are handed to threads in blocks: they tell tasks apart, not which was submitted first.
///
/// ```
/// use concurrent_futures_core::Promise;
/// let (a, b) = (Promise::<()>::new().1, Promise::<()>::new().1);
/// assert_ne!(a.id(), b.id());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(u64);

/// How many ids a thread takes at a time: one shared counter for every submit would be one contended cache line.
const BLOCK: u64 = 1024;

static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

std::thread_local! {
    static OURS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

impl TaskId {
    pub(crate) fn next() -> Self {
        Self::next_run_of(1)
    }

    /// Takes `count` consecutive ids and gives the first: a chunk of `map` is many tasks.
    pub(crate) fn next_run_of(count: usize) -> Self {
        let count = count as u64;
        OURS.with(|ours| {
            let (mut next, mut end) = ours.get();
            if end - next < count {
                let taken = BLOCK.max(count);
                // Relaxed: only the number matters, nothing is published with it.
                next = NEXT_BLOCK.fetch_add(taken, Ordering::Relaxed);
                end = next + taken;
            }
            ours.set((next + count, end));
            Self(next)
        })
    }

    pub(crate) fn offset(self, index: usize) -> Self {
        Self(self.0 + index as u64)
    }

    /// An id made elsewhere: a worker process takes over the id that the parent gave.
    #[must_use]
    pub fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
