//! The channel between parent and worker: all that is known here of ipc-channel.
//!
//! Frames go one way, notes the other; both are byte strings that arrive whole, in order, or not at all. To put something
//! else in its place, write this file anew:
//!
//! - `send` gives an error once the other end is gone, and blocks only where the other end doesn't read. Who must not
//!   block sends little enough (see `lane`). A large frame is sent in parts: ipc-channel would send it through a channel
//!   of its own, both ends of which the sender holds meanwhile, and so would never learn that the worker is dead. Notes
//!   have several senders, so they aren't, and need not be: a worker dies with its parent.
//! - `receive` gives `None` once the other end is gone and everything was read.
//! - The worker [makes](make) the channel, and its parent [takes](take) its own ends from the packet that the worker's hello
//!   brings. Neither waits for the other.

mod handover;
mod meeting;

use std::io;
use std::time::Duration;

use ipc_channel::ipc::{self, IpcBytesReceiver, IpcBytesSender};
use ipc_channel::{IpcError, TryRecvError};
use serde::{Deserialize, Serialize};

pub(crate) use handover::{MOST_DESCRIPTORS, Packet};
use meeting::TurnAway;

/// Where byte strings are sent.
#[derive(Debug, Clone)]
pub(crate) struct Sender(IpcBytesSender);

/// Where they arrive.
#[derive(Debug)]
pub(crate) struct Receiver(IpcBytesReceiver);

/// Where the parent sends frames; at most one thread at a time.
#[derive(Debug)]
pub(crate) struct FrameSender(IpcBytesSender);

/// Where they arrive.
#[derive(Debug)]
pub(crate) struct FrameReceiver(Receiver);

/// The parent's ends.
#[derive(Debug)]
pub(crate) struct ParentEnds {
    pub(crate) frames: FrameSender,
    pub(crate) notes: Receiver,
    /// The same end that the worker has: for notes of the parent's own threads. While it is there, the worker's death
    /// doesn't close the channel, so that is learnt elsewhere.
    pub(crate) bell: Sender,
}

/// The worker's ends.
#[derive(Debug)]
pub(crate) struct WorkerEnds {
    pub(crate) frames: FrameReceiver,
    pub(crate) notes: Sender,
}

/// The parent's ends, on their way.
#[derive(Serialize, Deserialize)]
struct Brought {
    frames: IpcBytesSender,
    notes: IpcBytesReceiver,
    bell: IpcBytesSender,
}

impl Sender {
    pub(crate) fn send(&self, message: &[u8]) -> io::Result<()> {
        self.0.send(message)
    }
}

impl Receiver {
    pub(crate) fn receive(&self) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.0.recv() {
                Err(IpcError::Io(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                received => return closed_is_none(received),
            }
        }
    }

    /// What is there already; `None` if that is nothing, or the channel is closed.
    pub(crate) fn try_receive(&self) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.0.try_recv() {
                Ok(message) => return Ok(Some(message)),
                Err(TryRecvError::Empty) => return Ok(None),
                Err(TryRecvError::IpcError(IpcError::Io(error))) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(TryRecvError::IpcError(error)) => return closed_is_none(Err(error)),
            }
        }
    }
}

/// A message of this size is surely sent as one, through the channel itself.
const PART: usize = 128 * 1024;

/// Before the parts: this byte, and how many bytes they are. What looks like it is sent in parts, too.
const IN_PARTS: u8 = 0xff;
const ANNOUNCEMENT: usize = 1 + size_of::<u64>();

fn is_announcement(message: &[u8]) -> bool {
    message.len() == ANNOUNCEMENT && message[0] == IN_PARTS
}

impl FrameSender {
    pub(crate) fn send(&self, message: &[u8]) -> io::Result<()> {
        if message.len() <= PART && !is_announcement(message) {
            return self.0.send(message);
        }
        let mut announcement = [IN_PARTS; ANNOUNCEMENT];
        announcement[1..].copy_from_slice(&(message.len() as u64).to_le_bytes());
        self.0.send(&announcement)?;
        message.chunks(PART).try_for_each(|part| self.0.send(part))
    }
}

impl FrameReceiver {
    pub(crate) fn receive(&self) -> io::Result<Option<Vec<u8>>> {
        match self.0.receive()? {
            Some(message) if is_announcement(&message) => self.receive_parts(&message[1..]),
            message => Ok(message),
        }
    }

    fn receive_parts(&self, len: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let len = u64::from_le_bytes(len.try_into().map_err(io::Error::other)?) as usize;
        let mut message = Vec::with_capacity(len);
        while message.len() < len {
            match self.0.receive()? {
                Some(part) => message.extend_from_slice(&part),
                None => return Ok(None),
            }
        }
        Ok(Some(message))
    }
}

fn closed_is_none(received: Result<Vec<u8>, IpcError>) -> io::Result<Option<Vec<u8>>> {
    match received {
        Ok(message) => Ok(Some(message)),
        Err(IpcError::Disconnected) => Ok(None),
        Err(IpcError::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
        Err(IpcError::Io(error)) => Err(error),
        Err(error @ IpcError::SerializationError(_)) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

/// Worker: makes the channel, and packs the parent's ends. If it is held up, its parent's `start_timeout` ends it.
pub(crate) fn make() -> io::Result<(WorkerEnds, Packet)> {
    let (frames, our_frames) = ipc::bytes_channel()?;
    let (our_notes, notes) = ipc::bytes_channel()?;
    let packet = handover::pack(Brought { frames, notes, bell: our_notes.clone() }, &|_, _| ())?;
    Ok((WorkerEnds { frames: FrameReceiver(Receiver(our_frames)), notes: Sender(our_notes) }, packet))
}

/// Parent: takes what the worker has packed. `later` does what it is given when so much time has passed.
pub(crate) fn take(packet: &Packet, later: &dyn Fn(Duration, TurnAway)) -> io::Result<ParentEnds> {
    let Brought { frames, notes, bell } = handover::unpack(packet, later)?;
    Ok(ParentEnds { frames: FrameSender(frames), notes: Receiver(notes), bell: Sender(bell) })
}

/// Both ends of a channel, in one process.
#[cfg(all(test, not(concurrent_futures_loom)))]
pub(crate) fn connected() -> io::Result<(ParentEnds, WorkerEnds)> {
    let (ends, packet) = make()?;
    Ok((take(&packet, &|_, _| ())?, ends))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{ANNOUNCEMENT, FrameReceiver, FrameSender, IN_PARTS, PART, Receiver, ipc};

    #[test]
    fn a_frame_of_any_size_arrives_whole_and_in_order() {
        let (sender, receiver) = ipc::bytes_channel().unwrap();
        let (sender, receiver) = (FrameSender(sender), FrameReceiver(Receiver(receiver)));
        let frames = || {
            let sizes = [1, PART - 1, PART, PART + 1, 2 * PART, 5_000_000, 0];
            let plain = sizes.into_iter().map(|size| (0..size).map(|at| at as u8).collect());
            plain.chain([vec![IN_PARTS; ANNOUNCEMENT], vec![IN_PARTS]])
        };
        let sending = thread::spawn(move || frames().try_for_each(|frame: Vec<u8>| sender.send(&frame)));
        frames().for_each(|frame| assert!(receiver.receive().unwrap() == Some(frame)));
        sending.join().unwrap().unwrap();
        assert!(receiver.receive().unwrap().is_none());
    }
}
