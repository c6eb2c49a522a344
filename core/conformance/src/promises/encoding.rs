//! What can't be turned into bytes, or back, fails alone. For executors that send their tasks away as bytes.

use std::sync::Arc;
use std::sync::mpsc;

use concurrent_futures_core::{
    CodecSide, Executor, ExecutorExt, Future, Job, MapOptions, Reason, Shutdown, TaskError, TaskOptions,
};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::tasks::square;
use crate::{Backend, Gate, Gatekeeper};

/// How a value misbehaves on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Flaw {
    Sound,
    FailsToEncode,
    PanicsToEncode,
    FailsToDecode,
    PanicsToDecode,
}

const FLAWS: [Flaw; 4] = [Flaw::FailsToEncode, Flaw::PanicsToEncode, Flaw::FailsToDecode, Flaw::PanicsToDecode];

impl Flaw {
    /// On which side it shows, of an argument or of a result.
    fn side(self, of_argument: bool) -> CodecSide {
        match (self, of_argument) {
            (Self::FailsToEncode | Self::PanicsToEncode, true) => CodecSide::ArgumentOut,
            (_, true) => CodecSide::ArgumentIn,
            (Self::FailsToEncode | Self::PanicsToEncode, false) => CodecSide::ResultOut,
            (_, false) => CodecSide::ResultIn,
        }
    }
}

/// A value that misbehaves on its way.
#[derive(Debug)]
struct Cargo {
    flaw: Flaw,
    number: u64,
}

impl Serialize for Cargo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.flaw {
            Flaw::FailsToEncode => Err(S::Error::custom("cargo that does not go in")),
            Flaw::PanicsToEncode => panic!("cargo that does not go in"),
            flaw => (flaw, self.number).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Cargo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (flaw, number) = <(Flaw, u64)>::deserialize(deserializer)?;
        match flaw {
            Flaw::FailsToDecode => Err(D::Error::custom("cargo that does not come out")),
            Flaw::PanicsToDecode => panic!("cargo that does not come out"),
            flaw => Ok(Self { flaw, number }),
        }
    }
}

fn unload(cargo: Cargo) -> u64 {
    cargo.number
}

fn load((flaw, number): (Flaw, u64)) -> Cargo {
    Cargo { flaw, number }
}

fn assert_codec<T: std::fmt::Debug>(outcome: Result<T, TaskError>, side: CodecSide) {
    match outcome {
        Err(TaskError::Codec(error)) => {
            assert_eq!(error.side(), side, "{error}");
            assert!(error.type_name().contains("Cargo"), "{error}");
            assert!(error.message().contains("cargo that does not"), "{error}");
        }
        other => panic!("it should have failed on the way: {other:?}"),
    }
}

/// P-16, P-19, X-06 to X-09. CPython `test_error_at_task_pickle`, `…_unpickle`; loky the same; mpi4py `bad_pickle`,
/// `bad_unpickle`; pebble `pickling_error_task`: and the next task on the same executor is fine.
pub fn an_argument_that_does_not_cross_fails_alone<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    for flaw in FLAWS {
        let bad = executor.submit(unload, Cargo { flaw, number: 1 });
        let good = executor.submit(unload, Cargo { flaw: Flaw::Sound, number: 2 });
        assert_codec(bad.result(), flaw.side(true));
        assert_eq!(good.result().unwrap(), 2, "after {flaw:?}");
    }
}

/// P-18, P-20, X-10 to X-12. CPython `test_error_during_result_pickle_on_worker`, `…_unpickle_in_result_handler`; pebble
/// `pickling_error_result`; mpi4py `exc_pickle`, `exc_unpickle`.
pub fn a_result_that_does_not_cross_fails_alone<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    for flaw in FLAWS {
        let bad = executor.submit(load, (flaw, 1));
        let good = executor.submit(load, (Flaw::Sound, 2));
        assert_codec(bad.result(), flaw.side(false));
        assert_eq!(good.result().unwrap().number, 2, "after {flaw:?}");
    }
}

/// P-17. Loky `queue_full_deadlock`: a hundred bad ones among a hundred good ones.
pub fn many_bad_ones_do_not_stop_the_good_ones<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let futures: Vec<(Flaw, Future<u64>)> = (0..200)
        .map(|n: u64| {
            let flaw = if n.is_multiple_of(2) { Flaw::Sound } else { FLAWS[(n / 2 % 4) as usize] };
            (flaw, executor.submit(unload, Cargo { flaw, number: n }))
        })
        .collect();
    for (n, (flaw, future)) in (0..).zip(futures) {
        match flaw {
            Flaw::Sound => assert_eq!(future.result().unwrap(), n),
            flaw => assert_codec(future.result(), flaw.side(true)),
        }
    }
}

