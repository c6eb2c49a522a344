//! The three things that are asked of the system and that no library offers in safe code.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Whether the program runs with rights that who started it doesn't have (setuid, setgid, capabilities): then its
/// environment isn't to be trusted.
pub(crate) fn is_privileged() -> bool {
    // SAFETY: `getauxval` reads a value that the kernel has given to the process; it has no preconditions.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Makes a write to a pipe without a reader an error, as Rust's runtime does before `main`.
pub(crate) fn ignore_broken_pipes() {
    // SAFETY: `signal` may be called at any time; ignoring a signal installs no code of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Which process is at the other end of a socket of this machine; `None` if it has no number here, as one of another
/// container has.
pub(crate) fn process_at(socket: BorrowedFd<'_>) -> io::Result<Option<u32>> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    let into = (&raw mut peer).cast();
    // SAFETY: `socket` is open as long as it is borrowed; `into` and `len` describe the whole of `peer`, any bytes of which
    // are a value of its type, and which nobody else uses meanwhile.
    if unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, into, &raw mut len) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(u32::try_from(peer.pid).ok().filter(|&pid| pid > 0))
}
