//! The parent is killed: its workers are gone at once, whatever they do.

mod parts;

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{self, Child, ExitCode, Stdio};
use std::thread;

use concurrent_futures_process_pool::ProcessPool;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

/// "At once", on a machine that is busy with other things.
const AT_ONCE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

fn main() -> ExitCode {
    parts::run(
        &[("parent", be_the_parent)],
        &[
            ("the_workers_of_a_killed_parent_are_gone_at_once", killed),
            ("the_stopped_workers_of_a_killed_parent_are_gone_at_once", stopped_and_killed),
            ("a_worker_that_starts_when_its_parent_is_killed_is_gone_at_once", killed_early),
        ],
    )
}

/// Occupies its workers, each with a task of another kind, and waits to be killed.
fn be_the_parent() {
    let pool = ProcessPool::new(5).expect("a pool");
    let _held = [hang, spin, read, nest].map(|task| pool.submit(task, ()));
    pool.submit(tell, ()).result().expect("a task that returns, and an idle worker");
    hang(());
}

/// Tells the test who runs here.
#[expect(clippy::print_stdout, reason = "the test reads it")]
fn tell(_: ()) {
    println!("{}", process::id());
}

fn hang(_: ()) {
    tell(());
    loop {
        thread::park();
    }
}

fn spin(_: ()) {
    tell(());
    loop {
        std::hint::spin_loop();
    }
}

fn read(_: ()) {
    tell(());
    let (mut nobody_writes, _writer) = io::pipe().expect("a pipe");
    drop(nobody_writes.read(&mut [0]));
}

fn nest(_: ()) {
    let pool = ProcessPool::new(1).expect("a pool in a worker");
    let inner = pool.submit(hang, ());
    tell(());
    drop(inner.result());
}

/// A parent, and handles of its first `count` workers that have told their numbers.
fn parent_and_workers(count: usize) -> (Child, Vec<OwnedFd>) {
    let mut parent = parts::program_that_plays("parent").stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(parent.stdout.take().expect("it is piped")).lines();
    let handle = |line: io::Result<String>| {
        let number = line.expect("a line").parse().expect("the number of a process");
        pidfd_open(Pid::from_raw(number).expect("the number of a process"), PidfdFlags::empty()).expect("it lives")
    };
    let workers = lines.take(count).map(handle).collect();
    (parent, workers)
}

/// Four workers in tasks, one that has nothing to do, and the worker of a worker.
const EVERYBODY: usize = 6;

fn kill_and_expect_nobody(mut parent: Child, workers: &[OwnedFd]) {
    kill_process(Pid::from_child(&parent), Signal::KILL).expect("the parent lives");
    parent.wait().expect("it is dead");
    for worker in workers {
        let ended = poll(&mut [PollFd::new(worker, PollFlags::IN)], Some(&AT_ONCE)).expect("it can be waited for");
        assert_eq!(ended, 1, "a worker lives on after its parent: {}", about(worker));
    }
}

fn about(worker: &OwnedFd) -> String {
    fs::read_to_string(format!("/proc/self/fdinfo/{}", worker.as_raw_fd())).unwrap_or_default()
}

fn killed() {
    let (parent, workers) = parent_and_workers(EVERYBODY);
    kill_and_expect_nobody(parent, &workers);
}

fn stopped_and_killed() {
    let (parent, workers) = parent_and_workers(EVERYBODY);
    workers.iter().for_each(|worker| pidfd_send_signal(worker, Signal::STOP).expect("it lives"));
    kill_and_expect_nobody(parent, &workers);
}

/// The first worker has told its number, the others are on their way.
fn killed_early() {
    for _ in 0..20 {
        let mut parent = parts::program_that_plays("parent").stdout(Stdio::piped()).spawn().expect("it starts");
        let mut stdout = parent.stdout.take().expect("it is piped");
        stdout.read_exact(&mut [0]).expect("somebody tells its number");
        kill_process(Pid::from_child(&parent), Signal::KILL).expect("the parent lives");
        parent.wait().expect("it is dead");
        // Everybody has a copy of the pipe: it ends with the last of them.
        io::read_to_string(&mut stdout).expect("everybody is gone");
    }
}