/// M3: in a chunk only the bad item fails, and each other one runs once.
pub fn in_a_chunk_only_the_bad_item_fails<B: Backend>(backend: &B) {
    fn note((gate, cargo): (Gate, Cargo)) -> Cargo {
        gate.announce(cargo.number);
        cargo
    }
    fn note_and_load((gate, flaw, number): (Gate, Flaw, u64)) -> Cargo {
        gate.announce(number);
        Cargo { flaw, number }
    }
    let flaws = [Flaw::Sound, FLAWS[0], FLAWS[1], Flaw::Sound, FLAWS[2], FLAWS[3], Flaw::Sound];
    let executor = backend.make(2);
    for chunk in [1, 3, 7] {
        let options = MapOptions::new().chunk_size(chunk);
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let cargo = flaws.iter().zip(0..).map(|(flaw, number)| (gate, Cargo { flaw: *flaw, number }));
        for (flaw, result) in flaws.iter().zip(executor.map_with(options.clone(), note, cargo)) {
            match flaw {
                Flaw::Sound => drop(result.unwrap()),
                flaw => assert_codec(result, flaw.side(true)),
            }
        }
        let mut ran = keeper.arrivals();
        ran.sort_unstable();
        assert_eq!(ran, [0, 3, 6], "bad arguments in chunks of {chunk}");

        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let orders = flaws.iter().zip(0..).map(|(flaw, number)| (gate, *flaw, number));
        for (flaw, result) in flaws.iter().zip(executor.map_with(options, note_and_load, orders)) {
            match flaw {
                Flaw::Sound => drop(result.unwrap()),
                flaw => assert_codec(result, flaw.side(false)),
            }
        }
        let mut ran = keeper.arrivals();
        ran.sort_unstable();
        assert_eq!(ran, (0..7).collect::<Vec<u64>>(), "bad results in chunks of {chunk}");
    }
}

/// A chunk in which nothing can be encoded ends all the same.
pub fn a_chunk_of_bad_items_ends<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let cargo = (0..6).map(|number| Cargo { flaw: Flaw::FailsToEncode, number });
    let results: Vec<_> = executor.map_with(MapOptions::new().chunk_size(3), unload, cargo).collect();
    assert_eq!(results.len(), 6);
    for result in results {
        assert_codec(result, CodecSide::ArgumentOut);
    }
}

/// A closure has no bytes: it is refused with the reason, and nothing else is hurt.
pub fn a_closure_is_refused<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let captured = String::from("captured");
    let (future, job) = Job::new(TaskOptions::new(), move || captured.len());
    executor.execute(job);
    match future.result() {
        Err(TaskError::Rejected(rejected)) => assert_eq!(rejected.reason(), &Reason::NotPortable),
        other => panic!("a closure can't cross: {other:?}"),
    }
    assert_eq!(executor.submit(square, 2).result().unwrap(), 4);
}

/// S-08. CPython `test_shutdown_deadlock_pickle`; loky `shutdown_with_pickle_error`, `…_sys_exit_at_pickle`.
pub fn a_shutdown_after_a_bad_task_ends<B: Backend>(backend: &B) {
    for flaw in FLAWS {
        let executor = backend.make(2);
        let bad = executor.submit(unload, Cargo { flaw, number: 1 });
        executor.shutdown(Shutdown::drain().within(std::time::Duration::ZERO));
        assert_codec(bad.result(), flaw.side(true));
        assert!(executor.shutdown(Shutdown::drain()).is_complete());
    }
}

/// Loky `in_callback_submit_with_crash`: a bad task submitted in a callback.
pub fn a_bad_task_from_a_callback_fails_alone<B: Backend>(backend: &B) {
    let executor = Arc::new(backend.make(1));
    for flaw in FLAWS {
        let (tell, hear) = mpsc::channel();
        let inner = executor.clone();
        let first = executor.submit(square, 3);
        first.add_done_callback(move |_| tell.send(inner.submit(unload, Cargo { flaw, number: 1 })).unwrap());
        assert_codec(hear.recv().unwrap().result(), flaw.side(true));
        assert_eq!(first.result().unwrap(), 9);
    }
}

/// P-26: a failure crosses as text; a panic's payload stays behind.
pub fn failures_cross_as_text<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let failed = executor.submit_fallible(|text: String| text.parse::<u32>(), "x".to_owned());
    match failed.result() {
        Err(TaskError::Failed(failed)) => {
            assert_eq!(failed.type_name(), "core::num::error::ParseIntError");
            assert_eq!(failed.message(), "invalid digit found in string");
        }
        other => panic!("x is no number: {other:?}"),
    }
    match executor.submit(|n: u64| assert!(n == 0, "not zero"), 1).result() {
        Err(TaskError::Panicked(panicked)) => {
            assert_eq!(panicked.message(), "not zero");
            assert!(panicked.take_payload().is_none());
        }
        other => panic!("it should have panicked: {other:?}"),
    }
}
