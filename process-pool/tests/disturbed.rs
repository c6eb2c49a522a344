//! Workers that are killed or stopped from outside, at the worst moments: each was found by `every_future_ends`.

mod common;

use std::thread;
use std::time::Duration;

use concurrent_futures_conformance::{Gate, Gatekeeper, LIMIT, watchdog};
use concurrent_futures_process_pool::{Bytes, ProcessPool, Shutdown, TaskError, TaskOptions, worker_entry};
use rustix::process::{Pid, Signal, kill_process};

worker_entry!();

/// The only worker of a pool, with nothing to do.
fn idle_worker(pool: &ProcessPool) -> Pid {
    let pid = pool.submit(|()| std::process::id(), ()).result().unwrap();
    Pid::from_raw(pid.cast_signed()).unwrap()
}

/// Waits until no task waits in the pool's queue.
fn await_empty_queue(pool: &ProcessPool) {
    while pool.stats().pending > 0 {
        thread::yield_now();
    }
}

#[test]
fn a_worker_that_is_killed_while_it_is_sent_something_large_holds_nobody_up() {
    watchdog(LIMIT, "large", || {
        let pool = ProcessPool::new(1).unwrap();
        for in_frame in [false, true] {
            let worker = idle_worker(&pool);
            common::stop(worker.as_raw_nonzero().get().cast_unsigned());
            let future = if in_frame {
                pool.submit(|bytes: Vec<u8>| bytes.len(), vec![7; 4 << 20])
            } else {
                pool.submit(|bytes: Bytes| bytes.len(), vec![7; 4 << 20].into())
            };
            await_empty_queue(&pool);
            // The supervisor is writing now, or about to, and the worker doesn't read.
            assert!(!future.wait_timeout(Duration::from_millis(100)));
            kill_process(worker, Signal::KILL).unwrap();
            assert_eq!(future.result().unwrap(), 4 << 20, "it had not begun, so another worker ran it");
        }
    });
}

#[test]
fn a_kill_ends_a_pool_whose_stopped_worker_is_being_sent_something_large() {
    watchdog(LIMIT, "kill", || {
        let pool = ProcessPool::new(1).unwrap();
        common::stop(idle_worker(&pool).as_raw_nonzero().get().cast_unsigned());
        let future = pool.submit(|bytes: Bytes| bytes.len(), vec![7; 4 << 20].into());
        await_empty_queue(&pool);
        assert!(!future.wait_timeout(Duration::from_millis(100)));
        assert!(pool.shutdown(Shutdown::kill(Duration::ZERO)).is_complete());
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
    });
}

#[test]
fn a_deadline_also_ends_the_wait_for_a_worker_that_was_stopped_before_it_began() {
    watchdog(LIMIT, "deadline", || {
        let pool = ProcessPool::new(1).unwrap();
        for bytes in [10, 4 << 20] {
            common::stop(idle_worker(&pool).as_raw_nonzero().get().cast_unsigned());
            let options = TaskOptions::new().deadline(Duration::from_millis(200));
            let future = pool.submit_with(options, |bytes: Bytes| bytes.len(), vec![7; bytes].into());
            assert_eq!(future.result().unwrap(), bytes, "it had not begun, so another worker ran it");
        }
    });
}

#[test]
fn a_deadline_does_not_end_another_task_in_a_stopped_worker() {
    watchdog(LIMIT, "another", || {
        let pool = ProcessPool::new(1).unwrap();
        let keeper = Gatekeeper::new();
        let worker = idle_worker(&pool);
        let first = pool.submit(|gate: Gate| gate.pass(0), keeper.gate());
        keeper.await_arrivals(1);
        common::stop(worker.as_raw_nonzero().get().cast_unsigned());
        let options = TaskOptions::new().deadline(Duration::from_millis(10));
        let second = pool.submit_with(options, |()| std::process::id(), ());
        assert!(!second.wait_timeout(Duration::from_millis(100)));
        keeper.open();
        kill_process(worker, Signal::CONT).unwrap();
        first.result().unwrap();
        assert_eq!(second.result().unwrap().cast_signed(), worker.as_raw_nonzero().get());
    });
}

#[test]
fn a_worker_is_not_replaced_for_a_deadline_before_the_deadline() {
    watchdog(LIMIT, "no replacement", || {
        let pool = ProcessPool::new(1).unwrap();
        let worker = idle_worker(&pool);
        for _ in 0..100 {
            let options = TaskOptions::new().deadline(LIMIT);
            let future = pool.submit_with(options, |()| std::process::id(), ());
            assert_eq!(future.result().unwrap().cast_signed(), worker.as_raw_nonzero().get());
        }
        assert_eq!(pool.restarts(), 0);
    });
}

#[test]
fn a_deadline_of_nothing_ends_a_task_and_not_the_pool() {
    watchdog(LIMIT, "nothing", || {
        let pool = ProcessPool::new(1).unwrap();
        for _ in 0..20 {
            let options = TaskOptions::new().deadline(Duration::ZERO);
            let outcome = pool.submit_with(options, |()| thread::park(), ()).result();
            assert!(matches!(outcome, Err(TaskError::DeadlineExceeded(_))), "{outcome:?}");
        }
    });
}
