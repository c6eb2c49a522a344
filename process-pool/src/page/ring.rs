//! **The ring** of small results: written by the worker, read by the parent, in whole words.
//!
//! ```text
//!   head ──► │ header │ reply bytes ... │ header │ reply bytes ... │ ◄── tail
//!            header: slot (8 bits) │ length (24 bits) │ position (32 bits)
//! ```
//!
//! Positions only grow; their place is taken modulo the length. A record is published by the store of `tail`, whole or
//! not at all. The parent believes none of what it reads: a record that can't be right is an error.
//!
//! - **R1** A record that was published is read once, also after the death of who wrote it.
//! - **R2** Whatever lies in the ring, reading it ends, and gives no record that wasn't there.

use concurrent_futures_core::sync::{AtomicU64, Ordering};

use super::{Page, SLOTS};

/// The longest reply that goes through the ring, in bytes.
pub(crate) const LARGEST_RECORD: usize = 4096;

#[derive(Debug, Clone, Copy)]
pub(super) struct Ring<'a> {
    pub(super) head: &'a AtomicU64,
    pub(super) tail: &'a AtomicU64,
    pub(super) words: &'a [AtomicU64],
}

/// Where a result belongs: its bytes are `bytes` of what [`Consumer::drain`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) slot: usize,
    pub(crate) position: usize,
    pub(crate) bytes: std::ops::Range<usize>,
}

/// The worker's end.
#[derive(Debug, Default)]
pub(crate) struct Producer {
    tail: u64,
    /// The head as last seen; it only moves on.
    head: u64,
}

/// The parent's end.
#[derive(Debug, Default)]
pub(crate) struct Consumer {
    head: u64,
}

/// The ring holds something that no worker of ours writes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Corrupt;

impl Producer {
    /// Publishes a result. False if there is no room.
    #[inline]
    pub(crate) fn push(&mut self, page: &Page, slot: usize, position: usize, reply: &[u8]) -> bool {
        self.push_into(page.ring(), slot, position, reply)
    }

    /// Whether a record of this many bytes has room.
    pub(crate) fn has_room(&self, page: &Page, bytes: usize) -> bool {
        let ring = page.ring();
        self.tail + words_of(bytes) - ring.head.load(Ordering::Acquire) <= ring.words.len() as u64
    }

    /// Whether so much is waiting to be read that the parent had better begin.
    pub(crate) fn is_half_full(&self, page: &Page) -> bool {
        let ring = page.ring();
        self.tail - ring.head.load(Ordering::Relaxed) > ring.words.len() as u64 / 2
    }

    fn push_into(&mut self, ring: Ring<'_>, slot: usize, position: usize, reply: &[u8]) -> bool {
        let len = words_of(reply.len());
        if !self.fits(ring, len) {
            return false;
        }
        let header = (slot as u64) << 56 | (reply.len() as u64) << 32 | position as u64 & 0xffff_ffff;
        ring.word(self.tail).store(header, Ordering::Relaxed);
        let (whole, rest) = reply.as_chunks::<8>();
        for (at, chunk) in (self.tail + 1..).zip(whole) {
            ring.word(at).store(u64::from_le_bytes(*chunk), Ordering::Relaxed);
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            ring.word(self.tail + len - 1).store(u64::from_le_bytes(last), Ordering::Relaxed);
        }
        self.tail += len;
        // Release: pairs with the Acquire in `drain`, so that who sees the tail sees the record.
        ring.tail.store(self.tail, Ordering::Release);
        true
    }

    fn fits(&mut self, ring: Ring<'_>, len: u64) -> bool {
        let room = |head: u64| self.tail + len - head <= ring.words.len() as u64;
        if room(self.head) {
            return true;
        }
        // Acquire: pairs with the Release in `drain`: what is overwritten now has been read.
        let head = ring.head.load(Ordering::Acquire);
        let fits = room(head);
        self.head = head;
        fits
    }
}

impl Consumer {
    /// Whether something is there.
    pub(crate) fn is_empty(&self, page: &Page) -> bool {
        page.ring().tail.load(Ordering::Acquire) == self.head
    }

    /// Reads what is there: bytes into `bytes`, and where they belong into `records`.
    pub(crate) fn drain(&mut self, page: &Page, bytes: &mut Vec<u8>, records: &mut Vec<Record>) -> Result<(), Corrupt> {
        self.drain_from(page.ring(), bytes, records)
    }

