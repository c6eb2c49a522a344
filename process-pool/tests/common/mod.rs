//! What the tests of the pool share: a watchdog, a diary that tasks write, ways to die, an observer that remembers.

#![allow(dead_code, reason = "each test binary uses its own share of this")]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use concurrent_futures_conformance::{Gate, LIMIT, watchdog};
use concurrent_futures_process_pool::{
    Future, Observer, ProcessPool, Reason, Shutdown, Stats, Tally, TaskError, TaskId, WorkerDied,
};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, getpid, kill_process, pidfd_open, waitid};
use serde::{Deserialize, Serialize};

/// No time at all.
pub(crate) const AT_ONCE: Duration = Duration::ZERO;

/// Longer than any test runs.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);

/// Runs the body of a test; a hang becomes a failure that has the test's name.
pub(crate) fn bounded(body: impl FnOnce() + Send + 'static) {
    watchdog(LIMIT, thread::current().name().unwrap_or("a test"), body);
}

pub(crate) fn pool(workers: usize) -> ProcessPool {
    ProcessPool::new(workers).expect("a pool of some workers can be built")
}

/// A place where tasks leave a line each, in whichever process they run.
pub(crate) struct Diary(Pen);

/// What a task writes with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pen(PathBuf);

impl Diary {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("concurrent-futures-{}-{number}", std::process::id()));
        File::create_new(&path).expect("the directory for temporary files can be written to");
        Self(Pen(path))
    }

    pub(crate) fn pen(&self) -> Pen {
        self.0.clone()
    }

    /// What was written, in order.
    pub(crate) fn entries(&self) -> Vec<u64> {
        let text = fs::read_to_string(&self.0.0).expect("the diary is there");
        text.lines().map(|line| line.parse().expect("a diary has a number in each line")).collect()
    }

    /// What was written, sorted: each number once if each task ran once.
    pub(crate) fn sorted(&self) -> Vec<u64> {
        let mut entries = self.entries();
        entries.sort_unstable();
        entries
    }
}

impl Drop for Diary {
    fn drop(&mut self) {
        // A task that is left behind may write where nobody reads.
        let _ = fs::remove_file(&self.0.0);
    }
}

impl Pen {
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }

    /// Adds a line, which is there also if the process dies next.
    pub(crate) fn write(&self, number: u64) {
        let mut file = OpenOptions::new().append(true).open(&self.0).expect("the diary is there");
        file.write_all(format!("{number}\n").as_bytes()).expect("a line can be added");
    }
}

/// How a worker dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Death {
    Exit(i32),
    Abort,
    Signal(i32),
}

pub(crate) const SEGFAULT: Death = Death::Signal(libc::SIGSEGV);

impl Death {
    pub(crate) fn die(self) -> ! {
        match self {
            Self::Exit(code) => std::process::exit(code),
            Self::Abort => std::process::abort(),
            Self::Signal(signal) => {
                kill_process(getpid(), Signal::from_named_raw(signal).expect("a signal with a name"))
                    .expect("a process may end itself");
                // Another thread may be the one that is interrupted.
                loop {
                    thread::park();
                }
            }
        }
    }

    /// The signal that it ends by.
    pub(crate) fn signal(self) -> Option<i32> {
        match self {
            Self::Exit(_) => None,
            Self::Abort => Some(libc::SIGABRT),
            Self::Signal(signal) => Some(signal),
        }
    }
}

/// A task that dies.
pub(crate) fn die(death: Death) -> u64 {
    death.die()
}

/// A task that waits at a gate and says where it ran.
pub(crate) fn pass((gate, tag): (Gate, u64)) -> u32 {
    gate.pass(tag);
    std::process::id()
}

/// A task that waits at a gate and dies.
pub(crate) fn pass_and_die((gate, tag, death): (Gate, u64, Death)) -> u64 {
    gate.pass(tag);
    death.die()
}

/// A task that says where it runs.
pub(crate) fn where_am_i(_: ()) -> u32 {
    std::process::id()
}

pub(crate) fn square(n: u64) -> u64 {
    n * n
}

/// Sends a signal.
pub(crate) fn send(signal: Signal, pid: u32) {
    kill_process(pid_of(pid), signal).expect("the process is there");
}

/// Kills a process that is ours, unless it has ended and was buried meanwhile.
pub(crate) fn kill(pid: u32) {
    let _ = kill_process(pid_of(pid), Signal::KILL);
}

/// Stops a child of ours; returns once none of its threads runs.
pub(crate) fn stop(pid: u32) {
    send(Signal::STOP, pid);
    let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid_of(pid)), stopped).expect("a child can be waited for");
}

