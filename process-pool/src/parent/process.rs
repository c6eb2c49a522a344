//! A child process that nobody mistakes for another.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ExitStatus};

use concurrent_futures_core::sync::Mutex;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid};

/// A worker's process, with the group that it leads.
///
/// Its number belongs to it until it is reaped, and it is reaped in one place, after which nothing is sent to it any more.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    pidfd: OwnedFd,
    child: Mutex<Option<Child>>,
}

impl Process {
    /// Takes charge of a child that has just been started.
    pub(crate) fn new(mut child: Child) -> io::Result<Self> {
        let pid = Pid::from_child(&child);
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Self { pid, pidfd, child: Mutex::new(Some(child)) }),
            Err(error) => {
                // Nobody could watch it.
                child.kill()?;
                child.wait()?;
                Err(error.into())
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Kills the process and everything in its group.
    pub(crate) fn kill(&self) {
        let child = self.child.lock();
        if child.is_some() {
            // It may have died by itself: then there is nobody left to kill.
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
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
