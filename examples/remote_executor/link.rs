//! The near side of one worker: its process, its socket, and what can be done to it from other threads.

use std::env;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use concurrent_futures::portable::Encoded;
use concurrent_futures::{ExitCause, RunningJob, WorkerDied};

use super::wire::{self, BEGIN, HELLO, REPLY, STOP, TASK};
use super::worker;

/// A worker that is there.
pub(crate) struct Worker {
    link: Arc<Link>,
    pid: u32,
    end: mpsc::Receiver<ExitStatus>,
}

/// What other threads may do to it.
pub(crate) struct Link {
    stream: UnixStream,
    /// Held while a frame is written, so that two never mix.
    writing: Mutex<()>,
}

impl Worker {
    /// Starts a process and waits for its hello. What ends the wait if it dies instead: its undertaker.
    pub(crate) fn start() -> io::Result<Self> {
        let (near, far) = UnixStream::pair()?;
        let mut command = Command::new(env::current_exe()?);
        command.arg(worker::ROLE).stdin(Stdio::from(OwnedFd::from(far)));
        let mut child = command.spawn()?;
        drop(command); // with our copy of the far end
        let link = Arc::new(Link { stream: near, writing: Mutex::new(()) });
        let (tell, end) = mpsc::channel();
        let (pid, ours) = (child.id(), link.clone());
        // The undertaker: the end of a process is learnt from the system, never from the end of a stream, which something that
        // a task has started may hold open.
        thread::spawn(move || {
            if let Ok(status) = child.wait() {
                let _nobody_asks = tell.send(status);
            }
            ours.cut();
        });
        let worker = Self { link, pid, end };
        match wire::receive(&worker.link.stream)? {
            (HELLO, build) if build == wire::build()? => Ok(worker),
            _ => Err(io::Error::other("the program's file has changed since this process was started: start it again")),
        }
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Says what the next tasks belong to.
    pub(crate) fn begin(&self, encoded: &Encoded, running: &RunningJob) -> io::Result<()> {
        let call = encoded.call();
        let [entry, function] = [call.entry, call.function].map(|address| worker::distance(address).to_le_bytes());
        let (id, attempt) = (running.id().as_u64(), u64::from(running.attempt()));
        let options = running.options();
        let label = options.label_text().unwrap_or_default();
        let carried = encoded.carried().unwrap_or_default();
        let numbers = [id, attempt, label.len() as u64].map(u64::to_le_bytes);
        self.link.send(BEGIN, &[&entry, &function, numbers.as_flattened(), label.as_bytes(), carried])?;
        // Asked to stop before this worker had it.
        if running.handle().is_stop_requested() {
            self.link.say_stop(id);
        }
        Ok(())
    }

    /// Has one task served. What ends the wait: the reply, or the end of the process.
    pub(crate) fn call(&self, index: usize, argument: &[u8]) -> io::Result<Vec<u8>> {
        self.link.send(TASK, &[&(index as u64).to_le_bytes(), argument])?;
        match wire::receive(&self.link.stream)? {
            (REPLY, reply) => Ok(reply),
            _ => Err(io::Error::other("a frame that no worker sends")),
        }
    }

    /// How the process ended that died under `running`.
    pub(crate) fn bury(self, running: &RunningJob) -> WorkerDied {
        self.link.cut(); // it may live and have written nonsense: now it ends
        let cause = self.end.recv_timeout(Duration::from_secs(5)).map_or(ExitCause::Unknown, ExitCause::from);
        let died = WorkerDied::builder(self.pid, cause).attempt(running.attempt());
        match running.options().label_text() {
            Some(label) => died.label(label).build(),
            None => died.build(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.link.cut();
    }
}

impl Link {
    fn send(&self, kind: u8, parts: &[&[u8]]) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        wire::send(&self.stream, kind, parts)
    }

    /// Asks a job to stop.
    pub(crate) fn say_stop(&self, id: u64) {
        let _dead_anyway = self.send(STOP, &[&id.to_le_bytes()]);
    }

    /// Ends the worker: it exits when it sees the end of the stream, whatever its task does. Whoever reads or writes here
    /// wakes with an error.
    pub(crate) fn cut(&self) {
        let _cut_already = self.stream.shutdown(Shutdown::Both);
    }
}