/// Blocks until a process has ended.
pub(crate) fn await_exit(pid: u32) {
    // Where it is gone altogether, it has.
    if let Ok(process) = pidfd_open(pid_of(pid), PidfdFlags::empty()) {
        poll(&mut [PollFd::new(&process, PollFlags::IN)], None).expect("a process can be waited for");
    }
}

/// Whether a process is there and has not ended.
pub(crate) fn is_alive(pid: u32) -> bool {
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    pidfd_open(pid_of(pid), PidfdFlags::empty())
        .is_ok_and(|process| poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&now)) == Ok(0))
}

fn pid_of(pid: u32) -> Pid {
    Pid::from_raw(pid as i32).expect("a process number")
}

/// The death of the worker that a future ended by.
#[track_caller]
pub(crate) fn death_of<T: std::fmt::Debug>(future: Future<T>) -> WorkerDied {
    match future.result() {
        Err(TaskError::WorkerDied(died)) => died,
        other => panic!("the worker should have died, not {other:?}"),
    }
}

/// Why the executor did not take the task.
#[track_caller]
pub(crate) fn rejection(error: &TaskError) -> &Reason {
    match error {
        TaskError::Rejected(rejected) => rejected.reason(),
        other => panic!("rejected was expected, not {other:?}"),
    }
}

/// Why the pool is broken, as one line says it.
#[track_caller]
pub(crate) fn cause_of(error: &TaskError) -> String {
    assert!(matches!(rejection(error), Reason::Broken(_)), "{error:?}");
    error.to_string()
}

/// Drains the pool; then every task has ended in exactly one way.
#[track_caller]
pub(crate) fn final_stats(pool: &ProcessPool) -> Stats {
    assert!(pool.shutdown(Shutdown::drain()).is_complete());
    let stats = pool.stats();
    assert_eq!(stats.submitted, stats.finished + stats.failed + stats.cancelled, "{stats:?}");
    assert_eq!((stats.workers, stats.idle, stats.pending), (0, 0, 0), "{stats:?}");
    stats
}

/// What an observer was told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    Submitted(TaskId, usize),
    Started(TaskId, usize),
    Finished(TaskId, Tally),
    Up(usize),
    Down(usize),
}

/// An observer that remembers.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<(Mutex<Vec<Event>>, Condvar)>);

impl Recorder {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.0.lock().unwrap().clone()
    }

    /// How many tasks were submitted.
    pub(crate) fn submitted(&self) -> usize {
        let tasks = |event| if let Event::Submitted(_, tasks) = event { tasks } else { 0 };
        self.events().into_iter().map(tasks).sum()
    }

    /// How they ended.
    pub(crate) fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for event in self.events() {
            if let Event::Finished(_, tally) = event {
                sum += tally;
            }
        }
        sum
    }

    /// Blocks until the events are as wanted.
    pub(crate) fn await_that(&self, met: impl Fn(&[Event]) -> bool) {
        let mut events = self.0.0.lock().unwrap();
        while !met(&events) {
            events = self.0.1.wait(events).unwrap();
        }
    }

    /// Blocks until so many workers have left.
    pub(crate) fn await_departures(&self, count: usize) {
        self.await_that(|events| events.iter().filter(|event| matches!(event, Event::Down(_))).count() >= count);
    }

    /// The most workers that were there at the same time.
    pub(crate) fn most_workers(&self) -> usize {
        let (mut now, mut most) = (0, 0);
        for event in self.events() {
            match event {
                Event::Up(_) => now += 1,
                Event::Down(_) => now -= 1,
                _ => {}
            }
            most = now.max(most);
        }
        most
    }

    fn note(&self, event: Event) {
        self.0.0.lock().unwrap().push(event);
        self.0.1.notify_all();
    }
}

impl Observer for Recorder {
    fn submitted(&self, first: TaskId, tasks: usize) {
        self.note(Event::Submitted(first, tasks));
    }

    fn started(&self, first: TaskId, worker: usize) {
        self.note(Event::Started(first, worker));
    }

    fn finished(&self, first: TaskId, tally: Tally) {
        self.note(Event::Finished(first, tally));
    }

    fn worker_up(&self, worker: usize) {
        self.note(Event::Up(worker));
    }

    fn worker_down(&self, worker: usize) {
        self.note(Event::Down(worker));
    }
}

/// Starts this test program again, to play a part: the test named so, with an order in the environment.
pub(crate) fn program(part: &str, order: &str) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().expect("the program knows its file"));
    command.args(["--exact", part, "--nocapture", "--test-threads", "1"]).env(ORDER, order);
    command
}

/// What a part is to do; nothing where the test runs as one of many.
pub(crate) fn order() -> Option<String> {
    std::env::var(ORDER).ok()
}

const ORDER: &str = "CONCURRENT_FUTURES_TEST_ORDER";

/// All that can be read.
pub(crate) fn read_all(mut from: impl Read) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).expect("it can be read");
    text
}
