//! The one file of the page with `unsafe`: memory that another process writes, seen as atomic words.
//!
//! Safe Rust has no way to look at memory that somebody else may change at any moment. Here it is never seen as anything
//! but atomics, so whatever the other process writes, and whenever, there is no data race; what the words *mean* is
//! checked by those who read them.

use concurrent_futures_core::sync::{AtomicU32, AtomicU64};
use memmap2::{MmapOptions, MmapRaw};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// A mapped file of whole words.
#[derive(Debug)]
pub(super) struct Mapping {
    map: MmapRaw,
    words: usize,
}

impl Mapping {
    /// Maps the first `words` words of a file for reading and writing. The file must be sealed against shrinking, so
    /// that no look at it can fault.
    pub(super) fn new(file: BorrowedFd<'_>, words: usize) -> io::Result<Self> {
        let map = MmapOptions::new().len(words * size_of::<u64>()).map_raw(file.as_raw_fd())?;
        Ok(Self { map, words })
    }

    /// The words. None of those that [`half`](Self::half) is used for may be used here.
    pub(super) fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is `words * 8` bytes long, page-aligned, readable and writable, and lives as long as
        // `self`. Every bit pattern is an `AtomicU64`, and atomics may be changed by others, other processes included.
        unsafe { std::slice::from_raw_parts(self.map.as_mut_ptr().cast::<AtomicU64>(), self.words) }
    }

    /// The first half of a word, for the system's futex.
    pub(super) fn half(&self, word: usize) -> &AtomicU32 {
        assert!(word < self.words, "word {word} of {}", self.words);
        // SAFETY: by the assertion the word lies inside the mapping.
        let word = unsafe { self.map.as_mut_ptr().cast::<AtomicU64>().add(word) };
        // SAFETY: as in `words`; a word's alignment suffices for its half. No word is accessed in both sizes.
        unsafe { &*word.cast::<AtomicU32>() }
    }
}
