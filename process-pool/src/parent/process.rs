//! A child process that nobody mistakes for another.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use concurrent_futures_core::sync::Mutex;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, pidfd_open, pidfd_send_signal,
    waitid,
};

use rustix::thread::gettid;

use super::last_words::LastWords;

/// A worker's process, with the group that it leads.
///
/// Its number belongs to it until it is reaped, and it is reaped in one place, after which nothing is sent to it any more.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    pidfd: OwnedFd,
    child: Mutex<Option<Child>>,
    /// What it writes, where that was piped.
    output: Option<Arc<LastWords>>,
    error: Option<Arc<LastWords>>,
    /// It lived when its pool gave it up.
    is_given_up: AtomicBool,
}

impl Process {
    /// Takes charge of a child that has just been started.
    pub(crate) fn new(mut child: Child) -> io::Result<Self> {
        match Self::watched(&mut child) {
            Ok((pidfd, output, error)) => {
                let (pid, child) = (Pid::from_child(&child), Mutex::new(Some(child)));
                Ok(Self { pid, pidfd, child, output, error, is_given_up: AtomicBool::new(false) })
            }
            Err(error) => {
                // Nobody could watch it.
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    fn watched(child: &mut Child) -> io::Result<Watched> {
        let pidfd = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        let output = child.stdout.take().map(LastWords::new).transpose()?.map(Arc::new);
        let error = child.stderr.take().map(LastWords::new).transpose()?.map(Arc::new);
        Ok((pidfd, output, error))
    }

    /// What must be read while the process lives, so that it can write.
    pub(crate) fn pipes(&self) -> impl Iterator<Item = &Arc<LastWords>> {
        self.output.iter().chain(&self.error)
    }

    /// The last lines of its standard error, once it has ended.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.error.as_ref().and_then(|words| words.text())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Kills the process and everything in its group.
    pub(crate) fn kill(&self) {
        let child = self.child.lock();
        if child.is_some() {
            // It may have died by itself: then there is nobody left to kill. It may also have left its group.
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        }
    }

    /// Kills a process whose messages can't be read, or to which none get through. One that is dead already was ended by
    /// somebody else, and that is why.
    pub(crate) fn give_up(&self) {
        if !self.has_ended() {
            // Release: whoever buries it, and knows by that of the kill, says why.
            self.is_given_up.store(true, Ordering::Release);
        }
        self.kill();
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::Acquire)
    }

    fn has_ended(&self) -> bool {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        // Who was buried is nobody's child any more.
        !matches!(waitid(WaitId::PidFd(self.pidfd.as_fd()), ended), Ok(None))
    }

    /// Whether the process was stopped (`SIGSTOP`) and not continued.
    pub(crate) fn is_stopped(&self) -> bool {
        let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        matches!(waitid(WaitId::PidFd(self.pidfd.as_fd()), stopped), Ok(Some(status)) if status.stopped())
    }

    /// Waits for the end, kills what is left of the group if the end was none of its own will, and gives the status.
    ///
    /// # Blocking
    ///
    /// Until the process has ended.
    pub(crate) fn bury(&self) -> io::Result<ExitStatus> {
        while let Err(error) = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        {
            if error != rustix::io::Errno::INTR {
                return Err(error.into());
            }
        }
        let mut child = self.child.lock();
        let Some(mut body) = child.take() else { return Err(io::Error::other("it was buried before")) };
        if !has_left_by_itself(self.pidfd.as_fd()) {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        body.wait()
    }
}

type Watched = (OwnedFd, Option<Arc<LastWords>>, Option<Arc<LastWords>>);

/// A worker that has not said hello.
#[derive(Debug, Clone)]
pub(crate) enum Starting {
    /// This thread starts the process. It waits in the system for the child to become the program: for ever, if somebody
    /// stops the child before.
    Spawning(Pid),
    /// The process is there.
    Process(Arc<Process>),
}

impl Starting {
    /// On the thread that starts a process.
    pub(crate) fn here() -> Self {
        Self::Spawning(gettid())
    }

    /// Kills the process, also one that nobody knows the number of.
    pub(crate) fn kill(&self) {
        match self {
            Self::Process(process) => process.kill(),
            Self::Spawning(thread) => children_of(*thread).for_each(|child| {
                // It is not reaped as long as the thread waits for it, so the number is still its own. If it is there by
                // now, who has started it ends it.
                let _ = kill_process(child, Signal::KILL);
            }),
        }
    }
}

/// The children that a thread of this process has started; none where the system doesn't tell.
fn children_of(thread: Pid) -> impl Iterator<Item = Pid> {
    let thread = thread.as_raw_nonzero();
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/children")).unwrap_or_default();
    let children: Vec<i32> = text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    children.into_iter().filter_map(Pid::from_raw)
}

/// Whether the process ended with code 0: then what it has left behind in its group was left on purpose.
fn has_left_by_itself(pidfd: BorrowedFd<'_>) -> bool {
    let status = waitid(WaitId::PidFd(pidfd), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG);
    matches!(status, Ok(Some(status)) if status.exit_status() == Some(0))
}

impl AsFd for Process {
    /// Becomes readable when the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.get_mut().is_some() {
            self.kill();
            // It has been killed, so this ends.
            let _ = self.bury();
        }
    }
}
