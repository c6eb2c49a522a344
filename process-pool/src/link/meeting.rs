//! How a process meets itself: a connection whose one end is ipc-channel's, and whose other end is a plain socket.
//!
//! ```text
//!   abstract name ── taken? again, some times ──► directory: TMPDIR, XDG_RUNTIME_DIR, /dev/shm, /tmp, /var/tmp ──► error
//!        │                                            │ mode 0700, removed at once
//!        └──────────────────┬─────────────────────────┘
//!                           ▼
//!   listen ─► connect, by ipc-channel ─► accept ours, turn strangers away ─► both ends
//! ```
//!
//! ipc-channel connects by a path, and hands the system the whole of an address: the empty path is an *abstract* name, all
//! zeros, which is no file. One process at a time can hold that name, and needs it for some microseconds. Any user of the
//! machine may connect to it, so the process number of each connection is checked, and a clock turns strangers away that
//! fill the backlog. Any user may also keep the name: then a directory that only this user can enter takes its place.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use ipc_channel::ipc::IpcSender;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, chmod, mkdirat, openat, unlinkat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, listen, socket_with};
use serde::{Deserialize, Serialize};

use crate::platform;

/// Far longer than a process needs to connect with itself.
const LONGEST_MEETING: Duration = Duration::from_secs(1);

/// How often the abstract name is tried while another process has it, and the pause in between: together far longer than any
/// process needs it.
const TRIES: u32 = 20;
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000 };

/// So many strangers may come before this process; the system may allow fewer.
const LONGEST_BACKLOG: i32 = 4096;

/// Of a name that is zeros only: what `sun_path` holds behind its first byte.
const ZEROS: [u8; 107] = [0; 107];

/// Turns everybody away that has connected, so that a connect that waits goes on.
pub(crate) type TurnAway = Box<dyn FnOnce() + Send>;

/// Connects this process with itself.
///
/// # Errors
///
/// If the abstract name stays taken and no directory can be written to; the error names all that was tried.
///
/// # Blocking
///
/// Some microseconds. Strangers can fill the backlog before this process connects. Then connecting waits, until somebody
/// does what `later` was given.
pub(super) fn meet_oneself<T>(later: &dyn Fn(Duration, TurnAway)) -> io::Result<(IpcSender<T>, OwnedFd)>
where
    T: Serialize + for<'de> Deserialize<'de> + Send + 'static,
{
    // One at a time, so that each meets its own connection.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let abstractly = Place::abstractly().and_then(|place| place.meet(later));
    abstractly.or_else(|refusal| meet_in_a_directory(&candidates(), refusal))
}

fn meet_in_a_directory<T>(candidates: &[PathBuf], refusal: io::Error) -> io::Result<(IpcSender<T>, OwnedFd)>
where
    T: Serialize + for<'de> Deserialize<'de> + Send + 'static,
{
    let mut refusals = format!("the abstract socket name: {refusal}");
    for candidate in candidates {
        match Place::in_directory(candidate).and_then(|place| place.meet(&|_, _| ())) {
            Ok(ends) => return Ok(ends),
            Err(error) => refusals.push_str(&format!("; {}: {error}", candidate.display())),
        }
    }
    let cure = "let one of these directories be written to, or set TMPDIR to another";
    Err(io::Error::other(format!("no place for a socket to meet at: {refusals}. To help: {cure}")))
}

/// Directories in which a socket may be made for a moment, the likeliest first.
fn candidates() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let named = [Some(std::env::temp_dir()), runtime].into_iter().flatten();
    let usual = ["/dev/shm", "/tmp", "/var/tmp"].map(PathBuf::from);
    let mut all: Vec<PathBuf> = named.filter(|path| !path.as_os_str().is_empty()).collect();
    usual.into_iter().for_each(|path| {
        if !all.contains(&path) {
            all.push(path);
        }
    });
    all
}

/// Where a process waits for itself.
struct Place {
    listener: Arc<OwnedFd>,
    /// What ipc-channel connects to.
    name: String,
    /// Removed when the meeting is over.
    directory: Option<Directory>,
}

