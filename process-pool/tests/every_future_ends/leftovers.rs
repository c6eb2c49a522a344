//! What a pool may have left behind: processes, threads, descriptors, files, shared memory. Also who lives meanwhile.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::ledger;

/// What this process has, but for its children.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Belongings {
    threads: Vec<String>,
    descriptors: Vec<String>,
    shared_memory: usize,
    /// In the directory for temporary files.
    files: BTreeSet<PathBuf>,
}

/// The system takes a thread off its list a moment after the thread was joined, and a process after its parent was told.
const MOMENT: Duration = Duration::from_secs(5);

impl Belongings {
    pub(crate) fn now() -> Self {
        // The threads of the episodes end by themselves, the last one perhaps a moment after it was heard.
        let threads = entries("/proc/self/task".as_ref()).filter_map(|thread| {
            let name = text(thread.join("comm")).trim().to_owned();
            (!name.is_empty() && !name.starts_with("the episode")).then_some(name)
        });
        let descriptors = entries("/proc/self/fd".as_ref()).filter_map(|fd| {
            let to = fs::read_link(&fd).ok()?.to_string_lossy().into_owned();
            // Sockets and the like have a number: it would say that another one is there, which it then is.
            (!to.starts_with("/proc/")).then(|| format!("{} -> {to}", fd.display()))
        });
        let mut belongings = Self {
            threads: threads.collect(),
            descriptors: descriptors.collect(),
            shared_memory: text("/proc/self/maps").matches("concurrent-futures").count(),
            files: entries(&std::env::temp_dir()).collect(),
        };
        belongings.threads.sort();
        belongings.descriptors.sort();
        belongings
    }

    /// Compares with what is there now, in words, once that has settled.
    pub(crate) fn compare(&self) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            let now = Self::now();
            if now == *self {
                return Ok(());
            }
            if begin.elapsed() > MOMENT {
                return Err(format!("before: {self:#?}\nafter: {now:#?}"));
            }
            thread::yield_now();
        }
    }
}

/// Waits until every process that knows this ledger is gone; gives those that stay.
pub(crate) fn processes_of(ledger: &Path) -> Vec<String> {
    let marker = format!("{}={}", ledger::VARIABLE, ledger.display());
    let deadline = Instant::now() + MOMENT;
    let pids = entries("/proc".as_ref()).filter_map(|path| path.file_name()?.to_str()?.parse::<i32>().ok());
    let left = pids.filter(|pid| {
        // First the handle, then the look, so that both are of the same process.
        let handle = handle_of(*pid);
        let is_ours = || has_in_environment(*pid, &marker);
        handle.is_some_and(|handle| is_ours() && !ends_until(&handle, deadline))
    });
    let describe =
        |pid| format!("{pid}: {} {}", text(format!("/proc/{pid}/cmdline")), text(format!("/proc/{pid}/stat")));
    left.map(describe).collect()
}

pub(crate) fn handle_of(pid: i32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()
}

fn has_in_environment(pid: i32, marker: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|&byte| byte == 0).any(|variable| variable == marker.as_bytes())
}

fn ends_until(process: &OwnedFd, deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now());
    let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&timeout)).is_ok_and(|ready| ready > 0)
}

/// The children of this process that exist at one and the same moment.
pub(crate) fn children() -> Vec<i32> {
    let seen: Vec<(i32, String)> =
        listed_children().into_iter().filter_map(|pid| Some((pid, begin_of(pid)?))).collect();
    // Who is there from the first look to the second is there in between.
    seen.into_iter().filter(|(pid, begin)| begin_of(*pid).as_ref() == Some(begin)).map(|(pid, _)| pid).collect()
}

fn listed_children() -> Vec<i32> {
    let lists = entries("/proc/self/task".as_ref()).map(|thread| text(thread.join("children")));
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// When a process began, by which it is told from a later one of the same number.
fn begin_of(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19).map(str::to_owned)
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(directory).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

/// Nothing where it is gone meanwhile.
fn text(path: impl AsRef<Path>) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).replace('\0', " ")
}
