//! How a process finds out that it is a worker, and becomes one.

use std::env;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread;

use concurrent_futures_core::portable;
use rustix::net::sockopt::{socket_domain, socket_type};
use rustix::net::{AddressFamily, SendFlags, SocketType};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::tasks::Tasks;
use super::{Role, listener, off_main, role, set_role};
use crate::page::Page;
use crate::platform;
use crate::shared_bytes;
use crate::wire::control::{Control, Hello, Setup, ToWorker};

/// Set in workers and, since it is inherited, in what they start: how deep below the program the process is.
pub(crate) const VARIABLE: &str = "CONCURRENT_FUTURES_WORKER";

/// How deep below the program this process is; 0: it is the program, or was not started by a worker.
pub(crate) fn depth() -> u32 {
    env::var(VARIABLE).ok().and_then(|depth| depth.parse().ok()).unwrap_or(0)
}

/// What `worker_entry!` calls before `main`.
#[doc(hidden)]
pub extern "C" fn __enter() {
    platform::ignore_broken_pipes();
    enter();
}

/// What `init` calls.
pub(super) fn enter_on_main() {
    if role() == Role::Unknown && off_main::is_here() && !platform::is_privileged() {
        return off_main::refuse();
    }
    enter();
}

fn enter() {
    if role() != Role::Unknown || platform::is_privileged() {
        return;
    }
    if !is_worker() {
        return set_role(Role::Program);
    }
    set_role(Role::Worker);
    let Err(error) = become_worker();
    complain(&error);
    std::process::exit(NO_WORKER);
}

/// The exit code of a worker that could not become one.
pub(super) const NO_WORKER: i32 = 112;

/// What a worker inherits besides the variable no other process does: the control socket as standard input. A process
/// that a worker has started has the variable too, and `/dev/null` there.
pub(super) fn is_worker() -> bool {
    let stdin = rustix::stdio::stdin();
    env::var_os(VARIABLE).is_some()
        && socket_domain(stdin).is_ok_and(|domain| domain == AddressFamily::UNIX)
        && socket_type(stdin).is_ok_and(|kind| kind == SocketType::SEQPACKET)
}

/// Never returns but with an error.
fn become_worker() -> io::Result<std::convert::Infallible> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::thread::set_name(c"pool worker")?;
    let control = Arc::new(Control::from_fd(take_standard_input()?));
    let Some((message, mut descriptors)) = control.receive()? else { listener::die() };
    let (ToWorker::Setup(setup), Some(page)) = (ToWorker::read(&message)?, descriptors.pop()) else {
        return Err(io::Error::other("the first message was no setup"));
    };
    if getppid().map(Pid::as_raw_nonzero).is_none_or(|parent| parent.get() as u32 != setup.parent) {
        // It died before the death signal was set.
        listener::die();
    }
    let page = Arc::new(Page::open(page.as_fd())?);
    shared_bytes::become_borrower();
    #[cfg(feature = "log")]
    if let Some(level) = crate::parent::logs::filter_of(setup.log_level) {
        super::logs::forward(control.clone(), level);
    }
    start_tasks(setup, page, control.clone())?;
    listener::listen(&control)
}

fn start_tasks(setup: Setup, page: Arc<Page>, control: Arc<Control>) -> io::Result<()> {
    let builder = thread::Builder::new().name(setup.name.clone()).stack_size(setup.stack_size);
    builder.spawn(move || {
        portable::bound_stack(setup.stack_size);
        run_tasks(setup, page, control)
    })?;
    Ok(())
}

fn run_tasks(setup: Setup, page: Arc<Page>, control: Arc<Control>) -> ! {
    match Tasks::begin(&setup, page, &control) {
        Ok(mut tasks) => {
            let code = match tasks.serve() {
                Ok(()) => 0,
                Err(error) => {
                    complain(&error);
                    NO_WORKER
                }
            };
            std::process::exit(code);
        }
        Err(error) => {
            let text = error.to_string();
            // If the parent doesn't hear it, it sees the exit.
            let _ = control.send(&Hello::Refused(text).write(), &[], SendFlags::empty());
            std::process::exit(NO_WORKER);
        }
    }
}

/// Takes the control socket away from where programs read, before anybody does.
pub(super) fn take_standard_input() -> io::Result<OwnedFd> {
    let control = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(control)
}

#[expect(clippy::print_stderr, reason = "the parent isn't there, or can't be told")]
fn complain(error: &io::Error) {
    eprintln!("concurrent-futures: worker {} can't work: {error}", std::process::id());
}