impl Place {
    fn abstractly() -> io::Result<Self> {
        let address = SocketAddrUnix::new_abstract_name(&ZEROS)?;
        let mut tries = 1;
        loop {
            let listener = new_socket()?;
            match bind(&listener, &address) {
                Ok(()) => return Self::listen(listener, String::new(), None),
                Err(Errno::ADDRINUSE) if tries < TRIES => {
                    tries += 1;
                    // Nothing tells when the name is free: it is looked at again.
                    let _ = poll(&mut [], Some(&PAUSE));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// In a directory of our own below `parent`. Both are named by their descriptors, so that a long path fits, and a
    /// change of the working directory doesn't matter.
    fn in_directory(parent: &Path) -> io::Result<Self> {
        let directory = Directory::create(parent)?;
        let name = format!("/proc/self/fd/{}/{SOCKET}", directory.own.as_raw_fd());
        let listener = new_socket()?;
        bind(&listener, &SocketAddrUnix::new(&name)?)?;
        // Whatever the umask has made of it.
        chmod(&name, Mode::RUSR | Mode::WUSR)?;
        Self::listen(listener, name, Some(directory))
    }

    fn listen(listener: OwnedFd, name: String, directory: Option<Directory>) -> io::Result<Self> {
        listen(&listener, LONGEST_BACKLOG)?;
        Ok(Self { listener: Arc::new(listener), name, directory })
    }

    fn meet<T>(self, later: &dyn Fn(Duration, TurnAway)) -> io::Result<(IpcSender<T>, OwnedFd)>
    where
        T: Serialize + for<'de> Deserialize<'de> + Send + 'static,
    {
        let Self { listener, name, directory } = self;
        if directory.is_none() {
            let listener = Arc::downgrade(&listener);
            later(LONGEST_MEETING, Box::new(move || turn_away(&listener)));
        }
        let connected = IpcSender::connect(name)?;
        let accepted = accept_ourselves(listener.as_fd())?;
        Ok((connected, accepted))
    }
}

fn turn_away(listener: &Weak<OwnedFd>) {
    if let Some(listener) = listener.upgrade() {
        while accept_with(&*listener, SocketFlags::CLOEXEC).is_ok() {}
    }
}

fn new_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// Accepts the connection that this process has made. What ends the wait: it comes, or the time is over.
fn accept_ourselves(listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let deadline = Instant::now() + LONGEST_MEETING;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::from_borrowed_fd(listener, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody came but strangers")),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        match accept_with(listener, SocketFlags::CLOEXEC) {
            Ok(socket) if is_ours(&socket) => return Ok(socket),
            // A stranger, who is turned away.
            Ok(_) | Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_ours(socket: &OwnedFd) -> bool {
    platform::process_at(socket.as_fd()).is_ok_and(|peer| peer == Some(std::process::id()))
}

const SOCKET: &str = "s";

/// A directory that nobody else can enter, and that goes with this value.
struct Directory {
    parent: OwnedFd,
    own: OwnedFd,
    name: String,
}

impl Directory {
    fn create(parent: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = openat(CWD, OsStr::from_bytes(parent.as_os_str().as_bytes()), flags, Mode::empty())?;
        loop {
            // Relaxed: only the number matters.
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("concurrent-futures-{}-{number}", std::process::id());
            match mkdirat(&parent, &name, Mode::RWXU) {
                Ok(()) => return Self::enter(parent, name),
                // Somebody else's, left there by a process that had our number.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn enter(parent: OwnedFd, name: String) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&parent, &name, flags, Mode::empty()) {
            Ok(own) => {
                let directory = Self { parent, own, name };
                // Whatever the umask has made of it.
                chmod(format!("/proc/self/fd/{}", directory.own.as_raw_fd()), Mode::RWXU)?;
                Ok(directory)
            }
            Err(error) => {
                let _ = unlinkat(&parent, &name, AtFlags::REMOVEDIR);
                Err(error.into())
            }
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What can't be removed is empty, and nobody else can enter it.
        let _ = unlinkat(&self.own, SOCKET, AtFlags::empty());
        let _ = unlinkat(&self.parent, &self.name, AtFlags::REMOVEDIR);
    }
}

#[cfg(all(test, not(concurrent_futures_loom)))]
mod tests {
    use std::fs;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use std::sync::mpsc::channel;
    use std::thread;

    use rustix::net::{SocketAddrUnix, connect, listen};

    use super::{Place, ZEROS, meet_in_a_directory, meet_oneself, new_socket};

    /// A directory for one test, which goes with this value.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("meeting-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn is_empty(&self) -> bool {
            fs::read_dir(&self.0).unwrap().next().is_none()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn h1_a_process_meets_itself_without_a_path() {
        // Another test, or another process, may have the name: then it waits its turn.
        let place = Place::abstractly().unwrap();
        assert!(place.directory.is_none() && place.name.is_empty());
        drop(place.meet::<u64>(&|_, _| ()).unwrap());
    }

    #[test]
    fn many_threads_that_meet_themselves_each_meet_themselves() {
        let meet = || meet_oneself::<u64>(&|_, _| ()).map(drop);
        let threads: Vec<_> = (0..8).map(|_| thread::spawn(meet)).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    }

    #[test]
    fn h1_a_directory_of_any_length_will_do_that_nobody_else_can_enter_and_nothing_is_left_in_it() {
        let scratch = Scratch::new(&"long".repeat(50));
        let place = Place::in_directory(&scratch.0).unwrap();
        let own = fs::read_dir(&scratch.0).unwrap().next().unwrap().unwrap();
        assert_eq!(own.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let ends = place.meet::<u64>(&|_, _| ()).unwrap();
        assert!(scratch.is_empty(), "it is gone before anything crosses");
        drop(ends);
    }

    #[test]
    fn h2_a_full_backlog_holds_a_process_up_until_the_clock_turns_it_away() {
        let place = Place::abstractly().unwrap();
        let address = SocketAddrUnix::new_abstract_name(&ZEROS).unwrap();
        let fill = || {
            let one = new_socket().unwrap();
            connect(&one, &address).map(|()| one)
        };
        listen(&*place.listener, 3).unwrap();
        let early: Vec<OwnedFd> = std::iter::from_fn(|| fill().ok()).collect();
        assert!(!early.is_empty() && fill().is_err(), "no connect goes through any more");
        let met = thread::scope(|scope| {
            let (clock, action) = channel();
            let meeting = scope.spawn(move || place.meet::<u64>(&|_, turn_away| clock.send(turn_away).unwrap()));
            action.recv().unwrap()();
            meeting.join().unwrap()
        });
        // Its own connection may have been turned away with the others: then it goes to a directory. It has come back.
        drop((met, early));
    }

    #[test]
    fn where_nothing_can_be_written_the_error_names_what_was_tried_and_the_cure() {
        let scratch = Scratch::new("refused");
        let file = scratch.0.join("a file");
        fs::write(&file, []).unwrap();
        let tried = [scratch.0.join("missing"), file];
        let error = meet_in_a_directory::<u64>(&tried, io::Error::other("taken")).err().unwrap().to_string();
        for part in ["taken", "missing: No such file", "a file: Not a directory", "set TMPDIR"] {
            assert!(error.contains(part), "{part} in: {error}");
        }
    }
}
