//! How long a worker stays, how much it may use, and how much may wait. P-40 to P-50, X-32, X-53.

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{
    AT_ONCE, Recorder, await_exit, bounded, cause_of, death_of, is_alive, kill, pass, rejection, square, where_am_i,
};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{
    Executor, ExitCause, Future, PoolKill, ProcessPool, ProcessPoolBuilder, Reason, Shutdown, TaskError, WhenFull,
    worker_entry,
};

worker_entry!();

fn builder(workers: usize) -> ProcessPoolBuilder {
    ProcessPool::builder().max_workers(workers)
}

/// CPython `test_max_tasks_per_child`, pebble `future_limit`.
#[test]
fn p40_a_worker_is_replaced_after_so_many_tasks() {
    bounded(|| {
        let pool = builder(1).max_tasks_per_worker(3).build().unwrap();
        let pids: Vec<u32> = (0..9).map(|_| pool.submit(where_am_i, ()).result().unwrap()).collect();
        let different: BTreeSet<u32> = pids.iter().copied().collect();
        assert_eq!(different.len(), 3, "{pids:?}");
        assert!(pids.chunks(3).all(|three| three.iter().all(|pid| *pid == three[0])), "{pids:?}");
        pids[..6].iter().for_each(|&pid| await_exit(pid));
        assert!(pool.stats().workers <= 1);
        assert!(pool.restarts() >= 2);
    });
}

#[test]
fn p40_items_of_a_chunk_count_as_tasks() {
    bounded(|| {
        let pool = builder(1).max_tasks_per_worker(10).build().unwrap();
        let options = concurrent_futures_process_pool::MapOptions::new().chunk_size(25);
        let pids: Vec<u32> =
            pool.map_with(options, |_: u64| std::process::id(), 0..50).collect::<Result<_, _>>().unwrap();
        let mut different = pids.clone();
        different.dedup();
        assert_eq!(different.len(), 5, "{pids:?}");
    });
}

/// CPython `test_max_tasks_early_shutdown`.
#[test]
fn p42_all_that_was_taken_runs_although_each_worker_runs_one_task() {
    bounded(|| {
        let pool = builder(3).max_tasks_per_worker(1).build().unwrap();
        let futures: Vec<_> = (0..6).map(|_| pool.submit(where_am_i, ())).collect();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        let pids: BTreeSet<u32> = futures.into_iter().map(|future| future.result().unwrap()).collect();
        assert_eq!(pids.len(), 6);
    });
}

/// CPython `test_max_tasks_per_child_pending_tasks_gh115634`.
#[test]
fn p43_a_limit_below_the_backlog_does_not_stall() {
    bounded(|| {
        for (workers, limit, tasks) in [(1, 2, 6), (2, 2, 8), (2, 1, 20)] {
            let recorder = Recorder::default();
            let pool = builder(workers).max_tasks_per_worker(limit).observer(recorder.clone()).build().unwrap();
            let futures: Vec<_> = (0..tasks).map(|n| pool.submit(square, n)).collect();
            assert!(futures.into_iter().zip(0..).all(|(future, n)| future.result().unwrap() == square(n)));
            //
            assert!(recorder.most_workers() <= workers);
        }
    });
}

/// CPython `test_shutdown_no_wait_max_tasks_gh119592`, `test_shutdown_gh_132969_case_1` and `_2`.
#[test]
fn p44_a_worker_that_reaches_its_limit_during_a_shutdown_is_replaced_for_the_rest() {
    bounded(|| {
        for workers in [1, 2, 4] {
            let pool = builder(workers).max_tasks_per_worker(1).build().unwrap();
            let keeper = Gatekeeper::new();
            let fail = |gate: Gate| -> u64 {
                gate.pass(1);
                panic!("a failing task")
            };
            let failing = pool.submit(fail, keeper.gate());
            let rest: Vec<_> = (0..8).map(|n| pool.submit(square, n)).collect();
            keeper.await_arrivals(1);
            pool.shutdown(Shutdown::drain().within(AT_ONCE));
            keeper.open();
            assert!(matches!(failing.result(), Err(TaskError::Panicked(_))));
            assert!(rest.into_iter().zip(0..).all(|(future, n)| future.result().unwrap() == square(n)));
        }
    });
}

