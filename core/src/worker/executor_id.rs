use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

/// Which executor a job waits in: a number of its own for each, within this process.
///
/// ```
/// use concurrent_futures_core::worker::ExecutorId;
/// assert_ne!(ExecutorId::next(), ExecutorId::next());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExecutorId(NonZeroU32);

static NEXT_EXECUTOR: AtomicU32 = AtomicU32::new(1);

impl ExecutorId {
    /// A number that no other executor of this process has.
    ///
    /// # Panics
    ///
    /// After two thousand million executors.
    #[must_use]
    pub fn next() -> Self {
        let number = NEXT_EXECUTOR.fetch_add(1, Ordering::Relaxed);
        assert!(number < 1 << 31, "this process has made more executors than there are numbers for");
        Self(NonZeroU32::new(number).expect("numbers begin at 1"))
    }

    pub(crate) fn bits(self) -> u32 {
        self.0.get()
    }

    pub(crate) fn from_bits(bits: u32) -> Option<Self> {
        NonZeroU32::new(bits).map(Self)
    }
}
