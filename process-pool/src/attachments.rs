//! What travels beside the encoded arguments and results: [`Bytes`](crate::Bytes) that are sent without being copied into
//! a frame, and the memory of [`SharedBytes`](crate::SharedBytes).
//!
//! A value that is being encoded leaves them here and writes down a number; one that is being decoded takes them from
//! here. Outside a frame of a process pool there is nobody to take them along.

use std::cell::RefCell;
use std::sync::Arc;

use crate::bytes::Bytes;
use crate::shared_bytes::Region;

/// What an encoded value refers to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attachments {
    pub(crate) bytes: Vec<Bytes>,
    /// Memory that must live until the job has ended.
    pub(crate) regions: Vec<Arc<Region>>,
}

impl Attachments {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.regions.is_empty()
    }
}

thread_local! {
    static OUTGOING: RefCell<Option<Attachments>> = const { RefCell::new(None) };
    static INCOMING: RefCell<Option<Vec<Bytes>>> = const { RefCell::new(None) };
}

/// Encodes something, and gives what its values left.
pub(crate) fn collect<R>(encode: impl FnOnce() -> R) -> (R, Attachments) {
    let outer = OUTGOING.replace(Some(Attachments::default()));
    let restore = Restore(Some(outer), |outer| OUTGOING.replace(outer));
    let result = encode();
    let collected = restore.end().unwrap_or_default();
    (result, collected)
}

/// What the values that were encoded since the last time have left, inside of [`collect`].
#[inline]
pub(crate) fn take_left() -> Option<Attachments> {
    OUTGOING.with_borrow_mut(|outgoing| outgoing.as_mut().filter(|left| !left.is_empty()).map(std::mem::take))
}

/// Decodes something whose values find `bytes`.
pub(crate) fn supply<R>(bytes: Vec<Bytes>, decode: impl FnOnce() -> R) -> R {
    let outer = INCOMING.replace(Some(bytes));
    let restore = Restore(Some(outer), |outer| INCOMING.replace(outer));
    let result = decode();
    drop(restore.end());
    result
}

/// Leaves bytes to be sent; their number, or `None` outside a frame.
pub(crate) fn leave_bytes(bytes: &Bytes) -> Option<u32> {
    OUTGOING.with_borrow_mut(|outgoing| {
        let list = &mut outgoing.as_mut()?.bytes;
        let number = u32::try_from(list.len()).ok()?;
        list.push(bytes.clone());
        Some(number)
    })
}

/// Leaves memory to be lent to the worker. False outside a frame.
pub(crate) fn leave_region(region: &Arc<Region>) -> bool {
    OUTGOING.with_borrow_mut(|outgoing| match outgoing {
        None => false,
        Some(attachments) => {
            if !attachments.regions.iter().any(|known| Arc::ptr_eq(known, region)) {
                attachments.regions.push(region.clone());
            }
            true
        }
    })
}

/// Takes the bytes with this number.
pub(crate) fn take_bytes(number: u32) -> Option<Bytes> {
    INCOMING.with_borrow(|incoming| incoming.as_ref()?.get(number as usize).cloned())
}

/// Puts back what was there before, also where user code panics in between.
struct Restore<T>(Option<T>, fn(T) -> T);

impl<T> Restore<T> {
    fn end(mut self) -> T {
        let outer = self.0.take().expect("it is taken once");
        (self.1)(outer)
    }
}

impl<T> Drop for Restore<T> {
    fn drop(&mut self) {
        if let Some(outer) = self.0.take() {
            drop((self.1)(outer));
        }
    }
}