/// CPython `test_gc_during_max_tasks_worker_exit_gh152967`: dropping drains.
#[test]
fn p45_a_worker_that_reaches_its_limit_while_the_pool_is_dropped_is_replaced_for_the_rest() {
    bounded(|| {
        let pool = builder(1).max_tasks_per_worker(1).build().unwrap();
        let futures: Vec<_> = (0..5).map(|n| pool.submit(square, n)).collect();
        drop(pool);
        assert!(futures.into_iter().zip(0..).all(|(future, n)| future.done() && future.result().unwrap() == square(n)));
    });
}

/// CPython `test_force_shutdown_during_max_tasks_worker_exit`.
#[test]
fn p46_a_kill_starts_no_replacement() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = builder(1).max_tasks_per_worker(1).observer(recorder.clone()).build().unwrap();
        let keeper = Gatekeeper::new();
        let running = pool.submit(pass, (keeper.gate(), 1));
        let rest: Vec<_> = (0..5).map(|n| pool.submit(square, n)).collect();
        keeper.await_arrivals(1);
        assert!(pool.shutdown(Shutdown::kill(AT_ONCE)).is_complete());
        assert!(matches!(running.result(), Err(TaskError::Abandoned(_))));
        assert!(rest.into_iter().all(|future| matches!(future.result(), Err(TaskError::Cancelled))));
        assert_eq!(recorder.most_workers(), 1);
        assert_eq!(recorder.events().iter().filter(|event| matches!(event, common::Event::Up(_))).count(), 1);
    });
}

/// CPython `test_failed_worker_replacement_breaks_pool`.
#[test]
fn p47_a_replacement_that_can_not_be_started_breaks_the_pool() {
    bounded(|| {
        let starts = AtomicUsize::new(0);
        let fail_from_the_second_on = move |command: &mut std::process::Command| {
            if starts.fetch_add(1, Ordering::SeqCst) > 0 {
                command.current_dir("/no/such/directory");
            }
        };
        let pool = builder(1).max_tasks_per_worker(1).configure(fail_from_the_second_on).build().unwrap();
        let futures: Vec<_> = (0..4).map(|n| pool.submit(square, n)).collect();
        let mut futures = futures.into_iter();
        assert_eq!(futures.next().unwrap().result().unwrap(), 0);
        for future in futures {
            let cause = cause_of(&future.result().unwrap_err());
            assert!(cause.contains("could not be started") && cause.contains("No such file"), "{cause}");
        }
        cause_of(&pool.submit(square, 1).result().unwrap_err());
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
    });
}

/// Who waits for room when the pool breaks is told why, as everybody else.
#[test]
fn a_blocked_submit_hears_why_the_pool_broke() {
    bounded(|| {
        let fail = |command: &mut std::process::Command| {
            command.current_dir("/no/such/directory");
        };
        let pool = builder(1).max_pending(1, WhenFull::Block).configure(fail).build().unwrap();
        let futures: Vec<_> = (0..3).map(|n| pool.submit(square, n)).collect();
        for future in futures {
            let cause = cause_of(&future.result().unwrap_err());
            assert!(cause.contains("No such file"), "{cause}");
        }
    });
}

/// Loky `worker_timeout`: idle workers leave, and come back with the next task.
#[test]
fn p48_idle_workers_leave_and_come_back() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = builder(2).idle_timeout(Duration::from_millis(20)).observer(recorder.clone()).build().unwrap();
        let mut departures = 0;
        for _ in 0..3 {
            let keeper = Gatekeeper::new();
            let futures: Vec<_> = (0..2).map(|tag| pool.submit(pass, (keeper.gate(), tag))).collect();
            keeper.await_arrivals(2);
            keeper.open();
            let pids: Vec<u32> = futures.into_iter().map(|future| future.result().unwrap()).collect();
            departures += 2;
            recorder.await_departures(departures);
            assert!(pids.iter().all(|&pid| !is_alive(pid)));
            assert_eq!(pool.stats().workers, 0);
        }
    });
}

