//! What the tests of the pool share: a watchdog, tasks that are held, an observer that remembers.

#![allow(dead_code, reason = "each test binary uses its own share of this")]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};

use concurrent_futures_conformance::{LIMIT, watchdog};
use concurrent_futures_thread_pool::{
    Future, InProcess, Observer, Reason, SpawnExt, Stats, Tally, TaskError, TaskId, ThreadPool,
};

/// Runs the body of a test; a hang becomes a failure that has the test's name.
pub(crate) fn bounded(body: impl FnOnce() + Send + 'static) {
    watchdog(LIMIT, std::thread::current().name().unwrap_or("a test"), body);
}

pub(crate) fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(workers).expect("a pool of some workers can be built")
}

/// A task that has begun and runs until it is released, or this is dropped.
pub(crate) struct Held {
    release: Sender<()>,
    future: Future<()>,
}

/// Occupies one worker; returns when it is occupied.
pub(crate) fn hold(executor: &dyn InProcess) -> Held {
    let (begin, begun) = channel();
    let (release, released) = channel::<()>();
    let future = executor.spawn(move || {
        begin.send(()).expect("the test waits for the begin");
        let _ = released.recv();
    });
    begun.recv().expect("the task says that it has begun");
    Held { release, future }
}

impl Held {
    /// Lets the task end; its future ends soon.
    pub(crate) fn let_go(self) -> Future<()> {
        drop(self.release);
        self.future
    }

    /// Lets the task end, and waits for it.
    pub(crate) fn release(self) {
        self.let_go().result().expect("a held task ends well");
    }

    pub(crate) fn future(&self) -> &Future<()> {
        &self.future
    }
}

/// A door for any number of tasks, closed until the test opens it.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Door {
    /// Announces the caller, and blocks until the door is open.
    pub(crate) fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.0 += 1;
        changed.notify_all();
        while !state.1 {
            state = changed.wait(state).unwrap();
        }
    }

    /// Blocks until so many have come.
    pub(crate) fn await_arrivals(&self, count: usize) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        while state.0 < count {
            state = changed.wait(state).unwrap();
        }
    }

    pub(crate) fn arrivals(&self) -> usize {
        self.0.0.lock().unwrap().0
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().1 = true;
        self.0.1.notify_all();
    }
}

/// Says through a channel that it is dropped.
pub(crate) struct TellsDrop(Sender<&'static str>, &'static str);

impl TellsDrop {
    pub(crate) fn new(name: &'static str) -> (Self, Receiver<&'static str>) {
        let (tell, told) = channel();
        (Self(tell, name), told)
    }
}

impl Drop for TellsDrop {
    fn drop(&mut self) {
        // Nobody listens any more where a test has failed.
        let _ = self.0.send(self.1);
    }
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

/// Why the executor did not take the task.
#[track_caller]
pub(crate) fn rejection(error: &TaskError) -> &Reason {
    match error {
        TaskError::Rejected(rejected) => rejected.reason(),
        other => panic!("rejected was expected, not {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_shut_down(error: &TaskError) {
    assert_eq!(rejection(error), &Reason::ShutDown);
}

/// The text of a task's panic.
#[track_caller]
pub(crate) fn panic_text(error: &TaskError) -> String {
    match error {
        TaskError::Panicked(panicked) => panicked.message().to_owned(),
        other => panic!("a panic was expected, not {other:?}"),
    }
}

/// Once an executor is quiet, every task has ended in exactly one way.
#[track_caller]
pub(crate) fn assert_adds_up(stats: Stats) {
    assert_eq!(stats.submitted, stats.finished + stats.failed + stats.cancelled, "{stats:?}");
}

/// How many threads of this process have a name that begins so; the system keeps 15 bytes of it.
#[cfg(target_os = "linux")]
pub(crate) fn threads_named(prefix: &str) -> usize {
    assert!(prefix.len() < 14, "the system cuts names off");
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux shows the threads of a process");
    // A thread may end between the listing and the look at its name.
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with(prefix)).count()
}
