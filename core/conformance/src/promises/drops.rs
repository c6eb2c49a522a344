//! What a task took and gave is gone soon, every copy of it: the one that was sent, and those that were made of its bytes.
//! Fits any executor.

use std::sync::Arc;
use std::thread;

use concurrent_futures_core::{ExecutorExt, MapOptions};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::tasks::{Mortal, square};
use crate::{Backend, Gate, Gatekeeper};

/// Says at its gate when it is made of bytes, and when it is dropped.
struct Witness(Gate);

const MADE: u64 = 1;
const GONE: u64 = 2;

impl Serialize for Witness {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Witness {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let gate = Gate::deserialize(deserializer)?;
        gate.announce(MADE);
        Ok(Self(gate))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.announce(GONE);
    }
}

fn take(witness: Witness) -> u16 {
    drop(witness);
    5
}

fn give(gate: Gate) -> Witness {
    Witness(gate)
}

/// Blocks until the original is gone, and every copy; no copy may be made any more.
fn await_that_all_are_gone(keeper: &Gatekeeper) {
    let count = |tag| keeper.arrivals().iter().filter(|arrived| **arrived == tag).count();
    let copies = count(MADE);
    keeper.await_arrivals(copies + 1 + copies);
    assert_eq!((count(MADE), count(GONE)), (copies, 1 + copies));
}

/// E-14, P-27. CPython `test_no_stale_references`, `test_ressources_gced_in_workers`: whether the future is kept or not.
pub fn what_a_task_took_is_gone_with_its_end<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let kept = executor.submit(take, Witness(keeper.gate()));
    kept.wait();
    await_that_all_are_gone(&keeper);
    assert_eq!(kept.result().unwrap(), 5);

    let keeper = Gatekeeper::new();
    executor.submit(take, Witness(keeper.gate())).detach();
    executor.submit(square, 1).wait();
    await_that_all_are_gone(&keeper);
}

/// E-14, E-15: what a task gave lives as long as somebody may want it, and leaves nothing behind where it was made.
pub fn what_a_task_gave_is_gone_when_nobody_wants_it<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let witness = executor.submit(give, keeper.gate()).result().unwrap();
    drop(witness);
    await_that_all_are_gone(&keeper);

    let keeper = Gatekeeper::new();
    executor.submit(give, keeper.gate()).detach();
    executor.submit(square, 1).wait();
    await_that_all_are_gone(&keeper);
}

/// W-17. CPython `test_free_reference`: a map keeps no result that it has yielded, with chunks or without.
pub fn a_map_keeps_nothing_that_it_yielded<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    for options in [MapOptions::new(), MapOptions::new().chunk_size(1), MapOptions::new().chunk_size(3).unordered()] {
        let mut sum = 0;
        for result in executor.map_with(options.clone(), Mortal::new, 0..10) {
            let mortal = result.unwrap();
            let life = Arc::downgrade(&mortal.life);
            sum += mortal.number;
            drop(mortal);
            assert!(life.upgrade().is_none(), "{options:?}");
        }
        assert_eq!(sum, 45);
    }
}

/// Panics when it is dropped, unless somebody has made it harmless, or it was made of bytes.
struct Grenade {
    number: u64,
    is_live: bool,
}

impl Grenade {
    fn live(number: u64) -> Self {
        Self { number, is_live: true }
    }

    fn defuse(mut self) -> u64 {
        self.is_live = false;
        self.number
    }
}

impl Drop for Grenade {
    fn drop(&mut self) {
        assert!(!self.is_live || thread::panicking(), "a destructor panics, as this test wants it");
    }
}

impl Serialize for Grenade {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Grenade {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|number| Self { number, is_live: false })
    }
}

/// Loky `call_item_gc_crash_or_exit`: an argument whose destructor panics where nobody can be told. Its task is fine,
/// and so is the next.
pub fn an_argument_that_panics_when_dropped_hurts_nobody<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    assert_eq!(executor.submit(Grenade::defuse, Grenade::live(5)).result().unwrap(), 5);
    assert_eq!(executor.submit(square, 3).result().unwrap(), 9);
    for chunk in [1, 3] {
        let options = MapOptions::new().chunk_size(chunk);
        let numbers: Result<Vec<u64>, _> =
            executor.map_with(options, Grenade::defuse, (0..7).map(Grenade::live)).collect();
        assert_eq!(numbers.unwrap(), [0, 1, 2, 3, 4, 5, 6], "in chunks of {chunk}");
    }
}

/// the same of a result, wanted or not.
pub fn a_result_that_panics_when_dropped_hurts_nobody<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let wanted = executor.submit(Grenade::live, 5).result().unwrap();
    assert_eq!(wanted.defuse(), 5);
    executor.submit(Grenade::live, 6).detach();
    assert_eq!(executor.submit(square, 3).result().unwrap(), 9);
    for chunk in [1, 3] {
        let options = MapOptions::new().chunk_size(chunk);
        let grenades = executor.map_with(options, Grenade::live, 0..7);
        let numbers: Vec<u64> = grenades.map(|grenade| grenade.unwrap().defuse()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6], "in chunks of {chunk}");
    }
}
