//! A process and its descendants.

use std::fs;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// Kills a process and whoever descends from it: a hung contestant's children may hang too.
pub(crate) fn kill(process: u32) {
    let family = descendants(process).unwrap_or_default();
    for process in std::iter::once(process).chain(family) {
        // Who has ended meanwhile needs no signal.
        let _ = pid(process).map(|pid| kill_process(pid, Signal::KILL));
    }
}

/// Whoever descends from a process; `None` from a kernel that doesn't tell.
pub(crate) fn descendants(process: u32) -> Option<Vec<u32>> {
    let mut found = children(process)?;
    let mut visited = 0;
    while let Some(&process) = found.get(visited) {
        // Who has ended meanwhile has no directory.
        found.extend(children(process).unwrap_or_default());
        visited += 1;
    }
    Some(found)
}

/// Waits until a process has ended; whether it has.
pub(crate) fn ends_within(process: u32, limit: Duration) -> bool {
    let handle = pid(process).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    // One that has been waited for has no handle.
    let Some(handle) = handle else { return true };
    let limit = Timespec::try_from(limit).ok();
    poll(&mut [PollFd::new(&handle, PollFlags::IN)], limit.as_ref()).is_ok_and(|ended| ended > 0)
}

fn pid(process: u32) -> Option<Pid> {
    Pid::from_raw(process.try_into().ok()?)
}

/// Each thread has the children that it started; one that ends gives them to another.
fn children(process: u32) -> Option<Vec<u32>> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let lists = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let numbers = |list: String| list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<_>>();
    lists.map(numbers).reduce(|mut all, some| {
        all.extend(some);
        all
    })
}