/// Loky `worker_timeout_mock`, `worker_timeout_with_slowly_pickling_objects`, `worker_timeout_shutdown_no_deadlock`.
#[test]
fn p49_an_idle_timeout_that_races_with_work_loses_nothing() {
    bounded(|| {
        for micros in [0, 1, 100, 1_000] {
            let pool = builder(2).idle_timeout(Duration::from_micros(micros)).build().unwrap();
            for round in 0..30 {
                let futures: Vec<_> = (0..3).map(|n| pool.submit(square, n + round)).collect();
                assert!(futures.into_iter().zip(round..).all(|(future, n)| future.result().unwrap() == square(n)));
            }
            assert_eq!(pool.stats().failed, 0);
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
        }
    });
}

fn hold_megabytes((gate, megabytes): (Gate, usize)) -> usize {
    let memory = std::hint::black_box(vec![1_u8; megabytes << 20]);
    gate.pass(1);
    memory.len()
}

#[test]
fn a_worker_above_its_memory_limit_is_killed_and_the_error_says_so() {
    bounded(|| {
        let pool = builder(1).memory_limit(100 << 20).build().unwrap();
        let keeper = Gatekeeper::new();
        let greedy = pool.submit(hold_megabytes, (keeper.gate(), 200));
        let next = pool.submit(square, 3);
        let died = death_of(greedy);
        assert!(matches!(died.cause(), ExitCause::Signal { signal: libc::SIGKILL, .. }));
        assert!(died.hint().is_some_and(|hint| hint.contains("memory_limit")), "{died}");
        let Some(PoolKill::MemoryLimit { limit, used }) = died.killed_by_pool() else { panic!("{died}") };
        assert!(limit == 100 << 20 && used > limit, "{died}");
        assert_eq!(next.result().unwrap(), 9);
        keeper.open();
        assert_eq!(pool.submit(hold_megabytes, (keeper.gate(), 20)).result().unwrap(), 20 << 20);
    });
}

/// before it has begun anything there is no task to blame, and another worker would need as much.
#[test]
fn a_memory_limit_below_what_a_worker_needs_breaks_the_pool_instead_of_hanging() {
    bounded(|| {
        let pool = builder(1).memory_limit(1 << 20).build().unwrap();
        let error = pool.submit(square, 3).result().unwrap_err();
        let TaskError::Rejected(why) = &error else { panic!("{error}") };
        assert!(matches!(why.reason(), Reason::Broken { .. }), "{why:?}");
        let cause = std::error::Error::source(why).expect("it has a cause").to_string();
        assert!(cause.contains("memory_limit is 1048576") && cause.contains("raise it"), "{cause}");
    });
}

static LEAKED: std::sync::Mutex<Vec<Vec<u8>>> = std::sync::Mutex::new(Vec::new());

/// Loky `memory_leak_protection`: between two tasks, and no task fails.
#[test]
fn p50_a_worker_that_has_grown_too_much_is_replaced_between_tasks() {
    bounded(|| {
        let pool = builder(1).memory_growth_limit(30 << 20).build().unwrap();
        let leak = |megabytes: usize| {
            LEAKED.lock().unwrap().push(vec![1_u8; megabytes << 20]);
            std::process::id()
        };
        let first = pool.submit(leak, 1).result().unwrap();
        let mut pid = first;
        // Until the look at the memory that finds it.
        while pid == first {
            pid = pool.submit(leak, 1).result().unwrap();
        }
        await_exit(first);
        assert_eq!(pool.stats().failed, 0);
        assert!(pool.restarts() > 0);
    });
}

#[test]
fn x32_a_submit_beyond_max_pending_is_rejected_where_asked_for() {
    bounded(|| {
        let pool = builder(1).max_pending(3, WhenFull::Reject).build().unwrap();
        let keeper = Gatekeeper::new();
        let running = pool.submit(pass, (keeper.gate(), 1));
        keeper.await_arrivals(1);
        let futures: Vec<_> = (0..10).map(|n| pool.submit(square, n)).collect();
        let refused = |future: &Future<u64>| {
            future.error().is_some_and(|error| matches!(rejection(error), Reason::QueueFull { limit: 3 }))
        };
        let (rejected, taken): (Vec<_>, Vec<_>) = futures.into_iter().partition(Future::done);
        assert!(rejected.iter().all(refused));
        assert_eq!(taken.len(), 3);
        keeper.open();
        assert!(running.result().is_ok() && taken.into_iter().all(|future| future.result().is_ok()));
    });
}

