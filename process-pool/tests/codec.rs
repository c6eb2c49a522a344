//! What can't be turned into bytes or back, on each of the four sides, and serialisers that end the process.,
//! P-15 to P-27.

mod common;

use std::sync::Arc;

use common::{Death, SEGFAULT, bounded, death_of, pool, square, where_am_i};
use concurrent_futures_process_pool::{
    CodecSide, ExecutorExt, ProcessPool, Shutdown, TaskError, set_report_hook, worker_entry,
};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

worker_entry!();

/// What goes wrong with a value on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Flaw {
    Fails,
    Panics,
    Dies(Death),
}

impl Flaw {
    fn show(self) -> String {
        match self {
            Self::Fails => "a flaw in the cargo".to_owned(),
            Self::Panics => panic!("a flaw in the cargo"),
            Self::Dies(death) => death.die(),
        }
    }
}

/// Can't be written.
#[derive(Debug)]
struct Heavy(Flaw);

impl Serialize for Heavy {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom(self.0.show()))
    }
}

impl<'de> Deserialize<'de> for Heavy {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        unreachable!("it is never written")
    }
}

/// Can't be read.
#[derive(Debug, Serialize)]
struct Sealed(Flaw);

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(Flaw::deserialize(deserializer)?.show()))
    }
}

#[track_caller]
fn assert_side<T: std::fmt::Debug>(outcome: Result<T, TaskError>, side: CodecSide, type_name: &str) {
    match outcome {
        Err(TaskError::Codec(error)) => {
            assert_eq!(error.side(), side, "{error}");
            assert!(
                error.type_name().contains(type_name) && error.message().contains("a flaw in the cargo"),
                "{error}"
            );
        }
        other => panic!("{other:?}"),
    }
}

/// The worker is the same before and after.
fn with_one_worker(body: impl FnOnce(&ProcessPool)) {
    let pool = pool(1);
    let pid = pool.submit(where_am_i, ()).result().unwrap();
    body(&pool);
    assert_eq!(pool.submit(where_am_i, ()).result().unwrap(), pid);
    assert_eq!(pool.restarts(), 0);
}

/// CPython `test_error_at_task_pickle`, mpi4py `bad_pickle`.
#[test]
fn x06_x07_an_argument_that_can_not_be_written_fails_alone() {
    bounded(|| {
        with_one_worker(|pool| {
            for flaw in [Flaw::Fails, Flaw::Panics] {
                assert_side(pool.submit(|_: Heavy| (), Heavy(flaw)).result(), CodecSide::ArgumentOut, "Heavy");
            }
        });
    });
}

/// CPython `test_error_at_task_unpickle`, mpi4py `bad_unpickle`, loky `informative_error_when_fail_at_unpickle`.
#[test]
fn x08_an_argument_that_can_not_be_read_in_the_worker_fails_alone() {
    bounded(|| {
        with_one_worker(|pool| {
            for flaw in [Flaw::Fails, Flaw::Panics] {
                assert_side(pool.submit(|_: Sealed| (), Sealed(flaw)).result(), CodecSide::ArgumentIn, "Sealed");
            }
        });
    });
}

/// CPython `test_crash_at_task_unpickle`, `test_exit_at_task_unpickle`.
#[test]
fn x09_an_argument_whose_reading_ends_the_worker_ends_its_own_task() {
    bounded(|| {
        let pool = pool(1);
        for death in [SEGFAULT, Death::Exit(3), Death::Abort] {
            let doomed = pool.submit(|_: Sealed| (), Sealed(Flaw::Dies(death)));
            let next = pool.submit(square, 3);
            death_of(doomed);
            assert_eq!(next.result().unwrap(), 9);
        }
    });
}

/// CPython `test_error_during_result_pickle_on_worker`, pebble `pickling_error_result`.
#[test]
fn x10_a_result_that_can_not_be_written_fails_alone() {
    bounded(|| {
        with_one_worker(|pool| {
            for flaw in [Flaw::Fails, Flaw::Panics] {
                assert_side(pool.submit(Heavy, flaw).result(), CodecSide::ResultOut, "Heavy");
            }
        });
    });
}

