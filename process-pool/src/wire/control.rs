//! The control socket: what a worker is told once, and what it must hear also in the middle of a task.
//!
//! A socket pair that keeps messages apart. The worker finds its end as standard input, takes it away from there before
//! anything else, and listens with a thread of its own. When the parent's end closes, the worker ends, also in the middle
//! of a task.
//!
//! ```text
//!   parent ── Setup(page) ──► worker        parent ◄── Hello(ends), or why not ── worker
//!   parent ── Region(memory) ──► worker     parent ── Release ──► worker
//!                                           parent ◄── log records ── worker
//! ```

use std::io;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use super::PROTOCOL;
use super::bytes::{Malformed, Reader, Write};
use crate::image::{Identity, Offset};
use crate::link::MOST_DESCRIPTORS;

/// No message is longer.
pub(crate) const LARGEST: usize = 64 * 1024;

/// What arrives: bytes, and descriptors beside them.
pub(crate) type Message = (Vec<u8>, Vec<OwnedFd>);

/// One end of the socket.
#[derive(Debug)]
pub(crate) struct Control(OwnedFd);

impl Control {
    /// The parent's end, and the worker's.
    pub(crate) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Self(ours), theirs))
    }

    pub(crate) fn from_fd(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// Sends a message, with descriptors where there are any.
    ///
    /// # Blocking
    ///
    /// While the other end doesn't read: with `flags` of `DONTWAIT` it fails instead.
    pub(crate) fn send(&self, message: &[u8], descriptors: &[BorrowedFd<'_>], flags: SendFlags) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(io::Error::other("no room for so many descriptors"));
        }
        loop {
            match sendmsg(&self.0, &[IoSlice::new(message)], &mut control, flags | SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Lets whoever receives read what is there, and then find the end.
    #[cfg(feature = "log")]
    pub(crate) fn stop_receiving(&self) {
        // It fails where the other end has closed, which is the end as well.
        let _ = rustix::net::shutdown(&self.0, rustix::net::Shutdown::Read);
    }

    /// Waits for a message and gives it, with the descriptors that came along. `None`: the other end is closed.
    pub(crate) fn receive(&self) -> io::Result<Option<Message>> {
        let mut bytes = vec![0; LARGEST];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut was_reset = false;
        let received = loop {
            match recvmsg(&self.0, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC) {
                Ok(received) => break received.bytes,
                Err(Errno::INTR) => {}
                // The other end has left something unread. Once told, what it has sent before can be read.
                Err(Errno::CONNRESET) if !was_reset => was_reset = true,
                Err(Errno::CONNRESET) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        };
        if received == 0 {
            return Ok(None);
        }
        bytes.truncate(received);
        let mut descriptors = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                descriptors.extend(received);
            }
        }
        Ok(Some((bytes, descriptors)))
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What a worker is told before anything else; the page comes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    /// What the thread of its tasks is called: the pool, and which worker of it this is.
    pub(crate) name: String,
    /// How many bytes of stack the thread of its tasks has.
    pub(crate) stack_size: usize,
    /// What it runs before its first task.
    pub(crate) initializer: Option<Initializer>,
    /// The process that started it.
    pub(crate) parent: u32,
    /// Which log records it forwards; 0: none.
    pub(crate) log_level: u32,
}

/// A function to call, with its encoded argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Initializer {
    pub(crate) entry: Offset,
    pub(crate) function: Offset,
    pub(crate) argument: Vec<u8>,
    /// A large argument isn't here, but is the memory with this number, which is lent to the worker.
    pub(crate) lent: Option<u64>,
}

/// What a parent tells its worker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToWorker {
    Setup(Setup),
    /// Memory that tasks will refer to by this number; its descriptor comes along.
    Region(u64),
    /// Nobody refers to this memory any more.
    Release(u64),
}

/// What a worker answers to its setup.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Hello {
    /// It is ready, and this is the file that it runs. Whether a panic there ends the process. The parent's ends of the
    /// channel; their descriptors come along.
    Ready { identity: Identity, aborts_on_panic: bool, ends: Vec<u8>, initializer: Option<Vec<u8>> },
    /// It can't work, and this is why.
    Refused(String),
    /// It came to `init()` on this thread only, which is not the main one.
    OffMain(String),
}

impl ToWorker {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Setup(setup) => {
                bytes.put(0);
                bytes.put(PROTOCOL.into());
                bytes.put_bytes(setup.name.as_bytes());
                bytes.put(setup.stack_size as u64);
                bytes.put(setup.parent.into());
                bytes.put(setup.log_level.into());
                bytes.put(setup.initializer.is_some().into());
                if let Some(initializer) = &setup.initializer {
                    bytes.put(initializer.entry.0 as u64);
                    bytes.put(initializer.function.0 as u64);
                    bytes.put_bytes(&initializer.argument);
                    bytes.put(initializer.lent.unwrap_or(0));
                }
            }
            Self::Region(id) => {
                bytes.put(1);
                bytes.put(*id);
            }
            Self::Release(id) => {
                bytes.put(2);
                bytes.put(*id);
            }
        }
        bytes
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let message = match reader.take()? {
            0 => Self::Setup(read_setup(&mut reader)?),
            1 => Self::Region(reader.take()?),
            2 => Self::Release(reader.take()?),
            _ => return Err(Malformed),
        };
        reader.end()?;
        Ok(message)
    }
}

