//! **The page**: memory that the parent shares with one worker.
//!
//! ```text
//!   ┌────────────── bells ─────────────┬──────── slots ────────┬─────────────── ring ───────────────┐
//!   │ parent waits │ frames read │ ... │ range, stop, begun    │ small results, written by the      │
//!   │ head │ tail │ worker waits │busy │ one for each job sent │ worker, read by the parent         │
//!   └──────────────────────────────────┴───────────────────────┴────────────────────────────────────┘
//! ```
//!
//! What a worker has begun, and what came out, lies here before it does the next thing. So the parent knows it exactly at
//! any moment, without a message, and also after the worker has died.
//!
//! - [`slot`]: which tasks of a job have begun, and which were taken back.
//! - [`ring`]: the results.
//! - [`bell`]: who sleeps and must be woken.

mod bell;
mod futex;
#[cfg(not(concurrent_futures_loom))]
#[expect(unsafe_code, reason = "shared memory, seen as atomics or as sealed bytes")]
mod mapping;
#[cfg(concurrent_futures_loom)]
#[path = "model_mapping.rs"]
mod mapping;
#[cfg(all(test, concurrent_futures_loom))]
mod models;
mod ring;
mod slot;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use concurrent_futures_core::sync::AtomicU64;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

pub(crate) use bell::Bell;
use mapping::Mapping;
#[cfg(all(any(test, fuzzing), not(concurrent_futures_loom)))]
pub(crate) use ring::Memory;
pub(crate) use ring::{Consumer, LARGEST_RECORD, Producer, Record};
pub(crate) use slot::{Slot, now_nanos};

#[cfg(all(concurrent_futures_shuttle, not(concurrent_futures_loom)))]
compile_error!("the page holds real atomics, or loom's");

/// How many jobs may lie with one worker.
pub(crate) const SLOTS: usize = if cfg!(concurrent_futures_loom) { 1 } else { 64 };

/// No two things that different processes write share a cache line.
const LINE: usize = 8;

const PARENT_WAITS: usize = 0;
const FRAMES_READ: usize = LINE;
const HEAD: usize = 2 * LINE;
const TAIL: usize = 3 * LINE;
const WORKER_WAITS: usize = 4 * LINE;
const BUSY: usize = 5 * LINE;
const FIRST_SLOT: usize = 8 * LINE;
const RING: usize = FIRST_SLOT + SLOTS * LINE;
const RING_WORDS: usize = if cfg!(concurrent_futures_loom) { 4 } else { 16 * 1024 };
const _: () = assert!(RING_WORDS.is_power_of_two());
const WORDS: usize = RING + RING_WORDS;

/// The shared memory of one worker.
#[derive(Debug)]
pub(crate) struct Page {
    mapping: Mapping,
}

impl Page {
    /// Makes the page, and the descriptor by which the worker finds it.
    pub(crate) fn create() -> io::Result<(Self, OwnedFd)> {
        let file = memfd_create("concurrent-futures page", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, (WORDS * size_of::<u64>()) as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok((Self { mapping: Mapping::new(file.as_fd(), WORDS)? }, file))
    }

    /// Opens the page that the parent made.
    pub(crate) fn open(file: BorrowedFd<'_>) -> io::Result<Self> {
        let size = rustix::fs::fstat(file)?.st_size;
        if size != (WORDS * size_of::<u64>()) as i64 {
            return Err(io::Error::other(format!("the shared page has {size} bytes")));
        }
        Ok(Self { mapping: Mapping::new(file, WORDS)? })
    }

    pub(crate) fn slot(&self, number: usize) -> Slot<'_> {
        assert!(number < SLOTS, "slot {number} of {SLOTS}");
        let first = FIRST_SLOT + number * LINE;
        Slot::new(&self.mapping.words()[first..first + LINE])
    }

    pub(crate) fn bell(&self) -> Bell<'_> {
        Bell { parent_waits: self.word(PARENT_WAITS), worker_waits: self.mapping.half(WORKER_WAITS) }
    }

    /// How many frames the worker has read.
    pub(crate) fn frames_read(&self) -> &AtomicU64 {
        self.word(FRAMES_READ)
    }

    /// How many nanoseconds the worker has spent in jobs, and how many jobs that were.
    pub(crate) fn busy(&self) -> (&AtomicU64, &AtomicU64) {
        (self.word(BUSY), self.word(BUSY + 1))
    }

    fn ring(&self) -> ring::Ring<'_> {
        ring::Ring { head: self.word(HEAD), tail: self.word(TAIL), words: &self.mapping.words()[RING..] }
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        &self.mapping.words()[index]
    }
}