/// CPython `test_crash_during_result_pickle_on_worker`.
#[test]
fn x11_a_result_whose_writing_ends_the_worker_ends_its_own_task() {
    bounded(|| {
        let pool = pool(1);
        for death in [SEGFAULT, Death::Exit(3), Death::Abort] {
            let doomed = pool.submit(Heavy, Flaw::Dies(death));
            let next = pool.submit(square, 3);
            death_of(doomed);
            assert_eq!(next.result().unwrap(), 9);
        }
    });
}

/// CPython `test_error_during_result_unpickle_in_result_handler`, `test_exit_during_result_unpickle_in_result_handler`.
#[test]
fn x12_a_result_that_can_not_be_read_in_the_parent_fails_alone() {
    bounded(|| {
        with_one_worker(|pool| {
            for flaw in [Flaw::Fails, Flaw::Panics] {
                assert_side(pool.submit(Sealed, flaw).result(), CodecSide::ResultIn, "Sealed");
            }
        });
    });
}

/// Loky `queue_full_deadlock`.
/// Each holds the next: who reads it needs stack for every one, and much more than who writes it.
#[derive(Debug)]
struct Deep(Option<Box<Deep>>);

impl Deep {
    fn of(depth: u64) -> Self {
        (0..depth).fold(Self(None), |inner, _| Self(Some(Box::new(inner))))
    }

    fn depth(&self) -> u64 {
        std::iter::successors(self.0.as_deref(), |deep| deep.0.as_deref()).count() as u64
    }
}

impl Serialize for Deep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Deep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut wide = [0_u8; 8 * 1024];
        let inner = Option::deserialize(std::hint::black_box((deserializer, &mut wide)).0);
        std::hint::black_box(&mut wide);
        inner.map(Self)
    }
}

#[test]
fn what_is_nested_too_deep_to_be_read_fails_alone_and_ends_neither_the_worker_nor_the_program() {
    with_one_worker(|pool| {
        let worker = pool.submit(where_am_i, ()).result().unwrap();
        assert_eq!(pool.submit(Deep::of, 50).result().unwrap().depth(), 50);
        assert_eq!(pool.submit(|deep: Deep| deep.depth(), Deep::of(50)).result().unwrap(), 50);
        let out = pool.submit(Deep::of, 2_000).result();
        let into = pool.submit(|deep: Deep| deep.depth(), Deep::of(2_000)).result();
        for error in [out.unwrap_err(), into.unwrap_err()] {
            assert!(error.to_string().contains("it is nested deeper than the stack"), "{error}");
        }
        assert_eq!(pool.submit(where_am_i, ()).result().unwrap(), worker, "it lives");
    });
}

#[test]
fn p17_a_hundred_bad_tasks_among_a_hundred_good_ones_stall_nothing() {
    bounded(|| {
        let pool = pool(2);
        let mut good = Vec::new();
        let mut bad = Vec::new();
        for n in 0..100 {
            bad.push(pool.submit(|_: Heavy| (), Heavy(Flaw::Fails)));
            good.push(pool.submit(square, n));
            bad.push(pool.submit(|_: Sealed| (), Sealed(Flaw::Panics)));
        }
        assert!(bad.into_iter().all(|future| matches!(future.result(), Err(TaskError::Codec(_)))));
        assert!(good.into_iter().zip(0..).all(|(future, n)| future.result().unwrap() == square(n)));
    });
}

/// Loky `shutdown_with_pickle_error`, `shutdown_with_sys_exit_at_pickle`, CPython `test_shutdown_deadlock_pickle`. X-18.
#[test]
fn s08_x18_a_shutdown_that_races_with_bad_tasks_ends() {
    bounded(|| {
        for flaw in [Flaw::Fails, Flaw::Panics].repeat(5) {
            let pool = pool(4);
            let handle = pool.handle();
            let submitter = std::thread::spawn(move || {
                (0..50).map(|_| handle.submit(|_: Heavy| (), Heavy(flaw))).all(|future| future.result().is_err())
            });
            pool.shutdown(Shutdown::drain().within(common::AT_ONCE));
            assert!(submitter.join().unwrap());
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
        }
    });
}

/// A value that sees the thread on which it is read in the parent and panics when it is dropped.
#[derive(Debug, Serialize, Deserialize)]
struct Prickly(u64);

