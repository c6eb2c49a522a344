//! Workers that die while something large is on its way, to them or from them..

mod common;

use std::thread;

use common::{AT_ONCE, Death, SEGFAULT, bounded, death_of, kill, pool, square, stop, where_am_i};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{Bytes, Future, Shutdown, TaskError, TaskOptions, worker_entry};
use serde::{Deserialize, Serialize, Serializer};

worker_entry!();

/// The pipe is full and the worker doesn't read: what it has not begun runs elsewhere.
#[test]
fn x13_a_worker_that_dies_while_a_large_task_is_written_to_it_has_not_begun_it() {
    bounded(|| {
        let pool = pool(1);
        let pid = pool.submit(where_am_i, ()).result().unwrap();
        stop(pid);
        let large = Bytes::from(vec![7; 64 << 20]);
        let sum = |bytes: Bytes| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        let futures = [pool.submit(sum, large.clone()), pool.submit(sum, large)];
        assert!(futures.iter().all(|future| !future.running()));
        kill(pid);
        for future in futures {
            assert_eq!(future.result().unwrap(), 7 * (64 << 20));
        }
    });
}

/// CPython `test_crash_big_data`.
#[test]
fn x13_many_large_tasks_that_crash_all_end() {
    bounded(|| {
        let pool = pool(2);
        let crash = |bytes: Vec<u8>| -> u64 { if bytes.len() > 5 { SEGFAULT.die() } else { 1 } };
        let futures: Vec<_> = (0..6).map(|_| pool.submit(crash, vec![1; 1 << 20])).collect();
        let good = pool.submit(crash, vec![1; 2]);
        for future in futures {
            death_of(future);
        }
        assert_eq!(good.result().unwrap(), 1);
    });
}

/// A result during whose journey the worker dies: sooner or later.
#[derive(Debug, Deserialize)]
struct Doomed {
    bytes: Bytes,
    #[serde(skip)]
    after: u64,
}

impl Serialize for Doomed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let after = self.after;
        thread::spawn(move || {
            (0..after * 20_000).for_each(|n| _ = std::hint::black_box(n));
            Death::Signal(libc::SIGKILL).die();
        });
        #[derive(Serialize)]
        struct Same<'a> {
            bytes: &'a Bytes,
        }
        Same { bytes: &self.bytes }.serialize(serializer)
    }
}

#[test]
fn x14_a_result_that_is_half_written_when_the_worker_dies_ends_its_own_task() {
    bounded(|| {
        let pool = pool(1);
        let (mut whole, mut died) = (0, 0);
        for after in 0..24 {
            let make = |after: u64| Doomed { bytes: Bytes::from(vec![3; 16 << 20]), after };
            match pool.submit(make, after).result() {
                Ok(doomed) => {
                    assert!(doomed.bytes.len() == 16 << 20 && doomed.bytes.iter().all(|&byte| byte == 3));
                    whole += 1;
                }
                Err(TaskError::WorkerDied(_)) => died += 1,
                Err(other) => panic!("{other:?}"),
            }
            assert_eq!(pool.submit(square, 3).result().or_else(is_death), Ok(9));
        }
        assert!(died > 0, "{whole} of 24 arrived");
    });
}

/// The next task may have been begun by the doomed worker.
fn is_death(error: TaskError) -> Result<u64, String> {
    match error {
        TaskError::WorkerDied(_) => Ok(9),
        other => Err(other.to_string()),
    }
}

/// Pebble `deadlock on cancel large data`.
#[test]
fn x24_aborts_and_deadlines_of_large_tasks_and_then_a_kill_all_end() {
    bounded(|| {
        let pool = pool(2);
        let large = Bytes::from(vec![0; 32 << 20]);
        let keeper = Gatekeeper::new();
        let hold = |(gate, bytes): (Gate, Bytes)| {
            gate.pass(1);
            bytes
        };
        let soon = TaskOptions::new().deadline(std::time::Duration::from_millis(20));
        let mut futures: Vec<Future<Bytes>> = Vec::new();
        for _ in 0..5 {
            futures.push(pool.submit(hold, (keeper.gate(), large.clone())));
            futures.push(pool.submit_with(soon.clone(), hold, (keeper.gate(), large.clone())));
        }
        keeper.await_arrivals(2);
        futures.iter().step_by(2).for_each(|future| assert!(future.abort(AT_ONCE)));
        futures[1].wait();
        assert!(pool.shutdown(Shutdown::kill(AT_ONCE)).is_complete());
        for future in futures {
            let outcome = future.result();
            let is_expected =
                matches!(outcome, Err(TaskError::Cancelled | TaskError::DeadlineExceeded(_) | TaskError::Abandoned(_)));
            assert!(is_expected, "{outcome:?}");
        }
    });
}
