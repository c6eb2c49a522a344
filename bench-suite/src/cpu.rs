//! The processor time of this process and of all its descendants: what a pool of processes really costs.
//!
//! ```text
//!   this process            its CPU clock                               nanoseconds, threads that ended included
//!     ├── a living child    its CPU clock, and so on for its children   nanoseconds
//!     └── a child that was  getrusage(RUSAGE_CHILDREN)                  microseconds, added when it is waited for
//! ```
//!
//! A child that ends between two readings moves from the second line to the third and is counted once. What a living child's
//! own children used before they ended is not seen. The clock of a thread that runs just now is exact too: the kernel brings
//! it up to date for who reads. Children are found in `/proc/PID/task/TID/children`; a kernel without that file (its option
//! `CONFIG_PROC_CHILDREN`) gives no figure rather than one that is too small.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::family;

/// Counts from its start on. What it takes to look after the others is not counted: it happens before and after.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    others: Option<Duration>,
    own: Option<Duration>,
}

impl Meter {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        let others = others();
        Self { others, own: own() }
    }

    /// What was used since then; `None` if it can't be found out.
    #[must_use]
    pub fn used(self) -> Option<Duration> {
        let own = own()?.saturating_sub(self.own?);
        let others = others()?.saturating_sub(self.others?);
        Some(own + others)
    }
}

/// By this process.
fn own() -> Option<Duration> {
    read(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// By those that it has started.
fn others() -> Option<Duration> {
    let living = if has_children() { descendants()? } else { Duration::ZERO };
    Some(living + ended()?)
}

/// One call of the kernel, so that who has no children pays for no search.
fn has_children() -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, look), Err(Errno::CHILD))
}

/// The clocks of all living descendants.
fn descendants() -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for process in family::descendants(std::process::id())? {
        // Who has ended meanwhile has no clock; its time is among the ended ones.
        let clock = i32::try_from(process).ok().and_then(|process| clock_getcpuclockid(Pid::from_raw(process)).ok());
        sum += clock.and_then(read).unwrap_or_default();
    }
    Some(sum)
}

fn ended() -> Option<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let time = |seconds: i64, micros: i64| Duration::from_secs(seconds as u64) + Duration::from_micros(micros as u64);
    let (user, system) = (usage.user_time(), usage.system_time());
    Some(time(user.tv_sec(), user.tv_usec()) + time(system.tv_sec(), system.tv_usec()))
}

fn read(clock: ClockId) -> Option<Duration> {
    clock_gettime(clock).ok().map(Duration::from)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::Meter;

    /// A shell that counts to a hundred thousand, tells it, and lives until its input ends.
    const BUSY: &str = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; read end; true";

    #[test]
    fn a_child_counts_while_it_lives_and_after_its_end() {
        let meter = Meter::start();
        let mut child =
            Command::new("sh").args(["-c", BUSY]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let _ = BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let living = meter.used().unwrap();
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
        let ended = meter.used().unwrap();
        assert!(living > Duration::from_millis(5), "{living:?}");
        // What was seen of the living one doesn't go with it; the clocks differ in precision.
        assert!(ended > living.mul_f64(0.9), "{living:?}, then {ended:?}");
    }
}