impl Drop for Prickly {
    fn drop(&mut self) {
        assert!(self.0 == 0, "a prickly value");
    }
}

#[test]
fn a_value_that_panics_when_it_is_dropped_hurts_no_supervisor() {
    bounded(|| {
        set_report_hook(|_| ());
        with_one_worker(|pool| {
            pool.submit(Prickly, 1).detach();
            assert_eq!(pool.submit(|n: u64| Prickly(n).0, 0).result().unwrap(), 0);
        });
    });
}

/// P-25. Pebble `error_returned`.
#[test]
fn p25_an_error_that_is_a_value_is_a_success() {
    bounded(|| {
        let give = |n: u64| -> Result<u64, String> { Err(format!("{n} is a value")) };
        assert_eq!(pool(1).submit(give, 5).result().unwrap(), Err("5 is a value".to_owned()));
    });
}

/// CPython `test_ressources_gced_in_workers`: what a task took is gone before the worker waits for the next.
#[test]
fn p27_arguments_are_dropped_in_the_worker_with_their_task() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static LIVING: AtomicUsize = AtomicUsize::new(0);

    #[derive(Serialize)]
    struct Counted(u64);
    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            LIVING.fetch_add(1, Ordering::SeqCst);
            u64::deserialize(deserializer).map(Self)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            LIVING.fetch_sub(1, Ordering::SeqCst);
        }
    }
    bounded(|| {
        let pool = pool(1);
        let _there_is_one_in_the_parent = LIVING.fetch_add(1, Ordering::SeqCst);
        assert_eq!(pool.submit(|_: Counted| LIVING.load(Ordering::SeqCst), Counted(1)).result().unwrap(), 1);
        assert_eq!(pool.submit(|(): ()| LIVING.load(Ordering::SeqCst), ()).result().unwrap(), 0);
    });
}

/// P-22. Pebble `large_data`, loky `no_failure_on_large_data_send`.
#[test]
fn p22_a_hundred_megabytes_make_the_round_trip() {
    bounded(|| {
        let pool = pool(1);
        let bytes: Vec<u8> = (0..100 << 20).map(|n: u32| n as u8).collect();
        let bytes = concurrent_futures_process_pool::Bytes::from(bytes);
        assert!(pool.submit(|bytes| bytes, bytes.clone()).result().unwrap() == bytes);
        let texts = vec!["a line of text".to_owned(); 100_000];
        assert!(pool.submit(|texts| texts, texts.clone()).result().unwrap() == texts);
    });
}

/// P-23 and P-26: an error crosses as text, with its type and all its causes.
#[test]
fn p23_p26_an_error_crosses_with_its_type_its_causes_and_its_place() {
    #[derive(Debug)]
    struct NotPortable(std::num::ParseIntError, #[expect(dead_code, reason = "it can't be sent")] Arc<()>);
    impl std::fmt::Display for NotPortable {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no number in the first column")
        }
    }
    impl std::error::Error for NotPortable {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    bounded(|| {
        let pool = pool(1);
        let read = |text: String| text.parse::<u64>().map_err(|error| NotPortable(error, Arc::default()));
        let Err(TaskError::Failed(failed)) = pool.submit_fallible(read, "x".into()).result() else {
            panic!("it should fail")
        };
        assert_eq!(failed.chain(), ["no number in the first column", "invalid digit found in string"]);
        assert!(failed.type_name().ends_with("NotPortable"));
        let line = line!() + 1;
        let Err(TaskError::Panicked(panicked)) = pool.submit(|n: u64| -> u64 { panic!("not {n}") }, 3).result() else {
            panic!("it should panic")
        };
        assert_eq!(panicked.message(), "not 3");
        assert!(panicked.location().unwrap().contains(&format!("codec.rs:{line}:")), "{panicked}");
    });
}

/// P-84, P-21: the same call on any executor.
#[test]
fn a_pool_is_an_executor_behind_a_pointer() {
    bounded(|| {
        let pool: Box<dyn concurrent_futures_process_pool::Executor> = Box::new(pool(1));
        assert_eq!(ExecutorExt::submit(&pool, square, 4).result().unwrap(), 16);
    });
}
