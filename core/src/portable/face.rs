//! How arguments and results cross, whole chunks at a time.
//!
//! Serialisers are user code, and a panic in one fails its own item. Entering containment for each item costs as much as
//! encoding a number does, so it is entered for a stretch of items, and anew behind one that panicked.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::{Call, Encoded, Portable, codec, panicked, reply};
use crate::context::Carried;
use crate::error::{CodecSide, TaskError};
use crate::shared::Settled;

/// Replies of a worker, each with the index of its task.
pub(crate) type Replies<'i, 'a> = &'i mut dyn Iterator<Item = (usize, &'a [u8])>;

/// How many outcomes lie between the bytes and their chunk: so few that they stay in the cache.
pub(crate) const BLOCK: usize = 1024;

/// Errors of tasks, each with the index of its task.
type Refused = Vec<(usize, TaskError)>;

/// How a function's arguments and results cross: plain function pointers, so that generic code needs no bound for it.
pub(crate) struct PortableFace<A, R> {
    call: Call,
    encode: fn(&[A], &mut Encoded, &mut Refused),
    decode: fn(&[u8], Option<&str>) -> Result<R, TaskError>,
    decode_each: fn(Replies<'_, '_>, Option<&str>, &mut Vec<Settled<R>>),
}

impl<A: Portable, R: Portable> PortableFace<A, R> {
    pub(super) fn new(call: Call) -> Self {
        Self { call, encode: encode_each, decode: reply::decode, decode_each }
    }
}

impl<A, R> PortableFace<A, R> {
    /// Encodes what can be, and names what can't.
    pub(crate) fn encode(&self, arguments: &[A], carried: Option<&Carried>) -> (Encoded, Refused) {
        let ends = Vec::with_capacity(arguments.len());
        let mut encoded = Encoded { call: self.call, bytes: Vec::new(), ends, carried: carried.cloned() };
        let mut refused = Vec::new();
        (self.encode)(arguments, &mut encoded, &mut refused);
        (encoded, refused)
    }

    /// Turns a reply of a worker into an outcome.
    pub(crate) fn decode(&self, reply: &[u8], label: Option<&str>) -> Result<R, TaskError> {
        catch_unwind(AssertUnwindSafe(|| (self.decode)(reply, label)))
            .unwrap_or_else(|payload| Err(panicked::<R>(CodecSide::ResultIn, payload).into()))
    }

    /// Turns replies of a worker into outcomes: the next [`BLOCK`] of them.
    pub(crate) fn decode_block(&self, replies: Replies<'_, '_>, label: Option<&str>) -> Vec<Settled<R>> {
        let mut items = Vec::with_capacity(replies.size_hint().0.min(BLOCK));
        (self.decode_each)(replies, label, &mut items);
        items
    }
}

fn encode_each<A: Portable>(arguments: &[A], encoded: &mut Encoded, refused: &mut Refused) {
    let mut at = 0;
    while let Err(payload) = catch_unwind(AssertUnwindSafe(|| encode_from(&mut at, arguments, encoded, refused))) {
        encoded.bytes.truncate(encoded.ends.last().map_or(0, |&(_, end)| end));
        refused.push((at, panicked::<A>(CodecSide::ArgumentOut, payload).into()));
        at += 1;
    }
}

/// Encodes the arguments from `at` on; where it panics, `at` says for which.
fn encode_from<A: Portable>(at: &mut usize, arguments: &[A], encoded: &mut Encoded, refused: &mut Refused) {
    while let Some(argument) = arguments.get(*at) {
        let begin = encoded.bytes.len();
        match codec::encode(CodecSide::ArgumentOut, argument, &mut encoded.bytes) {
            Ok(()) => encoded.ends.push((*at, encoded.bytes.len())),
            Err(error) => {
                encoded.bytes.truncate(begin);
                refused.push((*at, error.into()));
            }
        }
        *at += 1;
    }
}

fn decode_each<R: Portable>(replies: Replies<'_, '_>, label: Option<&str>, items: &mut Vec<Settled<R>>) {
    let mut at = None;
    while let Err(payload) = catch_unwind(AssertUnwindSafe(|| decode_rest(&mut at, replies, label, items))) {
        // A panic of the iterator is its owner's.
        let Some(index) = at.take() else { resume_unwind(payload) };
        items.push((index, Some(Err(panicked::<R>(CodecSide::ResultIn, payload).into()))));
    }
}

/// Decodes replies until there are enough items; where a deserialiser panics, `at` says for which.
fn decode_rest<R: Portable>(
    at: &mut Option<usize>,
    replies: Replies<'_, '_>,
    label: Option<&str>,
    items: &mut Vec<Settled<R>>,
) {
    while items.len() < BLOCK
        && let Some((index, reply)) = replies.next()
    {
        *at = Some(index);
        let item = reply::decode(reply, label);
        *at = None;
        items.push((index, Some(item)));
    }
}
