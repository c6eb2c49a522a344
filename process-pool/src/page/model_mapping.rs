//! The words as a model checker's atomics, which are no plain memory: they lie where nobody shares them with a process.

use std::io;
use std::os::fd::BorrowedFd;

use concurrent_futures_core::sync::{AtomicU32, AtomicU64};

#[derive(Debug)]
pub(super) struct Mapping {
    words: Vec<AtomicU64>,
    half: AtomicU32,
}

impl Mapping {
    pub(super) fn new(_file: BorrowedFd<'_>, words: usize) -> io::Result<Self> {
        Ok(Self { words: (0..words).map(|_| AtomicU64::new(0)).collect(), half: AtomicU32::new(0) })
    }

    pub(super) fn words(&self) -> &[AtomicU64] {
        &self.words
    }

    /// The page has one such word.
    pub(super) fn half(&self, _word: usize) -> &AtomicU32 {
        &self.half
    }
}
