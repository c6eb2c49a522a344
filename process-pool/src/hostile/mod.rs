//! What the readers must withstand: bytes that nobody of ours has written.
//!
//! Each function here takes any bytes, lets one of the readers have them, and panics where a promise is broken. The
//! fuzz targets in `process-pool/fuzz` give it whatever finds new ways through the code, the tests below what
//! `proptest` thinks of, and every cut and every flipped bit of what is valid.

#[expect(unsafe_code, reason = "an allocator, to count what is asked of it")]
mod counting;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::page::{LARGEST_RECORD, Memory, Record, SLOTS};
use crate::wire::bytes::Malformed;
use crate::wire::control::{Hello, ToWorker};
use crate::wire::frame::{self, Frame, FrameWriter, Job};
use crate::wire::note::{self, Note};
#[cfg(feature = "log")]
use crate::wire::record::{self, LogRecord};

/// W1, W2: a frame is understood or refused; nothing is understood but what the writer writes.
pub fn frame(bytes: &[u8]) {
    let Ok(read) = frugally(bytes.len(), || frame::read(bytes)) else { return };
    match &read {
        Frame::Stop => assert_eq!(bytes, frame::stop()),
        Frame::Jobs(jobs) => {
            jobs.iter().for_each(check_job);
            assert_eq!(bytes, write_frame(jobs));
        }
    }
}

/// What the worker relies on when it serves a job.
fn check_job(job: &Job<'_>) {
    assert!(job.indices.as_ref().is_none_or(|indices| indices.len() == job.arguments.len()));
}

fn write_frame(jobs: &[Job<'_>]) -> Vec<u8> {
    let mut writer = FrameWriter::new(jobs.len(), 0);
    for job in jobs {
        writer.job(&job.header, job.indices.as_deref(), job.arguments.iter().copied());
    }
    writer.finish()
}

/// A note is understood or refused.
pub fn note(bytes: &[u8]) {
    match frugally(0, || note::read(bytes)) {
        Err(Malformed) => {}
        Ok(Note::Look) => assert_eq!(bytes, note::LOOK),
        Ok(Note::Result { slot, position, attachments, reply }) => {
            assert_eq!(bytes, note::result(slot, position, attachments, reply));
        }
    }
}

/// The messages of the control socket, both ways, are understood or refused.
pub fn control(bytes: &[u8]) {
    if let Ok(message) = frugally(bytes.len(), || ToWorker::read(bytes)) {
        assert_eq!(bytes, message.write());
    }
    if let Ok(hello) = frugally(bytes.len(), || Hello::read(bytes)) {
        assert_eq!(bytes, hello.write());
    }
    #[cfg(feature = "log")]
    if let Ok(record) = frugally(bytes.len(), || LogRecord::read(bytes)) {
        assert!(record::is_one(bytes) && Hello::read(bytes).is_err());
        assert_eq!(bytes, record.write());
    }
}

/// R2: reading a ring of any words ends, and gives what lies there, or an error.
///
/// The first byte says how long the ring is, the second how far the tail moves each time; the rest are its words.
pub fn ring(bytes: &[u8]) {
    let [length, step, words @ ..] = bytes else { return };
    let memory = Memory::new(1 << (length % 10));
    memory.fill(words);
    let mut tail = 0;
    for _ in 0..3 {
        // Up to twice the length: also what is too far ahead.
        tail += u64::from(*step) * memory.len() as u64 / 128;
        if !check_drain(&memory, tail) {
            return;
        }
    }
    // Anywhere at all.
    if let Some(tail) = words.first_chunk::<8>() {
        check_drain(&memory, u64::from_le_bytes(*tail));
    }
}

/// Whether the ring's reader may read on.
fn check_drain(memory: &Memory, tail: u64) -> bool {
    let head = memory.head();
    let ahead = tail.wrapping_sub(head);
    let (mut bytes, mut records) = (Vec::new(), Vec::new());
    memory.publish(tail);
    let drained = frugally(8 * memory.len(), || memory.drain(&mut bytes, &mut records));
    check_records(&records, &bytes);
    let taken: u64 = records.iter().map(|record| 1 + record.bytes.len().div_ceil(8) as u64).sum();
    assert!(taken <= ahead && (ahead <= memory.len() as u64 || records.is_empty()));
    assert_eq!(drained.is_ok(), ahead <= memory.len() as u64 && taken == ahead);
    assert_eq!(memory.head(), if drained.is_ok() { tail } else { head });
    drained.is_ok()
}

fn check_records(records: &[Record], bytes: &[u8]) {
    let mut end = 0;
    for Record { slot, bytes: Range { start, end: next }, .. } in records {
        assert!(*slot < SLOTS && *start == end && *next >= end && next - start <= LARGEST_RECORD);
        end = *next;
    }
    assert_eq!(end, bytes.len());
}

/// Calls a reader of so many bytes, which may ask for a few times as much memory.
///
/// The worst that a byte can stand for is an argument of no bytes, for which a worker notes 16 and an index of 8; a job,
/// which is some 170 bytes there, takes 12. A vector that grows asks for at most three times what it holds in the end.
fn frugally<R>(bytes: usize, read: impl FnOnce() -> R) -> R {
    let (result, asked) = counting::allocated(read);
    assert!(asked <= 512 + 80 * bytes, "{asked} bytes were asked for, to read {bytes}");
    result
}