    fn drain_from(&mut self, ring: Ring<'_>, bytes: &mut Vec<u8>, records: &mut Vec<Record>) -> Result<(), Corrupt> {
        let tail = ring.tail.load(Ordering::Acquire);
        if tail.wrapping_sub(self.head) > ring.words.len() as u64 {
            return Err(Corrupt);
        }
        while self.head < tail {
            let header = ring.word(self.head).load(Ordering::Relaxed);
            let (slot, len, position) = ((header >> 56) as usize, (header >> 32 & 0xff_ffff) as usize, header as u32);
            let words = len.div_ceil(8) as u64;
            if slot >= SLOTS || len > LARGEST_RECORD || self.head + 1 + words > tail {
                return Err(Corrupt);
            }
            let begin = bytes.len();
            for at in self.head + 1..self.head + 1 + words {
                bytes.extend_from_slice(&ring.word(at).load(Ordering::Relaxed).to_le_bytes());
            }
            bytes.truncate(begin + len);
            records.push(Record { slot, position: position as usize, bytes: begin..begin + len });
            self.head += 1 + words;
        }
        ring.head.store(self.head, Ordering::Release);
        Ok(())
    }
}

/// How many words a record of this many bytes takes.
fn words_of(bytes: usize) -> u64 {
    1 + bytes.div_ceil(8) as u64
}

impl<'a> Ring<'a> {
    fn word(&self, at: u64) -> &'a AtomicU64 {
        // The length is a power of two; a remainder would cost more than everything else here.
        &self.words[at as usize & (self.words.len() - 1)]
    }
}

/// A ring in memory of our own, with its consumer.
#[cfg(all(any(test, fuzzing), not(concurrent_futures_loom)))]
pub(crate) struct Memory {
    head: AtomicU64,
    tail: AtomicU64,
    words: Vec<AtomicU64>,
    consumer: std::cell::RefCell<Consumer>,
}

#[cfg(all(any(test, fuzzing), not(concurrent_futures_loom)))]
impl Memory {
    pub(crate) fn new(words: usize) -> Self {
        let words = (0..words).map(|_| AtomicU64::new(0)).collect();
        Self { head: AtomicU64::new(0), tail: AtomicU64::new(0), words, consumer: Default::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    pub(crate) fn head(&self) -> u64 {
        self.head.load(Ordering::Relaxed)
    }

    /// Whatever somebody has written there.
    pub(crate) fn fill(&self, bytes: &[u8]) {
        for (word, bytes) in self.words.iter().zip(bytes.as_chunks().0) {
            word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
        }
    }

    pub(crate) fn publish(&self, tail: u64) {
        self.tail.store(tail, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn push(&self, producer: &mut Producer, slot: usize, position: usize, reply: &[u8]) -> bool {
        producer.push_into(self.ring(), slot, position, reply)
    }

    pub(crate) fn drain(&self, bytes: &mut Vec<u8>, records: &mut Vec<Record>) -> Result<(), Corrupt> {
        self.consumer.borrow_mut().drain_from(self.ring(), bytes, records)
    }

    fn ring(&self) -> Ring<'_> {
        Ring { head: &self.head, tail: &self.tail, words: &self.words }
    }
}

#[cfg(all(test, not(concurrent_futures_loom)))]
mod tests {
    use super::{Corrupt, LARGEST_RECORD, Memory, Producer, Record};

    #[test]
    fn r1_what_was_published_is_read_once_and_in_order_round_and_round() {
        let (memory, mut producer) = (Memory::new(8), Producer::default());
        for round in 0..100_usize {
            let reply: Vec<u8> = (0..round % 20).map(|byte| byte as u8).collect();
            assert!(memory.push(&mut producer, round % 64, round, &reply));
            let (mut bytes, mut records) = (Vec::new(), Vec::new());
            memory.drain(&mut bytes, &mut records).unwrap();
            assert_eq!(records, [Record { slot: round % 64, position: round, bytes: 0..reply.len() }]);
            assert_eq!(bytes, reply);
        }
    }

    #[test]
    fn r1_a_full_ring_takes_nothing_until_something_was_read() {
        let (memory, mut producer) = (Memory::new(4), Producer::default());
        assert!(memory.push(&mut producer, 0, 0, &[1; 16]));
        assert!(!memory.push(&mut producer, 0, 1, &[1]));
        memory.drain(&mut Vec::new(), &mut Vec::new()).unwrap();
        assert!(memory.push(&mut producer, 0, 1, &[1]));
    }

    #[test]
    fn r2_what_no_worker_writes_is_an_error() {
        let (mut bytes, mut records) = (Vec::new(), Vec::new());
        let far_ahead = Memory::new(4);
        far_ahead.publish(u64::MAX);
        assert_eq!(far_ahead.drain(&mut bytes, &mut records), Err(Corrupt));
        for header in [64_u64 << 56, (LARGEST_RECORD as u64 + 1) << 32, 17 << 32] {
            let memory = Memory::new(4);
            memory.fill(&header.to_le_bytes());
            memory.publish(2);
            assert_eq!(memory.drain(&mut bytes, &mut records), Err(Corrupt));
        }
        let too_long = Memory::new(1024);
        too_long.fill(&((LARGEST_RECORD as u64 + 1) << 32).to_le_bytes());
        too_long.publish(1 + LARGEST_RECORD as u64 / 8 + 1);
        assert_eq!(too_long.drain(&mut bytes, &mut records), Err(Corrupt));
    }
}
