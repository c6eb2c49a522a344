//! The tasks that several promises are tested with: plain functions of one serialisable argument.

use std::thread;

use concurrent_futures_core::task::{self, Stopped};

use crate::Gate;

/// Waits at the gate.
pub(super) fn pass((gate, n): (Gate, u64)) -> u64 {
    gate.pass(n);
    n
}

/// Says at the gate that it ran, and goes on.
pub(super) fn announce((gate, n): (Gate, u64)) -> u64 {
    gate.announce(n);
    n
}

/// Waits at the gate and fails.
pub(super) fn pass_and_fail((gate, n): (Gate, u64)) -> Result<u64, String> {
    gate.pass(n);
    Err(format!("{n} fails"))
}

/// Says at the gate that it ran; the multiples of five panic then.
pub(super) fn announce_and_panic_at_fives((gate, n): (Gate, u64)) -> u64 {
    gate.announce(n);
    assert!(!n.is_multiple_of(5), "{n} is a multiple of five");
    n
}

/// Runs until it is asked to stop.
pub(super) fn until_stopped((gate, n): (Gate, u64)) -> Result<u64, Stopped> {
    gate.announce(n);
    loop {
        task::current().check()?;
        thread::yield_now();
    }
}

pub(super) fn square(n: u64) -> u64 {
    n * n
}
