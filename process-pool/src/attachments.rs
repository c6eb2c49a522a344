//! What travels beside the encoded arguments and results: [`Bytes`] that are sent without being copied into
//! a frame, and the memory of [`SharedBytes`](crate::SharedBytes).
//!
//! A value that is being encoded leaves them here and writes down a number; one that is being decoded takes them from
//! here. Outside a frame of a process pool there is nobody to take them along.

use std::cell::RefCell;
use std::sync::Arc;

use concurrent_futures_core::portable::is_encoding_result;

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

/// Where an encoded value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// In a frame, to a worker.
    Frame,
    /// To a worker that is not ready: memory can be lent to it, but nothing travels beside.
    Setup,
    /// To the process whose worker this is.
    Reply,
}

thread_local! {
    static OUTGOING: RefCell<Option<(Way, Attachments)>> = const { RefCell::new(None) };
    static INCOMING: RefCell<Option<Vec<Bytes>>> = const { RefCell::new(None) };
}

/// Encodes something that goes this way, and gives what its values left.
pub(crate) fn collect<R>(way: Way, encode: impl FnOnce() -> R) -> (R, Attachments) {
    let outer = OUTGOING.replace(Some((way, Attachments::default())));
    let restore = Restore(Some(outer), |outer| OUTGOING.replace(outer));
    let result = encode();
    let collected = restore.end().map(|(_, collected)| collected);
    (result, collected.unwrap_or_default())
}

/// What the values that were encoded since the last time have left, inside of [`collect`].
#[inline]
pub(crate) fn take_left() -> Option<Attachments> {
    OUTGOING.with_borrow_mut(|outgoing| {
        outgoing.as_mut().filter(|(_, left)| !left.is_empty()).map(|(_, left)| std::mem::take(left))
    })
}

/// Decodes something whose values find `bytes`.
pub(crate) fn supply<R>(bytes: Vec<Bytes>, decode: impl FnOnce() -> R) -> R {
    let outer = INCOMING.replace(Some(bytes));
    let restore = Restore(Some(outer), |outer| INCOMING.replace(outer));
    let result = decode();
    drop(restore.end());
    result
}

/// Where the value goes that is being encoded; `None` outside a pool. A worker collects for the whole of a job, but what a
/// task encodes for itself goes nowhere.
pub(crate) fn way() -> Option<Way> {
    let way = OUTGOING.with_borrow(|outgoing| outgoing.as_ref().map(|(way, _)| *way));
    way.filter(|way| *way != Way::Reply || is_encoding_result())
}

/// Leaves bytes to be sent; their number, or `None` where nothing travels beside.
pub(crate) fn leave_bytes(bytes: &Bytes) -> Option<u32> {
    way().filter(|way| *way != Way::Setup)?;
    OUTGOING.with_borrow_mut(|outgoing| {
        let list = &mut outgoing.as_mut()?.1.bytes;
        let number = u32::try_from(list.len()).ok()?;
        list.push(bytes.clone());
        Some(number)
    })
}

/// Leaves memory to be lent to the worker.
pub(crate) fn leave_region(region: &Arc<Region>) {
    OUTGOING.with_borrow_mut(|outgoing| {
        if let Some((_, attachments)) = outgoing
            && !attachments.regions.iter().any(|known| Arc::ptr_eq(known, region))
        {
            attachments.regions.push(region.clone());
        }
    });
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
