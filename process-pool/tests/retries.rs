//! Retries after a death, and the quarantine of what kills its workers. X-51.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use common::{AT_ONCE, Diary, LONG, Pen, SEGFAULT, bounded, death_of, final_stats, pool, square};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{
    Future, ProcessPool, Shutdown, State, TaskError, TaskOptions, task, worker_entry,
};

worker_entry!();

fn retries(count: u32) -> TaskOptions {
    TaskOptions::new().retries(count)
}

/// Dies until the attempt with this number.
fn die_until((pen, last): (Pen, u32)) -> u32 {
    let attempt = task::current().attempt();
    pen.write(attempt.into());
    if attempt < last { SEGFAULT.die() } else { attempt }
}

#[test]
fn a_task_that_asked_for_retries_runs_again_after_a_death() {
    bounded(|| {
        let pool = pool(1);
        let diary = Diary::new();
        let future = pool.submit_with(retries(3), die_until, (diary.pen(), 3));
        assert_eq!(future.result().unwrap(), 3);
        assert_eq!(diary.entries(), [1, 2, 3]);
        let stats = final_stats(&pool);
        assert_eq!((stats.finished, stats.failed, pool.restarts()), (1, 0, 2));
    });
}

#[test]
fn after_the_last_retry_the_death_is_the_outcome() {
    bounded(|| {
        let pool = pool(1);
        let diary = Diary::new();
        let died = death_of(pool.submit_with(retries(2), die_until, (diary.pen(), 9)));
        assert_eq!(died.attempt(), 3);
        assert!(died.to_string().contains("attempt 3"), "{died}");
        assert_eq!(diary.entries(), [1, 2, 3]);
        final_stats(&pool);
    });
}

/// what did not ask is never run twice, and what did not die is not run again.
#[test]
fn x51_nothing_runs_twice_that_did_not_ask_for_it_and_die() {
    bounded(|| {
        let pool = pool(1);
        let diary = Diary::new();
        death_of(pool.submit(die_until, (diary.pen(), 9)));
        assert_eq!(diary.entries(), [1]);
        let panic = |pen: Pen| -> u64 {
            pen.write(7);
            panic!("no death")
        };
        let future = pool.submit_with(retries(3), panic, diary.pen());
        assert!(matches!(future.result(), Err(TaskError::Panicked(_))));
        assert_eq!(diary.entries(), [1, 7]);
    });
}

fn note((pen, n): (Pen, u64)) -> u64 {
    pen.write(n);
    n
}

/// Quarantine: what has killed a worker is run again alone, so that it takes nobody along, whatever was sent with it.
#[test]
fn a_task_in_quarantine_takes_nobody_along() {
    bounded(|| {
        let pool = pool(2);
        let diary = Diary::new();
        (0..100).for_each(|n| drop(pool.submit(square, n).result()));
        let killers: Vec<_> =
            (0..4).map(|_| pool.submit_with(retries(3), |_: u64| -> u64 { SEGFAULT.die() }, 1)).collect();
        let good: Vec<_> = (0..300).map(|n| pool.submit(note, (diary.pen(), n))).collect();
        assert!(good.into_iter().zip(0..).all(|(future, n)| future.result().unwrap() == n));
        killers.into_iter().for_each(|killer| assert_eq!(death_of(killer).attempt(), 4));
        assert_eq!(diary.sorted(), (0..300).collect::<Vec<_>>());
        assert_eq!(pool.restarts(), 16);
    });
}

fn die_first_then_wait(gate: Gate) -> u64 {
    let attempt = task::current().attempt().into();
    gate.pass(attempt);
    if attempt == 1 { SEGFAULT.die() } else { attempt }
}

#[test]
fn a_task_that_waits_for_its_retry_stays_running_and_can_be_aborted() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let twice: Future<u64> = pool.submit_with(retries(1), die_first_then_wait, keeper.gate());
        keeper.await_tag(1);
        keeper.open_for(1);
        keeper.await_tag(2);
        assert_eq!(twice.state(), State::Running);
        assert!(!twice.cancel(), "it has begun");
        assert!(twice.abort(AT_ONCE));
        assert!(matches!(twice.result(), Err(TaskError::Cancelled)));
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
        final_stats(&pool);
    });
}

#[test]
fn an_abort_with_a_retry_left_is_no_death_to_retry_after() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let future = pool.submit_with(retries(5), common::pass, (keeper.gate(), 1));
        keeper.await_arrivals(1);
        assert!(future.abort(AT_ONCE));
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        let late = retries(5).deadline(std::time::Duration::from_millis(20));
        let future = pool.submit_with(late, common::pass, (keeper.gate(), 2));
        assert!(matches!(future.result(), Err(TaskError::DeadlineExceeded(_))));
        assert_eq!(keeper.arrivals(), [1, 2]);
    });
}

/// The attempt that was asked to stop dies by itself, within the grace: that is the end of the task.
#[test]
fn what_was_aborted_is_not_tried_again() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let future: Future<u64> = pool.submit_with(retries(1), die_first_then_wait, keeper.gate());
        keeper.await_tag(1);
        assert!(future.abort(LONG));
        keeper.open_for(1);
        assert_eq!(death_of(future).attempt(), 1);
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
        assert_eq!(keeper.arrivals(), [1]);
        final_stats(&pool);
    });
}

/// It is aborted while the worker for its next attempt starts, which fails; that it counts as cancelled is enough.
#[test]
fn what_was_aborted_before_its_pool_broke_is_counted_once() {
    bounded(|| {
        let (tell, told) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let (starts, may_go_on) = (AtomicUsize::new(0), Mutex::new(may_go_on));
        let fail_from_the_second_on = move |command: &mut std::process::Command| {
            let number = starts.fetch_add(1, Ordering::SeqCst);
            if number > 0 {
                command.current_dir("/no/such/directory");
            }
            if number == 1 {
                tell.send(()).unwrap();
                may_go_on.lock().unwrap().recv().unwrap();
            }
        };
        let pool = ProcessPool::builder().max_workers(1).configure(fail_from_the_second_on).build().unwrap();
        let future = pool.submit_with(retries(1), |()| -> u64 { SEGFAULT.die() }, ());
        told.recv().unwrap();
        assert!(future.abort(AT_ONCE));
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        go_on.send(()).unwrap();
        assert_eq!(final_stats(&pool).cancelled, 1);
    });
}

#[test]
fn a_kill_ends_what_waits_for_its_retry() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let future: Future<u64> = pool.submit_with(retries(1_000), die_first_then_wait, keeper.gate());
        keeper.await_tag(1);
        keeper.open_for(1);
        pool.shutdown(Shutdown::kill(AT_ONCE));
        let outcome = future.result();
        assert!(matches!(outcome, Err(TaskError::Abandoned(_) | TaskError::Cancelled | TaskError::WorkerDied(_))));
        final_stats(&pool);
    });
}

/// The deadline is for each attempt.
#[test]
fn each_attempt_has_the_whole_deadline() {
    bounded(|| {
        let pool = pool(1);
        let diary = Diary::new();
        let options = retries(3).deadline(std::time::Duration::from_secs(30));
        let left = |pen: Pen| {
            let attempt = task::current().attempt();
            pen.write(attempt.into());
            if attempt < 3 {
                SEGFAULT.die()
            }
            task::current().deadline().unwrap() - std::time::Instant::now()
        };
        let left = pool.submit_with(options, left, diary.pen()).result().unwrap();
        assert!(left > std::time::Duration::from_secs(29), "{left:?}");
    });
}
