//! What the system needs to carry a task to another process and back: a socket of packets, and an echo behind it.

use std::env;
use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, Thread};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, recv, send, shutdown, socketpair,
};

use crate::case::{Case, Stopwatch};
use crate::contestant::{Contestant, Role};
use crate::workloads::RoundTrip;

/// Set in the echo.
const VARIABLE: &str = "BENCH_SUITE_ECHO";

/// About what a tiny task takes.
const FRAME: [u8; 32] = [7; 32];

/// The round trip with as many wake-ups as a pool with a thread that reads: the worker, the reader, the waiter.
pub const THREE_WAKE_UPS: &str = "floor: raw socket, 3 wake-ups";

/// In the echo: answers until the other end is closed, and never returns.
pub fn become_echo() {
    if env::var_os(VARIABLE).is_none() {
        return;
    }
    let socket = rustix::stdio::stdin();
    let mut frame = FRAME;
    while let Ok((length, _)) = recv(socket, &mut frame[..], RecvFlags::empty()) {
        if length == 0 || send(socket, &frame[..length], SendFlags::NOSIGNAL).is_err() {
            break;
        }
    }
    std::process::exit(0);
}

/// One thread writes and reads: two wake-ups, which only a pool without futures could have.
#[must_use]
pub fn two_wake_ups(trips: RoundTrip) -> Contestant {
    Contestant::new("floor: raw socket, 2 wake-ups", Role::Floor, move || {
        let echo = Echo::new();
        trips.of(move || {
            echo.send();
            echo.receive();
        })
    })
}

/// The submitter writes, a thread reads and wakes the submitter.
#[must_use]
pub fn three_wake_ups(trips: RoundTrip) -> Contestant {
    Contestant::new(THREE_WAKE_UPS, Role::Floor, move || {
        let mut reader: Option<Reader> = None;
        trips.of(move || reader.get_or_insert_with(|| Reader::of(thread::current())).trip())
    })
}

/// One packet for each task and one for each answer, as fast as they go.
#[must_use]
pub fn stream(tasks: usize) -> Contestant {
    Contestant::new("floor: raw socket, a packet each way", Role::Floor, move || {
        let echo = Echo::new();
        Case::new(tasks, tasks as u64, move || {
            let watch = Stopwatch::start();
            thread::scope(|scope| {
                scope.spawn(|| (0..tasks).for_each(|_| echo.receive()));
                (0..tasks).for_each(|_| echo.send());
            });
            (watch.stop(tasks), tasks as u64)
        })
    })
}

/// A process that sends back what it gets.
struct Echo {
    socket: OwnedFd,
    process: Child,
}

impl Echo {
    fn new() -> Self {
        let pair = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let (socket, theirs) = pair.expect("a pair of sockets can be made");
        let program = env::current_exe().expect("this program has a path");
        let process = Command::new(program).env(VARIABLE, "1").stdin(Stdio::from(theirs)).spawn();
        Self { socket, process: process.expect("this program can be started again") }
    }

    fn send(&self) {
        send(self.socket.as_fd(), &FRAME, SendFlags::NOSIGNAL).expect("the echo reads");
    }

    fn receive(&self) {
        assert!(self.try_receive(), "the echo answers");
    }

    fn try_receive(&self) -> bool {
        let mut frame = FRAME;
        recv(self.socket.as_fd(), &mut frame[..], RecvFlags::empty()).is_ok_and(|(length, _)| length == FRAME.len())
    }

    fn close(&self) {
        let _ = shutdown(self.socket.as_fd(), Shutdown::Both);
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo").finish_non_exhaustive()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.close();
        let _ = self.process.wait();
    }
}

struct Reader {
    echo: Arc<Echo>,
    has_answered: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    fn of(waiter: Thread) -> Self {
        let (echo, has_answered) = (Arc::new(Echo::new()), Arc::new(AtomicBool::new(false)));
        let (socket, answered) = (echo.clone(), has_answered.clone());
        let thread = thread::spawn(move || {
            while socket.try_receive() {
                answered.store(true, Ordering::Release);
                waiter.unpark();
            }
        });
        Self { echo, has_answered, thread: Some(thread) }
    }

    fn trip(&self) {
        self.echo.send();
        while !self.has_answered.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.echo.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
