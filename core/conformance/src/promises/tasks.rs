//! What several promises are tested with: tasks, plain functions of one serialisable argument, and a value.

use std::sync::Arc;
use std::thread;

use concurrent_futures_core::task::{self, Stopped};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// A value that can be seen to live, in whichever process it is.
pub(super) struct Mortal {
    pub(super) number: u64,
    pub(super) life: Arc<()>,
}

impl Mortal {
    pub(super) fn new(number: u64) -> Self {
        Self { number, life: Arc::new(()) }
    }
}

impl Serialize for Mortal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Mortal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::new)
    }
}