fn read_setup(reader: &mut Reader<'_>) -> Result<Setup, Malformed> {
    if reader.take_u32()? != PROTOCOL {
        return Err(Malformed);
    }
    Ok(Setup {
        name: reader.take_text()?.to_owned(),
        stack_size: reader.take_usize()?,
        parent: reader.take_u32()?,
        log_level: reader.take_u32()?,
        initializer: if reader.take_bool()? {
            Some(Initializer {
                entry: Offset(reader.take()? as i64),
                function: Offset(reader.take()? as i64),
                argument: reader.take_bytes()?.to_owned(),
                lent: Some(reader.take()?).filter(|&id| id > 0),
            })
        } else {
            None
        },
    })
}

impl Hello {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Ready { identity, aborts_on_panic, ends, initializer } => {
                bytes.put(0);
                bytes.put_bytes(identity.device.as_bytes());
                bytes.put(identity.inode);
                bytes.put((*aborts_on_panic).into());
                bytes.put_bytes(ends);
                bytes.put(initializer.is_some().into());
                if let Some(reply) = initializer {
                    bytes.put_bytes(reply);
                }
            }
            Self::Refused(why) => {
                bytes.put(1);
                bytes.put_bytes(why.as_bytes());
            }
            Self::OffMain(thread) => {
                // Two is a log record.
                bytes.put(3);
                bytes.put_bytes(thread.as_bytes());
            }
        }
        bytes
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let hello = match reader.take()? {
            0 => Self::Ready {
                identity: Identity { device: reader.take_text()?.to_owned(), inode: reader.take()? },
                aborts_on_panic: reader.take_bool()?,
                ends: reader.take_bytes()?.to_owned(),
                initializer: if reader.take_bool()? { Some(reader.take_bytes()?.to_owned()) } else { None },
            },
            1 => Self::Refused(reader.take_text()?.to_owned()),
            3 => Self::OffMain(reader.take_text()?.to_owned()),
            _ => return Err(Malformed),
        };
        reader.end()?;
        Ok(hello)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use rustix::net::SendFlags;

    use super::{Control, Hello, Identity, Initializer, Offset, Setup, ToWorker};

    #[test]
    fn what_is_written_is_read() {
        let initializer = Initializer { entry: Offset(-1), function: Offset(7), argument: vec![1, 2], lent: Some(8) };
        let initializer = Some(initializer);
        let setup = Setup { name: "pool_1".into(), stack_size: 2, parent: 3, log_level: 4, initializer };
        for message in [ToWorker::Setup(setup), ToWorker::Region(5), ToWorker::Release(6)] {
            assert_eq!(ToWorker::read(&message.write()), Ok(message));
        }
        let identity = Identity { device: "fe:01".into(), inode: 9 };
        let ready = Hello::Ready { identity, aborts_on_panic: false, ends: vec![4], initializer: Some(vec![0]) };
        for message in [ready, Hello::Refused("why".into()), Hello::OffMain("where".into())] {
            assert_eq!(Hello::read(&message.write()), Ok(message));
        }
    }

    #[test]
    fn a_descriptor_comes_along_and_the_end_is_noticed() {
        let (ours, theirs) = Control::pair().unwrap();
        let theirs = Control::from_fd(theirs);
        ours.send(b"with", &[theirs.as_fd()], SendFlags::empty()).unwrap();
        ours.send(b"without", &[], SendFlags::empty()).unwrap();
        let (message, descriptors) = theirs.receive().unwrap().unwrap();
        assert_eq!((message.as_slice(), descriptors.len()), (b"with".as_slice(), 1));
        let (message, descriptors) = theirs.receive().unwrap().unwrap();
        assert_eq!((message.as_slice(), descriptors.len()), (b"without".as_slice(), 0));
        drop(ours);
        assert!(theirs.receive().unwrap().is_none());
    }

    #[test]
    fn what_was_sent_is_read_although_the_sender_left_something_unread() {
        let (ours, theirs) = Control::pair().unwrap();
        let theirs = Control::from_fd(theirs);
        ours.send(b"unread", &[], SendFlags::empty()).unwrap();
        theirs.send(b"last words", &[], SendFlags::empty()).unwrap();
        drop(theirs);
        assert_eq!(ours.receive().unwrap().unwrap().0, b"last words");
        assert!(ours.receive().unwrap().is_none());
    }
}