#[test]
fn x32_a_submit_beyond_max_pending_blocks_until_there_is_room_or_a_shutdown() {
    bounded(|| {
        let pool = builder(1).max_pending(1, WhenFull::Block).build().unwrap();
        let keeper = Gatekeeper::new();
        let running = pool.submit(pass, (keeper.gate(), 1));
        keeper.await_arrivals(1);
        let (tell, told) = mpsc::channel();
        let handle = pool.handle();
        let submitter = thread::spawn(move || {
            for n in 0..5 {
                tell.send(handle.submit(square, n)).unwrap();
            }
        });
        // One waits, and no second one is let in.
        let first = told.recv().unwrap();
        assert_eq!(pool.capacity(), Some(0));
        assert!(told.recv_timeout(Duration::from_millis(10)).is_err());
        keeper.open();
        assert!(running.result().is_ok());
        assert_eq!(first.result().unwrap(), 0);
        let rest: Vec<u64> = told.iter().map(|future| future.result().unwrap()).collect();
        assert_eq!(rest, [1, 4, 9, 16]);
        submitter.join().unwrap();
        // And now a shutdown wakes who blocks.
        let keeper = Gatekeeper::new();
        let running = pool.submit(pass, (keeper.gate(), 2));
        keeper.await_arrivals(1);
        let handle = pool.handle();
        let blocked = thread::spawn(move || (0..4).map(|n| handle.submit(square, n)).collect::<Vec<_>>());
        pool.shutdown(Shutdown::cancel_pending().within(AT_ONCE));
        let futures = blocked.join().unwrap();
        keeper.open();
        assert!(running.result().is_ok());
        for future in futures {
            match future.result() {
                Err(TaskError::Cancelled) => {}
                Err(error) => assert_eq!(rejection(&error), &Reason::ShutDown),
                Ok(_) => panic!("it was to be cancelled"),
            }
        }
    });
}

/// What runs doesn't wait: a bound below the number of workers leaves them all at work.
#[test]
fn x32_a_small_bound_does_not_keep_workers_idle() {
    bounded(|| {
        let pool = builder(3).max_pending(1, WhenFull::Block).build().unwrap();
        let keeper = Gatekeeper::new();
        let futures: Vec<_> = (0..3).map(|tag| pool.submit(pass, (keeper.gate(), tag))).collect();
        keeper.await_arrivals(3);
        keeper.open();
        assert!(futures.into_iter().all(|future| future.result().is_ok()));
        let sum: u64 = pool.map(square, 0..1_000).map(Result::unwrap).sum();
        assert_eq!(sum, (0..1_000).map(square).sum());
    });
}

#[test]
fn x32_a_callback_that_submits_never_blocks() {
    bounded(|| {
        let pool = builder(1).max_pending(1, WhenFull::Block).build().unwrap();
        let (tell, told) = mpsc::channel();
        let handle = pool.handle();
        let keeper = Gatekeeper::new();
        let first = pool.submit(pass, (keeper.gate(), 1));
        first.add_done_callback(move |_| {
            (0..10).for_each(|n| tell.send(handle.submit(square, n)).unwrap());
        });
        keeper.open();
        let values: Vec<u64> = told.iter().take(10).map(|future| future.result().unwrap()).collect();
        assert_eq!(values, (0..10).map(square).collect::<Vec<_>>());
    });
}

#[test]
fn x53_there_are_never_more_workers_than_asked_for_whatever_dies() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = builder(2).observer(recorder.clone()).build().unwrap();
        let futures: Vec<_> = (0..200).map(|_| pool.submit(where_am_i, ())).collect();
        for future in futures.iter().step_by(20) {
            future.wait();
            pool.worker_pids().first().into_iter().for_each(|&pid| kill(pid));
            assert!(pool.stats().workers <= 2);
        }
        assert!(futures.into_iter().filter(|future| future.error().is_some()).count() <= 10);
        assert!(recorder.most_workers() <= 2);
    });
}
