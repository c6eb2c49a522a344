//! A child process that nobody mistakes for another.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ExitStatus};
use std::sync::Arc;

use concurrent_futures_core::sync::Mutex;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid};

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
}

impl Process {
    /// Takes charge of a child that has just been started.
    pub(crate) fn new(mut child: Child) -> io::Result<Self> {
        match Self::watched(&mut child) {
            Ok((pidfd, output, error)) => {
                let (pid, child) = (Pid::from_child(&child), Mutex::new(Some(child)));
                Ok(Self { pid, pidfd, child, output, error })
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
            // It may have died by itself: then there is nobody left to kill.
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
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
