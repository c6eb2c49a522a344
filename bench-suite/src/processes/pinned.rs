//! Everything once more on one core, in a process of its own.
//!
//! Waking a core that is idle takes 5 to 60 us, as the machine likes. On one core nobody is idle while there is something
//! to do: what is left are the switches between threads. Children inherit the core, CPython too.

use std::env;
use std::process::Command;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::comparison::{Comparison, measure};
use crate::session::Session;

/// Set in the process that is pinned.
const VARIABLE: &str = "BENCH_SUITE_PINNED";

/// As [`measure`], then once more in a fresh process on one core.
///
/// # Panics
///
/// If that process fails.
pub fn measure_pinned_too(questions: impl Fn(&Session) -> Vec<Comparison>) {
    if is_pinned() {
        pin();
    }
    measure(questions);
    if !is_pinned() && !Session::from_args().lists_only() {
        again();
    }
}

/// `name`, and that this process is pinned.
#[must_use]
pub fn title(name: &str) -> String {
    let placement = if is_pinned() { ", pinned" } else { "" };
    format!("{name}{placement}")
}

fn is_pinned() -> bool {
    env::var_os(VARIABLE).is_some()
}

fn pin() {
    let allowed = sched_getaffinity(None).expect("a process may ask for its cores");
    let last = (0..CpuSet::MAX_CPU).rev().find(|&core| allowed.is_set(core)).expect("it runs somewhere");
    let mut only = CpuSet::new();
    only.set(last);
    sched_setaffinity(None, &only).expect("a process may keep to one of its cores");
}

fn again() {
    let program = env::current_exe().expect("this program has a path");
    let status = Command::new(program).args(env::args_os().skip(1)).env(VARIABLE, "1").status();
    let status = status.expect("this program can be started again");
    assert!(status.success(), "the pinned run ended with {status}");
}
