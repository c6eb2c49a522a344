//! What a fresh worker costs.

use std::process::{Command, Stdio};
use std::thread;

use super::primitive;
use crate::contestant::Contestant;

/// A thread that does nothing: started and joined.
#[must_use]
pub fn thread_start(times: usize) -> Contestant {
    primitive("floor: start and join a thread", times, || |_| thread::spawn(|| {}).join().expect("it does nothing"))
}

/// The smallest program there is, started and waited for: `true`.
#[must_use]
pub fn process_start(times: usize) -> Contestant {
    primitive("floor: start and await a process", times, || {
        |_| {
            let status = Command::new("true").stdin(Stdio::null()).status();
            assert!(status.expect("`true` is everywhere").success());
        }
    })
}
