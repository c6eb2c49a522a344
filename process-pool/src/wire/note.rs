//! What a worker, or another thread of the parent, tells the supervisor through the channel.

use std::io;

use super::bytes::{Malformed, Reader, Write};

/// A message to a supervisor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Note<'a> {
    /// Look: at the page, and at what the parent's threads want.
    Look,
    /// A result that is too large for the page; its attachments follow, a message each.
    Result { slot: usize, position: usize, attachments: usize, reply: &'a [u8] },
}

/// The message "look".
pub(crate) const LOOK: &[u8] = &[0];

/// Writes a result.
pub(crate) fn result(slot: usize, position: usize, attachments: usize, reply: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(reply.len() + 16);
    bytes.put(1);
    bytes.put(slot as u64);
    bytes.put(position as u64);
    bytes.put(attachments as u64);
    bytes.extend_from_slice(reply);
    bytes
}

/// Reads a message.
pub(crate) fn read(bytes: &[u8]) -> Result<Note<'_>, Malformed> {
    let mut reader = Reader::new(bytes);
    match reader.take()? {
        0 => {
            reader.end()?;
            Ok(Note::Look)
        }
        1 => {
            let (slot, position, attachments) = (reader.take_usize()?, reader.take_usize()?, reader.take_usize()?);
            Ok(Note::Result { slot, position, attachments, reply: reader.rest() })
        }
        _ => Err(Malformed),
    }
}

/// What belongs to the note before, out of the messages that `next` gives. A thread of the parent may call in between, and
/// the supervisor looks anyway when it is done with the note; no attachment is as short as a call.
pub(crate) fn attachment(mut next: impl FnMut() -> io::Result<Option<Vec<u8>>>) -> io::Result<Vec<u8>> {
    while let Some(message) = next()? {
        if message.len() > LOOK.len() {
            return Ok(message);
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::{LOOK, Malformed, Note, attachment, read, result};

    #[test]
    fn a_call_between_a_result_and_its_attachments_is_none_of_them() {
        let mut messages = [LOOK, b"one", LOOK, LOOK, b"two", LOOK].into_iter();
        let mut next = || attachment(|| Ok(messages.next().map(<[u8]>::to_vec)));
        assert_eq!((next().unwrap(), next().unwrap()), (b"one".to_vec(), b"two".to_vec()));
        assert!(next().is_err(), "nothing more comes");
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(LOOK), Ok(Note::Look));
        let note = result(5, 300, 2, b"reply");
        assert_eq!(read(&note), Ok(Note::Result { slot: 5, position: 300, attachments: 2, reply: b"reply" }));
        assert_eq!(read(&[7]), Err(Malformed));
        assert_eq!(read(&[]), Err(Malformed));
    }
}
