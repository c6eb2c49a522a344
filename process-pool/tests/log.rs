//! Log records of workers, which come to the logger of this process. G1, G2.
//!
//! The logger is the whole process's: what it does with a record stands in the record's target, and the tests look for
//! their own.

mod common;

use std::fmt;
use std::sync::{Barrier, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use common::{AT_ONCE, Death, SEGFAULT, bounded, pool, where_am_i};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{PoolHandle, ProcessPool, Shutdown, TaskOptions, worker_entry};
use log::kv::{Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};

worker_entry!();

#[derive(Debug, Clone)]
struct Heard {
    level: log::Level,
    target: String,
    message: String,
    place: (Option<String>, Option<String>, Option<u32>),
    pairs: Vec<String>,
}

#[derive(Default)]
struct Ears {
    heard: Vec<Heard>,
    /// Records of the target `door` are held up as long as it is closed.
    is_closed: bool,
}

static EARS: Mutex<Ears> = Mutex::new(Ears { heard: Vec::new(), is_closed: false });
static CHANGED: Condvar = Condvar::new();

fn ears() -> MutexGuard<'static, Ears> {
    EARS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pool that records of the target `the end` shut down, once two of them are here.
static TO_SHUT_DOWN: Mutex<Option<PoolHandle>> = Mutex::new(None);
static BOTH: Barrier = Barrier::new(2);

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() != "unwanted"
    }

    fn log(&self, record: &Record<'_>) {
        assert!(record.target() != "panics", "in the logger, as this test wants it");
        let mut pairs = Pairs(Vec::new());
        record.key_values().visit(&mut pairs).unwrap();
        if record.target() == "the end" {
            // Both are here before either goes on.
            BOTH.wait();
            let handle = TO_SHUT_DOWN.lock().unwrap().clone().expect("the test has left it there");
            handle.shutdown(Shutdown::drain());
        }
        let heard = Heard {
            level: record.level(),
            target: record.target().to_owned(),
            message: record.args().to_string(),
            place: (record.module_path().map(str::to_owned), record.file().map(str::to_owned), record.line()),
            pairs: pairs.0,
        };
        let mut ears = ears();
        while ears.is_closed && heard.target == "door" {
            ears = CHANGED.wait(ears).unwrap();
        }
        ears.heard.push(heard);
        CHANGED.notify_all();
    }

    fn flush(&self) {}
}

struct Pairs(Vec<String>);

impl<'kvs> VisitSource<'kvs> for Pairs {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        self.0.push(format!("{key}={value}"));
        Ok(())
    }
}

/// A pool of one worker that forwards what it logs.
fn forwarding() -> ProcessPool {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Logger).unwrap();
        log::set_max_level(LevelFilter::Info);
    });
    ProcessPool::builder().max_workers(1).forward_logs().build().unwrap()
}

fn heard_by(target: &str) -> Vec<Heard> {
    ears().heard.iter().filter(|heard| heard.target == target).cloned().collect()
}

fn messages(target: &str) -> Vec<String> {
    heard_by(target).into_iter().map(|heard| heard.message).collect()
}

/// Text that a record is made of only when it is wanted.
struct Loud;

impl fmt::Display for Loud {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("nobody wants this record")
    }
}

#[test]
fn a_record_arrives_with_all_that_belongs_to_it() {
    bounded(|| {
        let pool = forwarding();
        let say = |n: u32| {
            log::warn!(target: "whole", path = "/one", size = 7; "the number is {n}");
            (std::process::id(), line!() - 1)
        };
        let future = pool.submit_with(TaskOptions::new().label("resize"), say, 5);
        let id = future.id();
        let (pid, line) = future.result().unwrap();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        let heard = heard_by("whole");
        assert_eq!(heard.len(), 1);
        assert_eq!((heard[0].level, heard[0].message.as_str()), (log::Level::Warn, "the number is 5"));
        assert_eq!(heard[0].place, (Some(module_path!().to_owned()), Some(file!().to_owned()), Some(line)));
        let id = id.as_u64();
        let known = format!("worker=0 worker.pid={pid} task.id={id} task.label=resize path=/one size=7");
        assert_eq!(heard[0].pairs.join(" "), known);
    });
}

/// G1
#[test]
fn g1_what_was_logged_just_before_a_worker_ends_is_not_lost() {
    bounded(|| {
        let pool = forwarding();
        let say_and_die = |death: Death| -> u64 {
            log::error!(target: "last", "{death:?}");
            death.die()
        };
        let deaths = [Death::Abort, Death::Exit(0), Death::Exit(3), SEGFAULT, Death::Signal(libc::SIGKILL)];
        for death in deaths {
            assert!(pool.submit(say_and_die, death).result().is_err());
        }
        let say_and_panic = |text: String| -> u64 {
            log::error!(target: "last", "{text}");
            panic!("as this test wants it");
        };
        assert!(pool.submit(say_and_panic, "panics".into()).error().is_some());
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        let expected: Vec<String> = deaths.iter().map(|death| format!("{death:?}")).chain(["panics".into()]).collect();
        assert_eq!(messages("last"), expected);
    });
}

#[test]
fn the_level_and_the_logger_of_the_parent_decide() {
    bounded(|| {
        let pool = forwarding();
        let say = |()| {
            log::debug!(target: "levels", "{Loud}");
            log::info!(target: "levels", "info");
            log::info!(target: "unwanted", "the parent's logger doesn't want it");
            (log::max_level() as usize, log::log_enabled!(log::Level::Debug))
        };
        assert_eq!(pool.submit(say, ()).result().unwrap(), (LevelFilter::Info as usize, false));
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(messages("levels"), ["info"]);
        assert!(messages("unwanted").is_empty());
    });
}

