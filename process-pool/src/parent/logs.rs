//! Log records of workers, for the logger of this process: a thread for each worker, which reads its control socket.
//!
//! ```text
//!   worker ── control socket ──► reader ──┬── record: the logger of this process
//!                                         └── hello:  who starts the worker
//! ```
//!
//! The logger is user code, so nobody else runs it. If it blocks, the socket fills, and the worker's records wait, and are
//! dropped and counted in the end (G2); nothing else of the pool waits for it but the end of a shutdown. A shutdown that the
//! logger asks for only begins: it would wait for its own reader, or two loggers for each other's (D2).

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures_core::report;
use concurrent_futures_core::sync::{Condvar, Mutex};
use log::kv::Value;
use log::{Level, LevelFilter, Record};

use super::process::Process;
use crate::start_failure::StartFailure;
use crate::wire::bytes::Malformed;
use crate::wire::control::{Control, Message};
use crate::wire::record::{self, LogRecord};

/// The readers of a pool.
#[derive(Default)]
pub(crate) struct Logs {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    reading: Vec<thread::ThreadId>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// A worker's records are read. What ends it: the worker's end of the socket closes, or this is dropped. What lies in the
/// socket by then is still read.
#[derive(Debug)]
pub(crate) struct Hearing {
    control: Arc<Control>,
    hello: Receiver<Message>,
}

/// Reads one worker's socket.
struct Reader {
    control: Arc<Control>,
    process: Arc<Process>,
    number: usize,
    /// None once it was said.
    hello: Option<Sender<Message>>,
}

thread_local! {
    static IS_READER: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread reads what a worker of any pool sends: it must not wait for who waits for that.
pub(crate) fn is_on_a_reader() -> bool {
    IS_READER.get()
}

/// What a worker is told of the level of this process: 0 would mean that it forwards nothing.
pub(crate) fn level() -> u32 {
    1 + log::max_level() as u32
}

/// What [`level`] stands for.
pub(crate) fn filter_of(level: u32) -> Option<LevelFilter> {
    LevelFilter::iter().nth(level.checked_sub(1)? as usize)
}

impl Logs {
    /// Begins to read what a worker sends, its hello included.
    pub(crate) fn hear(
        self: &Arc<Self>,
        name: String,
        number: usize,
        control: &Arc<Control>,
        process: &Arc<Process>,
    ) -> std::io::Result<Hearing> {
        let (tell, hello) = channel();
        let reader = Reader { control: control.clone(), process: process.clone(), number, hello: Some(tell) };
        let logs = self.clone();
        // Under the lock, so that the thread is listed before it can end.
        let mut state = self.state.lock();
        let thread = thread::Builder::new().name(name).spawn(move || {
            reader.read();
            logs.note_end();
        })?;
        let (over, threads) = state.threads.drain(..).partition(thread::JoinHandle::is_finished);
        state.threads = threads;
        state.reading.push(thread.thread().id());
        state.threads.push(thread);
        drop(state);
        let over: Vec<thread::JoinHandle<()>> = over;
        over.into_iter().for_each(|thread| drop(thread.join()));
        Ok(Hearing { control: control.clone(), hello })
    }

    fn note_end(&self) {
        let us = thread::current().id();
        self.state.lock().reading.retain(|thread| *thread != us);
        self.ended.notify_all();
    }

    /// Waits until everything was read that workers have sent, after the last of them is gone; at most until the deadline,
    /// since the logger may take long. A reader doesn't wait for itself.
    pub(crate) fn join(&self, deadline: Option<Instant>) {
        let us = thread::current().id();
        let mut state = self.state.lock();
        while state.reading.iter().any(|thread| *thread != us) {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return;
            }
            state = self.ended.wait_maybe_until(state, deadline);
        }
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        for thread in threads.into_iter().filter(|thread| thread.thread().id() != us) {
            // It contains the logger's panics.
            let _ = thread.join();
        }
    }
}

impl Hearing {
    /// Waits for the hello. What ends the wait: the end of the socket, or the limit.
    pub(crate) fn await_hello(&self, limit: Duration) -> Result<Message, StartFailure> {
        match self.hello.recv_timeout(limit) {
            Ok(message) => Ok(message),
            Err(RecvTimeoutError::Timeout) => Err(StartFailure::Silent(limit)),
            Err(RecvTimeoutError::Disconnected) => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
        }
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        // Also where something that a task has left behind holds the other end open.
        self.control.stop_receiving();
    }
}

impl Reader {
    fn read(mut self) {
        IS_READER.set(true);
        while let Ok(Some(message)) = self.control.receive() {
            if record::is_one(&message.0) {
                if let Err(Malformed) = self.hand_over(&message.0) {
                    return self.process.give_up();
                }
            } else if let Some(hello) = self.hello.take() {
                // Who starts the worker may have given up.
                let _ = hello.send(message);
            } else {
                // Nobody says hello twice.
                return self.process.give_up();
            }
        }
    }

    /// Gives a record to the logger of this process, if it wants it.
    fn hand_over(&self, message: &[u8]) -> Result<(), Malformed> {
        let record = LogRecord::read(message)?;
        let level = Level::iter().nth(record.level as usize - 1).ok_or(Malformed)?;
        report::contain("a logger", || {
            if record.lost > 0 {
                self.tell_of(record.lost);
            }
            self.log(level, &record);
        });
        Ok(())
    }

    fn log(&self, level: Level, record: &LogRecord<'_>) {
        let (number, pid) = (self.number, self.process.pid());
        let mut pairs = vec![("worker", Value::from(number)), ("worker.pid", Value::from(pid))];
        pairs.extend(record.task.map(|task| ("task.id", Value::from(task))));
        pairs.extend(record.label.map(|label| ("task.label", Value::from(label))));
        pairs.extend(record.pairs.iter().map(|(key, value)| (*key, Value::from(*value))));
        let mut builder = Record::builder();
        builder.level(level).target(record.target).key_values(&pairs);
        builder.module_path(record.module).file(record.file).line(record.line);
        // In one expression, as long as the arguments live.
        log_if_wanted(&builder.args(format_args!("{}", record.message)).build());
    }

    fn tell_of(&self, lost: u64) {
        let (number, pid) = (self.number, self.process.pid());
        let mut builder = Record::builder();
        let text =
            format_args!("{lost} log records of worker {number} (process {pid}) were lost: the logger is too slow");
        log_if_wanted(&builder.level(Level::Warn).target("concurrent_futures").args(text).build());
    }
}

fn log_if_wanted(record: &Record<'_>) {
    if record.level() <= log::max_level() && log::logger().enabled(record.metadata()) {
        log::logger().log(record);
    }
}
