//! The parent is stopped, as by Ctrl-Z, and continued: its workers go on meanwhile, and what is late is late.

mod parts;

use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, ExitCode};
use std::time::Duration;

use concurrent_futures_process_pool::{ProcessPool, TaskError, TaskOptions};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, pidfd_open, waitid};

fn main() -> ExitCode {
    parts::run(
        &[("parent", be_the_parent)],
        &[("a_parent_that_was_stopped_gets_its_results_and_ends_what_is_late", stopped_and_continued)],
    )
}

/// Where the test listens.
const PORT: &str = "CONCURRENT_FUTURES_PORT";

/// Ample for a task to begin and say so.
const LIMIT: Duration = Duration::from_secs(1);
/// Longer than the limit.
const LATER: Timespec = Timespec { tv_sec: 1, tv_nsec: 200_000_000 };

/// Tells the test who is here, and goes on when that hangs up.
fn meet((port, who): (u16, u8)) -> u8 {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the test listens");
    stream.write_all(&[who]).expect("the test reads");
    stream.read_to_end(&mut Vec::new()).expect("the test hangs up");
    who
}

fn meet_twice((port, who): (u16, u8)) -> u8 {
    meet((port, who)) + meet((port, who + 10))
}

fn be_the_parent() {
    let port = env::var(PORT).expect("the test says where").parse().expect("a port");
    let pool = ProcessPool::new(2).expect("a pool");
    let works = pool.submit(meet_twice, (port, 1_u8));
    let late = pool.submit_with(TaskOptions::new().deadline(LIMIT), meet, (port, 2_u8));
    assert_eq!(works.result().expect("it has gone on"), 12);
    assert!(matches!(late.result(), Err(TaskError::DeadlineExceeded(_))));
    assert_eq!(pool.submit(|n: u8| n + 1, 3).result().expect("the pool goes on"), 4);
}

fn next(listener: &TcpListener) -> (u8, TcpStream) {
    let (mut stream, _) = listener.accept().expect("a task");
    let mut who = [0];
    stream.read_exact(&mut who).expect("it says who it is");
    (who[0], stream)
}

fn stop(parent: &Child) {
    let pid = Pid::from_child(parent);
    kill_process(pid, Signal::STOP).expect("the parent lives");
    waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT)
        .expect("it is ours")
        .expect("it has stopped");
}

fn stopped_and_continued() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let mut parent = parts::program_that_plays("parent").env(PORT, port.to_string()).spawn().expect("it starts");
    let mut tasks = [next(&listener), next(&listener)];
    tasks.sort_by_key(|(who, _)| *who);
    let [(1, works), (2, late)] = tasks else { panic!("two tasks: {tasks:?}") };
    stop(&parent);
    drop(works);
    assert_eq!(next(&listener).0, 11, "a worker goes on while its parent is stopped");
    // The time of the other passes.
    let handle = pidfd_open(Pid::from_child(&parent), PidfdFlags::empty()).expect("it lives");
    assert_eq!(poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&LATER)).expect("it can be waited for"), 0);
    kill_process(Pid::from_child(&parent), Signal::CONT).expect("the parent lives");
    assert!(parent.wait().expect("it ends").success());
    drop(late);
}
