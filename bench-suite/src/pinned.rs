//! Keeping to one core.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Keeps this process, and the children that it starts from now on, to the last of its cores.
///
/// # Panics
///
/// If the system refuses.
pub fn pin() {
    let allowed = sched_getaffinity(None).expect("a process may ask for its cores");
    let last = (0..CpuSet::MAX_CPU).rev().find(|&core| allowed.is_set(core)).expect("it runs somewhere");
    let mut only = CpuSet::new();
    only.set(last);
    sched_setaffinity(None, &only).expect("a process may keep to one of its cores");
}
