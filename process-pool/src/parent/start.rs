//! How a worker is started: a process, a setup, a hello.
//!
//! ```text
//!   parent                                    worker
//!     │ page, control socket
//!     │ spawn ───────────────────────────────► init() finds the control socket
//!     │ Setup, page ─────────────────────────►
//!     │                                        makes the channel; initializer
//!     │ ◄────── Hello, our ends of the channel ── or it dies: the socket closes
//!     │ compares the file, takes the ends
//! ```
//!
//! The wait for the hello ends in three ways: it comes, the socket closes, or `start_timeout` is over. A kill of the pool
//! kills the process, which closes the socket. The start of the process waits as well, for the child to become the program:
//! a child that is stopped before is found among the children of the thread, and killed by the same two.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use concurrent_futures_core::sync::deadline_after;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SendFlags;

#[cfg(feature = "log")]
use super::logs::Hearing;
use super::process::{Process, Starting};
use super::shared::Shared;
use super::worker::Worker;
use crate::child::{VARIABLE, depth};
use crate::image::Image;
use crate::initializer::{Initializer, PreparedInitializer};
use crate::link::{self, Packet, Receiver};
use crate::page::Page;
use crate::start_failure::StartFailure;
use crate::wire::control::{Control, Hello, Message, Setup, ToWorker};

/// The running program, also where its file was replaced or deleted meanwhile.
const OURSELVES: &str = "/proc/self/exe";

/// Starts worker `number`; gives it with the end of its notes.
pub(crate) fn start(shared: &Arc<Shared>, number: usize) -> Result<(Arc<Worker>, Receiver), StartFailure> {
    shared.warden.start(&shared.name, shared.callbacks())?;
    let (page, page_file) = Page::create()?;
    let (control, theirs) = Control::pair()?;
    let initializer = shared.options.initializer.as_ref().map(Initializer::prepare).transpose()?;
    let process = Arc::new(spawn(shared, number, theirs)?);
    process.pipes().for_each(|pipe| shared.warden.listen(pipe.clone()));
    if !shared.note_starting(number, Starting::Process(process.clone())) {
        process.kill();
    }
    let setup = Setup {
        name: format!("{}_{number}", shared.name),
        stack_size: shared.options.stack_size,
        initializer: initializer.as_ref().map(PreparedInitializer::call),
        parent: std::process::id(),
        log_level: log_level(shared),
    };
    let control = Arc::new(control);
    #[cfg(feature = "log")]
    let hearing = hear(shared, number, &control, &process)?;
    let sent = control.send(&ToWorker::Setup(setup).write(), &[page_file.as_fd()], SendFlags::empty());
    let sent = sent.and_then(|()| initializer.as_ref().map_or(Ok(()), |call| call.lend_to(&control)));
    let limit = shared.options.start_timeout;
    let hello = sent.map_err(StartFailure::from).and_then(|()| {
        #[cfg(feature = "log")]
        if let Some(hearing) = &hearing {
            return hearing.await_hello(limit);
        }
        await_hello(&control, limit)
    });
    let ready = hello.and_then(|hello| check(hello, initializer));
    let ready = ready.and_then(|ready| shared.check_size(&process).map(|()| ready));
    let (packet, aborts_on_panic) = ready.map_err(|failure| bury(&process, failure))?;
    let ends = link::take(&packet, &|delay, action| shared.warden.after(delay, action))?;
    let shared = Arc::downgrade(shared);
    let worker = Worker::new(number, shared, process, page, control, ends.frames, ends.bell, aborts_on_panic);
    #[cfg(feature = "log")]
    let worker = worker.heard_by(hearing);
    Ok((Arc::new(worker), ends.notes))
}

/// Which log records a worker forwards.
fn log_level(shared: &Shared) -> u32 {
    #[cfg(feature = "log")]
    if shared.options.forwards_logs {
        return super::logs::level();
    }
    let _ = shared;
    0
}

/// Reads the worker's log records, if they are wanted, and then its hello too.
#[cfg(feature = "log")]
fn hear(shared: &Shared, number: usize, control: &Arc<Control>, process: &Arc<Process>) -> io::Result<Option<Hearing>> {
    let name = format!("{}_log_{number}", shared.name);
    shared.options.forwards_logs.then(|| shared.logs.hear(name, number, control, process)).transpose()
}

fn spawn(shared: &Arc<Shared>, number: usize, control: std::os::fd::OwnedFd) -> io::Result<Process> {
    let mut command = Command::new(OURSELVES);
    command.arg0(format!("{} [{} worker {number}]", own_name(), shared.name));
    if let Some(configure) = &shared.options.configure {
        configure.apply(&mut command);
    }
    // What makes it a worker is ours, whatever was configured.
    command.env(VARIABLE, (depth() + 1).to_string()).stdin(Stdio::from(control)).process_group(0);
    if !shared.note_starting(number, Starting::here()) {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let pool = Arc::downgrade(shared);
    shared.warden.after(shared.options.start_timeout, move || {
        if let Some(shared) = pool.upgrade() {
            shared.end_spawning(number);
        }
    });
    Process::new(command.spawn()?)
}

/// What this program is called.
fn own_name() -> String {
    let name = std::env::args_os().next().unwrap_or_default();
    let name = std::path::Path::new(&name).file_name().unwrap_or(&name);
    name.to_string_lossy().into_owned()
}

fn await_hello(control: &Control, limit: Duration) -> Result<Message, StartFailure> {
    let deadline = deadline_after(limit);
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = left.map(|left| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() });
        match poll(&mut [PollFd::new(control, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) => return Err(StartFailure::Silent(limit)),
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
    control.receive()?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof).into())
}

/// Our ends of its channel, and whether a panic ends the worker, if it may work for us.
fn check(
    (hello, descriptors): Message,
    initializer: Option<PreparedInitializer>,
) -> Result<(Packet, bool), StartFailure> {
    match Hello::read(&hello).map_err(io::Error::from)? {
        Hello::Refused(why) => Err(StartFailure::Refused(why)),
        Hello::OffMain(thread) => Err(StartFailure::OffMain(thread)),
        Hello::Ready { identity, .. } if identity != *Image::ours()?.identity() => Err(StartFailure::DifferentBinary),
        Hello::Ready { aborts_on_panic, ends, initializer: reply, .. } => {
            if let (Some(prepared), Some(reply)) = (initializer, reply) {
                prepared.outcome(&reply).map_err(StartFailure::Initializer)?;
            }
            Ok((Packet { bytes: ends, descriptors }, aborts_on_panic))
        }
    }
}

/// Ends a process that did not become a worker; if it had died by itself, that is the failure.
fn bury(process: &Process, failure: StartFailure) -> StartFailure {
    let is_silent = matches!(failure, StartFailure::Silent(_));
    let has_closed = matches!(&failure, StartFailure::System(_));
    if is_silent || !has_closed {
        process.kill();
    } else {
        // Its end of the socket is closed, so it is dead or about to be; whatever holds it up isn't waited for.
        wait_briefly(process);
        process.kill();
    }
    match (process.bury(), failure) {
        (Ok(status), StartFailure::System(_)) => StartFailure::Died(status, process.last_words()),
        (_, failure) => failure,
    }
}

fn wait_briefly(process: &Process) {
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    // It may return early or not at all in time: then the kill decides.
    let _ = poll(&mut [PollFd::from_borrowed_fd(process.as_fd(), PollFlags::IN)], Some(&second));
}
