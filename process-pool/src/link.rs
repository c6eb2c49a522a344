//! The channel between parent and worker: all that is known here of ipc-channel.
//!
//! Frames go one way, notes the other; both are byte strings that arrive whole, in order, or not at all. To put something
//! else in its place, write this file anew:
//!
//! - `send` gives an error once the other end is gone, and blocks only where the other end doesn't read. Who must not
//!   block sends little enough (see `lane`). To a worker, which may die at any moment, large ones go by `send_in_pieces`.
//! - `receive` gives `None` once the other end is gone and everything was read.
//! - A [`Meeting`] is how a worker that has just started gets its ends. That it has come is known from the control socket
//!   before the parent goes there, so neither waits here for one that is dead.

use std::io;

use ipc_channel::ipc::{self, IpcBytesReceiver, IpcBytesSender, IpcOneShotServer, IpcSender};
use ipc_channel::{IpcError, TryRecvError};
use serde::{Deserialize, Serialize};

/// Where byte strings are sent.
#[derive(Debug, Clone)]
pub(crate) struct Sender(IpcBytesSender);

/// Where they arrive.
#[derive(Debug)]
pub(crate) struct Receiver(IpcBytesReceiver);

/// The parent's ends.
#[derive(Debug)]
pub(crate) struct ParentEnds {
    pub(crate) frames: Sender,
    pub(crate) notes: Receiver,
    /// The same end that the worker has: for notes of the parent's own threads. While it is there, the worker's death
    /// doesn't close the channel, so that is learnt elsewhere.
    pub(crate) bell: Sender,
}

/// The worker's ends.
#[derive(Debug)]
pub(crate) struct WorkerEnds {
    pub(crate) frames: Receiver,
    pub(crate) notes: Sender,
}

/// Where a worker brings the parent's ends.
pub(crate) struct Meeting {
    server: IpcOneShotServer<Brought>,
    name: String,
}

#[derive(Serialize, Deserialize)]
struct Brought {
    frames: IpcBytesSender,
    notes: IpcBytesReceiver,
    bell: IpcBytesSender,
}

/// The largest message that ipc-channel surely sends in one step. For a larger one it makes a channel whose other end it
/// keeps until the last part is written: if the receiver dies before that, the sender would wait for ever.
const LARGEST_PIECE: usize = 128 * 1024;

/// Says that the next message is a length, and that the pieces of a message so long follow. No message of ours is empty.
const IN_PIECES: &[u8] = &[];

impl Sender {
    /// Sends to who outlives us: if the receiver dies in the middle of a large message, this may never return.
    pub(crate) fn send(&self, message: &[u8]) -> io::Result<()> {
        self.0.send(message)
    }

    /// Sends to who may die at any moment. For one sender at a time.
    pub(crate) fn send_in_pieces(&self, message: &[u8]) -> io::Result<()> {
        if message.len() <= LARGEST_PIECE {
            return self.0.send(message);
        }
        self.0.send(IN_PIECES)?;
        self.0.send(&(message.len() as u64).to_ne_bytes())?;
        message.chunks(LARGEST_PIECE).try_for_each(|piece| self.0.send(piece))
    }
}

impl Receiver {
    pub(crate) fn receive(&self) -> io::Result<Option<Vec<u8>>> {
        match self.receive_one()? {
            Some(announced) if announced == IN_PIECES => self.receive_pieces(),
            message => Ok(message),
        }
    }

    fn receive_pieces(&self) -> io::Result<Option<Vec<u8>>> {
        let Some(length) = self.receive_one()? else { return Ok(None) };
        let length = length.try_into().map(u64::from_ne_bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut message = Vec::with_capacity(length as usize);
        while (message.len() as u64) < length {
            let Some(piece) = self.receive_one()? else { return Ok(None) };
            message.extend_from_slice(&piece);
        }
        Ok(Some(message))
    }

    fn receive_one(&self) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.0.recv() {
                Err(IpcError::Io(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                received => return closed_is_none(received),
            }
        }
    }

    /// What is there already; `None` if that is nothing, or the channel is closed. Not for what comes in pieces.
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

fn closed_is_none(received: Result<Vec<u8>, IpcError>) -> io::Result<Option<Vec<u8>>> {
    match received {
        Ok(message) => Ok(Some(message)),
        Err(IpcError::Disconnected) => Ok(None),
        Err(IpcError::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
        Err(IpcError::Io(error)) => Err(error),
        Err(error @ IpcError::SerializationError(_)) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

impl Meeting {
    /// Parent: opens a meeting point.
    pub(crate) fn open() -> io::Result<Self> {
        let (server, name) = IpcOneShotServer::new()?;
        Ok(Self { server, name })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Parent: takes what the worker has brought.
    pub(crate) fn meet(self) -> io::Result<ParentEnds> {
        let (_, Brought { frames, notes, bell }) = self.server.accept().map_err(io::Error::other)?;
        Ok(ParentEnds { frames: Sender(frames), notes: Receiver(notes), bell: Sender(bell) })
    }
}

/// Worker: makes the channel, and brings the parent its ends.
pub(crate) fn bring(meeting_point: &str) -> io::Result<WorkerEnds> {
    let (frames, our_frames) = ipc::bytes_channel()?;
    let (our_notes, notes) = ipc::bytes_channel()?;
    let parent = IpcSender::connect(meeting_point.to_owned())?;
    let brought = Brought { frames, notes, bell: our_notes.clone() };
    parent.send(brought).map_err(io::Error::other)?;
    Ok(WorkerEnds { frames: Receiver(our_frames), notes: Sender(our_notes) })
}
