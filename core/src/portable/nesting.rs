//! How deep a value may be nested that is read here: whoever reads it needs stack for each level, more than who has written
//! it, and a stack that overflows ends the process.

use std::cell::Cell;

use bincode::de::read::{BorrowReader, Reader};
use bincode::error::DecodeError;

thread_local! {
    /// Where the stack of this thread is used up; 0 where nobody has said how large it is.
    static LOWEST: Cell<usize> = const { Cell::new(0) };
}

/// For backends, at the start of a thread on which foreign values are read: its stack has so many bytes. From here on a value
/// that would take more than three quarters of them is an error, and not the end of the process.
#[doc(hidden)]
pub fn bound_stack(bytes: usize) {
    LOWEST.set(address_of_stack().saturating_sub(bytes / 4 * 3));
}

/// Bytes that can be read as long as there is stack. Each level of a value reads something before it comes to the next one.
pub(super) struct WhileStackLasts<'a> {
    pub(super) left: &'a [u8],
    lowest: usize,
}

const TOO_DEEP: &str = "it is nested deeper than the stack of whoever reads it allows; send it flat, as a Vec say, or raise the \
                        stack_size of the pool";

impl<'a> WhileStackLasts<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, lowest: LOWEST.get() }
    }

    #[inline]
    fn is_over(&self) -> bool {
        address_of_stack() < self.lowest
    }
}

impl Reader for WhileStackLasts<'_> {
    #[inline]
    fn read(&mut self, into: &mut [u8]) -> Result<(), DecodeError> {
        if self.is_over() {
            return Err(DecodeError::Other(TOO_DEEP));
        }
        into.copy_from_slice(self.take_bytes(into.len())?);
        Ok(())
    }

    #[inline]
    fn peek_read(&mut self, count: usize) -> Option<&[u8]> {
        // Who gets nothing here reads, and is told.
        if self.is_over() { None } else { self.left.get(..count) }
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        self.left = self.left.get(count..).unwrap_or_default();
    }
}

impl<'a> BorrowReader<'a> for WhileStackLasts<'a> {
    #[inline]
    fn take_bytes(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let missing = || DecodeError::UnexpectedEnd { additional: count - self.left.len() };
        let (taken, left) = self.left.split_at_checked(count).ok_or_else(missing)?;
        self.left = left;
        Ok(taken)
    }
}

/// An address in the stack frame of the caller, or of who it was made a part of. Not hidden from the compiler: that costs a
/// store for each byte of a `Vec<u8>`, which is read as often.
#[inline]
fn address_of_stack() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here).addr()
}
