//! **How the ends of ipc-channel's channels cross the control socket.**
//!
//! ipc-channel sends ends of channels through its own channels only, and connects two processes only by a path in the
//! directory for temporary files. That directory may be missing, read-only, full, or open to others. So each process meets
//! itself instead ([`meeting`](super::meeting)): one end of that connection is ipc-channel's, the other one is a plain
//! socket of ours, where the ends come out as a packet: bytes, and descriptors beside them.
//!
//! ```text
//!   worker                                                       parent
//!   ends ─ipc-channel─► socket ─► packet ═══ control socket ═══► packet ─► socket ─ipc-channel─► ends
//!          pack                                                                    unpack
//! ```
//!
//! Nobody but ipc-channel reads the bytes, and both processes run the same file, so both have the same ipc-channel.
//!
//! - **H1** No path is needed, and nothing is left where a path was: not after a kill either.
//! - **H2** Nothing here waits for another process without a limit.

use std::io;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use ipc_channel::ipc;
use ipc_channel::platform::OsIpcSender;
use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::{Deserialize, Serialize};

use super::Brought;
use super::meeting::{TurnAway, meet_oneself};

/// Ends of channels, on their way to another process.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) bytes: Vec<u8>,
    pub(crate) descriptors: Vec<OwnedFd>,
}

/// How many descriptors a packet may hold.
pub(crate) const MOST_DESCRIPTORS: usize = 4;

/// A packet of ends is short: some numbers for each.
const LARGEST: usize = 1024;

/// Packs ends of channels. `later` is what [`meet_oneself`] needs.
///
/// # Errors
///
/// If the system refuses: no descriptors, or no place to meet.
pub(super) fn pack<T>(ends: T, later: &dyn Fn(Duration, TurnAway)) -> io::Result<Packet>
where
    T: Serialize + for<'de> Deserialize<'de> + Send + 'static,
{
    probe()?;
    let (sender, socket) = meet_oneself(later)?;
    sender.send(ends).map_err(io::Error::other)?;
    Packet::receive(socket.as_fd())
}

/// Unpacks what another process of this program has packed.
///
/// # Errors
///
/// If the system refuses, or the packet holds anything else.
pub(super) fn unpack(packet: &Packet, later: &dyn Fn(Duration, TurnAway)) -> io::Result<Brought> {
    // A channel in this process: the packet goes in by a plain socket, and the ends come out at ipc-channel's side.
    let (sender, ends) = ipc::channel::<Brought>()?;
    let mut own = pack(sender, later)?;
    let socket = own.descriptors.pop().ok_or_else(|| io::Error::other("ipc-channel has sent no descriptor"))?;
    packet.send(socket.as_fd())?;
    // It lies in the socket already.
    ends.try_recv().map_err(io::Error::other)
}

impl Packet {
    fn receive(socket: BorrowedFd<'_>) -> io::Result<Self> {
        let mut bytes = vec![0; LARGEST];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        // It was sent before, so this doesn't wait.
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let received = retry(|| recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags))?;
        bytes.truncate(received.bytes);
        let mut descriptors = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                descriptors.extend(received);
            }
        }
        Ok(Self { bytes, descriptors })
    }

    fn send(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let descriptors: Vec<BorrowedFd<'_>> = self.descriptors.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if descriptors.is_empty() || !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::Error::other("a packet of ends with too few or too many descriptors"));
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        retry(|| sendmsg(socket, &[IoSlice::new(&self.bytes)], &mut control, flags)).map(drop)
    }
}

/// Asks ipc-channel for its largest message, which it finds out once, by a pair of sockets: where there are no descriptors
/// for them it would panic, then and ever after. So they are asked for here before.
fn probe() -> io::Result<()> {
    drop(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?);
    OsIpcSender::get_max_fragment_size();
    Ok(())
}

fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result.map_err(io::Error::from),
        }
    }
}
