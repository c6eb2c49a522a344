//! Ctrl-C in a terminal, a real one: the tasks are not interrupted, and the parent decides what it means.

mod parts;

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, ExitCode, Stdio, id};

use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{Future, ProcessPool};
use rustix::process::setsid;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

fn main() -> ExitCode {
    parts::run(
        &[("steadfast", go_on), ("plain", be_interrupted)],
        &[
            ("ctrl_c_interrupts_no_task_of_a_parent_that_goes_on", the_parent_goes_on),
            ("ctrl_c_ends_a_plain_parent_and_its_workers_with_it", the_parent_ends),
        ],
    )
}

/// Where a part finds its terminal.
const TERMINAL: &str = "CONCURRENT_FUTURES_TERMINAL";

const CTRL_C: &[u8] = &[3];

/// A part's own terminal, as if a shell had started it there in the foreground.
fn own_terminal() -> File {
    setsid().expect("a child that leads nothing yet");
    let path = env::var_os(TERMINAL).expect("the test says which");
    // The first one that a leader opens who has none is its own.
    OpenOptions::new().read(true).write(true).open(path).expect("the terminal opens")
}

/// A pool whose worker is in a task.
fn begin_task(keeper: &Gatekeeper) -> (ProcessPool, Future<u32>) {
    let pool = ProcessPool::new(1).expect("a pool");
    let wait = |gate: Gate| {
        gate.pass(0);
        id()
    };
    let future = pool.submit(wait, keeper.gate());
    keeper.await_arrivals(1);
    (pool, future)
}

#[expect(clippy::print_stdout, reason = "the test reads it")]
fn say_ready() {
    println!("ready");
}

/// Wants to hear nothing of Ctrl-C, as a program that asks whether it is meant.
fn go_on() {
    heed_interrupts();
    let terminal = own_terminal();
    let keeper = Gatekeeper::new();
    let (pool, future) = begin_task(&keeper);
    // After the start of the worker, which would inherit it.
    // SAFETY: `signal` may be called at any time; ignoring a signal installs no code of ours.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    say_ready();
    // What comes behind Ctrl-C is read after that was seen to.
    BufReader::new(terminal).read_line(&mut String::new()).expect("a line");
    keeper.open();
    let worker = future.result().expect("the task was not interrupted");
    assert_eq!(pool.submit(|()| id(), ()).result().expect("a result"), worker, "nor was its worker");
}

/// Lets Ctrl-C end this program, as it does one that was started at a terminal. Whoever runs these tests in the background
/// may have it ignored, which is inherited.
fn heed_interrupts() {
    // SAFETY: `signal` may be called at any time; the default action runs no code of ours.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
}

fn be_interrupted() {
    heed_interrupts();
    let _terminal = own_terminal();
    let keeper = Gatekeeper::new();
    let (_pool, future) = begin_task(&keeper);
    say_ready();
    drop(future.result());
}

/// A program in its terminal, the terminal's other end, and its standard output. It is ready for Ctrl-C.
fn start(part: &str) -> (Child, File, BufReader<ChildStdout>) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
    grantpt(&keyboard).expect("the terminal is ours");
    unlockpt(&keyboard).expect("the terminal is ours");
    let path = ptsname(&keyboard, Vec::new()).expect("the terminal has a name").into_string().expect("it is text");
    let mut command = parts::program_that_plays(part);
    let mut program = command.env(TERMINAL, path).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut told = BufReader::new(program.stdout.take().expect("it is piped"));
    told.read_line(&mut String::new()).expect("it says that it is ready");
    (program, keyboard.into(), told)
}

fn the_parent_goes_on() {
    let (mut program, mut keyboard, _told) = start("steadfast");
    keyboard.write_all(CTRL_C).expect("it takes keys");
    keyboard.write_all(b"no\n").expect("it takes keys");
    let status = program.wait().expect("it ends");
    assert!(status.success(), "{status}");
}

fn the_parent_ends() {
    let (mut program, mut keyboard, mut told) = start("plain");
    keyboard.write_all(CTRL_C).expect("it takes keys");
    let status = program.wait().expect("it ends");
    assert_eq!(status.signal(), Some(libc::SIGINT), "{status}");
    // The worker has the same standard output: it ends with the last of them.
    told.read_to_end(&mut Vec::new()).expect("everybody is gone");
}