#[test]
fn the_initializer_and_all_threads_of_a_worker_are_heard() {
    bounded(|| {
        drop(forwarding());
        let builder = ProcessPool::builder().max_workers(1).forward_logs();
        let begin = |()| (0..100).for_each(|n| log::info!(target: "threads", "initializer {n}"));
        let pool = builder.initializer(begin, ()).build().unwrap();
        let say = |threads: u64| {
            std::thread::scope(|scope| {
                for thread in 0..threads {
                    scope.spawn(move || (0..500).for_each(|n| log::info!(target: "threads", "{thread} {n}")));
                }
            });
        };
        pool.submit(say, 4).result().unwrap();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        let messages = messages("threads");
        for speaker in ["initializer", "0", "1", "2", "3"] {
            let spoken: Vec<_> =
                messages.iter().filter_map(|text| text.strip_prefix(speaker)?.strip_prefix(' ')).collect();
            let count = if speaker == "initializer" { 100 } else { 500 };
            assert!(
                spoken.into_iter().eq((0..count).map(|n| n.to_string()).collect::<Vec<_>>()),
                "{speaker}, in order"
            );
        }
    });
}

/// G2, D3
#[test]
fn g2_a_logger_that_blocks_holds_nobody_up_and_what_is_lost_is_counted() {
    const RECORDS: u64 = 5_000;
    bounded(|| {
        let pool = forwarding();
        ears().is_closed = true;
        let say = |count: u64| (0..count).for_each(|n| log::info!(target: "door", "{n:0100}"));
        pool.submit(say, RECORDS).result().unwrap();
        // The pool works on, and a shutdown waits no longer than it may.
        pool.submit(where_am_i, ()).result().unwrap();
        let bounded_wait = pool.handle();
        ears().is_closed = false;
        CHANGED.notify_all();
        // This one finds room, and tells how many did not.
        let mut tries = 0;
        while messages("concurrent_futures").is_empty() {
            tries += 1;
            pool.submit(|()| log::info!(target: "behind", "the door"), ()).result().unwrap();
        }
        ears().is_closed = true;
        pool.submit(say, 1).result().unwrap();
        bounded_wait.shutdown(Shutdown::drain().within(Duration::from_millis(50)));
        ears().is_closed = false;
        CHANGED.notify_all();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        let arrived = (messages("door").len() + messages("behind").len()) as u64;
        let told = messages("concurrent_futures");
        let lost: u64 = told.iter().map(|text| text.split(' ').next().unwrap().parse::<u64>().unwrap()).sum();
        assert!(lost > 0, "{told:?}");
        assert_eq!(arrived + lost, RECORDS + tries + 1);
        assert!(told[0].contains("log records of worker 0 (process "), "{told:?}");
    });
}

#[test]
fn a_logger_that_panics_hurts_nobody() {
    bounded(|| {
        let pool = forwarding();
        let say = |target: String| log::info!(target: &target, "{target}");
        for target in ["panics", "behind the panic"] {
            pool.submit(say, target.into()).result().unwrap();
        }
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(messages("behind the panic"), ["behind the panic"]);
    });
}

/// D2: each would wait until the other has handed over all its records.
#[test]
fn loggers_that_shut_their_pool_down_wait_for_each_other_no_more_than_a_callback_does() {
    bounded(|| {
        drop(forwarding());
        let (pool, keeper) = (ProcessPool::builder().max_workers(2).forward_logs().build().unwrap(), Gatekeeper::new());
        *TO_SHUT_DOWN.lock().unwrap() = Some(pool.handle());
        let say = |gate: Gate| {
            log::error!(target: "the end", "of it all");
            gate.pass(0);
        };
        let futures = [(); 2].map(|()| pool.submit(say, keeper.gate()));
        keeper.await_arrivals(2);
        keeper.open();
        futures.into_iter().for_each(|future| future.result().unwrap());
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(messages("the end").len(), 2);
    });
}

#[test]
fn a_record_of_any_length_arrives_cut() {
    bounded(|| {
        let pool = forwarding();
        let say = |length: usize| log::info!(target: "long", "{}", "ä".repeat(length));
        pool.submit(say, 1_000_000).result().unwrap();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert_eq!(messages("long"), ["ä".repeat(16 * 1024)]);
    });
}

#[test]
fn a_kill_while_a_worker_logs_without_end_ends() {
    bounded(|| {
        let pool = forwarding();
        let endless = pool.submit(
            |()| -> u64 {
                loop {
                    log::info!(target: "endless", "on and on");
                }
            },
            (),
        );
        while messages("endless").is_empty() {
            std::thread::yield_now();
        }
        assert!(pool.shutdown(Shutdown::kill(AT_ONCE)).is_complete());
        assert!(endless.error().is_some());
    });
}

#[test]
fn nothing_is_forwarded_unasked() {
    bounded(|| {
        drop(forwarding());
        let pool = pool(1);
        let say = |()| {
            log::error!(target: "unasked", "nobody hears it");
            log::max_level() as usize
        };
        assert_eq!(pool.submit(say, ()).result().unwrap(), 0, "the worker has no logger");
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        assert!(messages("unasked").is_empty());
    });
}
