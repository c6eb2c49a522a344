//! How pools end, and programs that use them. S-01 to S-21, X-28, P-52, P-54; the deaths of parents.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use common::{
    AT_ONCE, LONG, await_exit, bounded, final_stats, is_alive, order, pass, pool, program, rejection, send, square,
    stop, where_am_i,
};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{Future, ProcessPool, Reason, Shutdown, TaskError, WorkerState, worker_entry};
use rustix::process::Signal;

worker_entry!();

/// CPython `test_processes_terminate`, pebble `join_workers`, loky `processes_terminate`.
#[test]
fn s01_after_a_shutdown_no_worker_is_left() {
    bounded(|| {
        for how in [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(LONG), Shutdown::kill(AT_ONCE)] {
            let pool = pool(3);
            let keeper = Gatekeeper::new();
            let futures = [1, 2, 3].map(|tag| pool.submit(pass, (keeper.gate(), tag)));
            keeper.await_arrivals(3);
            keeper.open();
            futures.iter().for_each(Future::wait);
            let pids = pool.worker_pids();
            assert_eq!(pids.len(), 3);
            let report = pool.shutdown(how);
            assert!(report.is_complete() && report.finished == 3, "{report:?}");
            assert!(pids.iter().all(|&pid| !is_alive(pid)));
            assert!(pool.worker_stats().is_empty());
        }
    });
}

/// CPython `test_del_shutdown`, `test_shutdown_no_wait`, loky `processes_terminate_on_executor_gc`.
#[test]
fn a_pool_whose_drop_has_so_long_is_killed_after_it() {
    bounded(|| {
        let how = Shutdown::drain().kill_after(Duration::from_millis(10), AT_ONCE);
        let pool = ProcessPool::builder().max_workers(1).on_drop(how).build().unwrap();
        let keeper = Gatekeeper::new();
        let [hangs, waits] = [1, 2].map(|tag| pool.submit(pass, (keeper.gate(), tag)));
        keeper.await_arrivals(1);
        let pid = pool.worker_pids()[0];
        drop(pool);
        assert!(!is_alive(pid));
        assert!(matches!(hangs.result(), Err(TaskError::Abandoned(_))));
        assert!(matches!(waits.result(), Err(TaskError::Cancelled)));
    });
}

#[test]
fn a_kill_later_than_any_clock_can_tell_holds_up_nobody() {
    bounded(|| {
        let pool = pool(1);
        let future = pool.submit(square, 5);
        assert!(pool.shutdown(Shutdown::drain().kill_after(Duration::MAX, Duration::MAX)).is_complete());
        assert_eq!(future.result().unwrap(), 25);
    });
}

#[test]
fn s02_a_shutdown_that_does_not_wait_goes_on_and_the_workers_end() {
    bounded(|| {
        let pool = pool(2);
        let keeper = Gatekeeper::new();
        let held = pool.submit(pass, (keeper.gate(), 1));
        let rest: Vec<_> = (0..20).map(|n| pool.submit(square, n)).collect();
        keeper.await_arrivals(1);
        let report = pool.shutdown(Shutdown::drain().within(AT_ONCE));
        assert!(!report.is_complete());
        let pids = pool.worker_pids();
        assert_eq!(rejection(&pool.submit(square, 1).result().unwrap_err()), &Reason::ShutDown);
        keeper.open();
        assert!(held.result().is_ok());
        assert!(rest.into_iter().zip(0..).all(|(future, n)| future.result().unwrap() == square(n)));
        pids.into_iter().for_each(await_exit);
    });
}

/// CPython `test_cancel_futures`.
#[test]
fn s04_cancel_pending_cancels_what_waits_and_lets_run_what_runs() {
    bounded(|| {
        let pool = pool(3);
        let keeper = Gatekeeper::new();
        let futures: Vec<_> = (0..50).map(|tag| pool.submit(pass, (keeper.gate(), tag))).collect();
        keeper.await_arrivals(3);
        pool.shutdown(Shutdown::cancel_pending().within(AT_ONCE));
        keeper.open();
        let cancelled = futures.into_iter().filter(|future| future.error().is_some_and(TaskError::is_cancelled));
        assert_eq!(cancelled.count(), 47);
        assert_eq!(final_stats(&pool).finished, 3);
    });
}

/// Pebble `stop_stopped_callback`, `stop_stopped_function`: from a callback it only begins.
#[test]
fn s05_a_shutdown_from_a_callback_does_not_wait_for_itself() {
    bounded(|| {
        for how in [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(AT_ONCE)] {
            let pool = pool(1);
            let handle = pool.handle();
            let first = pool.submit(square, 2);
            let (tell, told) = std::sync::mpsc::channel();
            first.add_done_callback(move |_| tell.send(handle.shutdown(how)).unwrap());
            told.recv().unwrap();
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
        }
    });
}

/// What is cancelled is passed over at once, though a callback keeps its outcome from being seen.
#[test]
fn a_cancelled_task_whose_callback_takes_long_is_not_sent_to_anybody() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let first = pool.submit(pass, (keeper.gate(), 1));
        keeper.await_arrivals(1);
        let future = pool.submit(square, 2);
        let (begun, begin) = std::sync::mpsc::channel();
        let (end, may_end) = std::sync::mpsc::channel::<()>();
        future.add_done_callback(move |_| {
            begun.send(()).unwrap();
            may_end.recv().unwrap();
        });
        let canceller = future.canceller();
        let cancelling = thread::spawn(move || canceller.cancel());
        begin.recv().unwrap();
        keeper.open();
        assert!(first.result().is_ok() && !future.done());
        // What comes behind it in the queue is sent when it has been passed over.
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
        assert_eq!(pool.stats().cancelled, 1);
        end.send(()).unwrap();
        assert!(cancelling.join().unwrap() && future.cancelled());
    });
}

/// CPython `test_hang_gh94440`.
#[test]
fn s07_submit_cancel_shutdown_ends() {
    bounded(|| {
        for _ in 0..20 {
            let pool = pool(1);
            let future = pool.submit(square, 1);
            let cancelled = future.cancel();
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
            assert_eq!(future.cancelled(), cancelled);
        }
    });
}

/// CPython `test_shutdown_race_issue12456`, `test_hang_issue12364`.
#[test]
fn s06_s09_a_shutdown_right_after_many_submits_runs_them_all() {
    bounded(|| {
        for tasks in [1, 4, 50] {
            let pool = pool(3);
            let futures: Vec<_> = (0..tasks).map(|n| pool.submit(square, n)).collect();
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
            assert!(
                futures.into_iter().zip(0..).all(|(future, n)| future.done() && future.result().unwrap() == square(n))
            );
        }
    });
}

/// S-11, X-28. Loky `shutdown_and_kill_workers`, `backend: kill_process_tree`.
#[test]
fn s11_x28_a_kill_takes_nested_pools_along() {
    fn nest(gate: Gate) -> u64 {
        let pool = ProcessPool::new(1).unwrap();
        let grandchild = pool.submit(where_am_i, ()).result().unwrap();
        gate.pass(grandchild.into());
        0
    }
    bounded(|| {
        let end_by: [fn(&ProcessPool, &Future<u64>); 3] = [
            |pool, _| _ = pool.shutdown(Shutdown::kill(AT_ONCE)),
            |_, future| assert!(future.abort(AT_ONCE)),
            |pool, _| common::kill(pool.worker_pids()[0]),
        ];
        for end in end_by {
            let pool = pool(1);
            let keeper = Gatekeeper::new();
            let future = pool.submit(nest, keeper.gate());
            keeper.await_arrivals(1);
            let grandchild = keeper.arrivals()[0] as u32;
            assert!(is_alive(grandchild));
            end(&pool, &future);
            assert!(future.result().is_err());
            await_exit(grandchild);
        }
    });
}

/// S-10. CPython `test_force_shutdown_workers_dead_workers`.
#[test]
fn s10_a_kill_of_dead_workers_is_fine() {
    bounded(|| {
        let pool = pool(2);
        let keeper = Gatekeeper::new();
        let futures = [1, 2].map(|tag| pool.submit(pass, (keeper.gate(), tag)));
        keeper.await_arrivals(2);
        pool.worker_pids().into_iter().for_each(common::kill);
        let report = pool.shutdown(Shutdown::kill(AT_ONCE));
        assert!(report.is_complete());
        assert!(futures.into_iter().all(|future| future.result().is_err()));
    });
}

/// What a process was killed for is gone: nothing is left behind, as on threads.
#[test]
fn s10_a_kill_reports_what_it_killed() {
    bounded(|| {
        let pool = pool(2);
        let keeper = Gatekeeper::new();
        let _futures = [1, 2].map(|tag| pool.submit(pass, (keeper.gate(), tag)));
        keeper.await_arrivals(2);
        let waiting = pool.submit(square, 1);
        let report = pool.shutdown(Shutdown::kill(AT_ONCE));
        assert_eq!((report.killed, report.abandoned, report.still_running), (2, 0, 0), "{report:?}");
        assert_eq!((report.cancelled, report.still_pending), (1, 0), "{report:?}");
        assert!(waiting.cancelled() && report.is_complete());
    });
}

/// A worker that was stopped hears no request to leave: a kill ends it, and only a kill.
#[test]
fn s10_a_kill_ends_workers_that_are_stopped() {
    bounded(|| {
        let pool = pool(1);
        let pid = pool.submit(where_am_i, ()).result().unwrap();
        stop(pid);
        let future = pool.submit(square, 3);
        assert!(!pool.shutdown(Shutdown::drain().within(Duration::from_millis(20))).is_complete());
        assert!(pool.shutdown(Shutdown::kill(AT_ONCE)).is_complete());
        assert!(future.result().is_err() && !is_alive(pid));
    });
}

/// Pebble `join_futures_timeout`. S-12.
#[test]
fn s12_a_bounded_shutdown_says_what_is_left() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let running = pool.submit(pass, (keeper.gate(), 1));
        let waiting = pool.submit(square, 1);
        keeper.await_arrivals(1);
        let report = pool.shutdown(Shutdown::drain().within(Duration::from_millis(20)));
        assert_eq!((report.still_running, report.still_pending), (1, 1), "{report:?}");
        keeper.open();
        assert!(running.result().is_ok() && waiting.result().is_ok());
    });
}

#[test]
fn s03_shutdowns_of_any_kind_from_many_threads_all_end() {
    bounded(|| {
        let pool = Arc::new(pool(2));
        let futures: Vec<_> = (0..100).map(|n| pool.submit(square, n)).collect();
        let threads: Vec<_> = (0..6)
            .map(|n| {
                let pool = pool.clone();
                let hows = [Shutdown::drain(), Shutdown::drain().within(AT_ONCE), Shutdown::cancel_pending()];
                thread::spawn(move || pool.shutdown(hows[n % 3]))
            })
            .collect();
        threads.into_iter().for_each(|thread| _ = thread.join().unwrap());
        assert!(futures.into_iter().all(|future| future.error().is_none_or(TaskError::is_cancelled)));
        final_stats(&pool);
    });
}

#[test]
fn a_handle_does_not_keep_the_pool_open() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        let future = handle.submit(square, 3);
        drop(pool);
        assert_eq!(future.result().unwrap(), 9);
        assert_eq!(rejection(&handle.submit(square, 1).result().unwrap_err()), &Reason::ShutDown);
        assert_eq!(handle.stats().workers, 0);
        assert!(handle.shutdown(Shutdown::drain()).is_complete());
    });
}

#[test]
fn the_state_of_each_worker_is_told() {
    bounded(|| {
        let pool = pool(2);
        let keeper = Gatekeeper::new();
        let idle = pool.submit(where_am_i, ()).result().unwrap();
        let held = [1, 2].map(|tag| pool.submit(pass, (keeper.gate(), tag)));
        keeper.await_arrivals(2);
        let stats = pool.worker_stats();
        assert!(stats.iter().all(|worker| worker.state == WorkerState::Busy && worker.resident > 0), "{stats:?}");
        assert!(stats.iter().any(|worker| worker.pid == idle));
        keeper.open();
        assert!(held.into_iter().all(|future| future.result().is_ok()));
        let times = pool.times();
        assert!(times.waited > AT_ONCE && times.ran > AT_ONCE);
    });
}

/// What a program does that this test starts again.
fn play(part: &str) {
    // Whoever runs these tests in the background may have interrupts ignored, which is inherited.
    // SAFETY: `signal` may be called at any time; the default action runs no code of ours.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
    let pool = ProcessPool::new(2).unwrap();
    let say = |pool: &ProcessPool| {
        let futures = [(); 2].map(|()| pool.submit(where_am_i_slowly, ()));
        for future in futures {
            #[expect(clippy::print_stdout, reason = "the test reads it")]
            {
                println!("worker {}", future.result().unwrap());
            }
        }
    };
    let busy = |pool: &ProcessPool| [(); 2].map(|()| pool.submit(spin, ()));
    match part {
        "idle" => {
            say(&pool);
            wait_for_end();
        }
        "busy" => {
            say(&pool);
            let _busy = busy(&pool);
            wait_for_end();
        }
        "exit" => {
            say(&pool);
            let _busy = busy(&pool);
            std::process::exit(7);
        }
        "abort" => {
            say(&pool);
            let _busy = busy(&pool);
            std::process::abort();
        }
        other => panic!("there is no part named {other}"),
    }
}

/// Long enough that both workers get one.
fn where_am_i_slowly(_: ()) -> u32 {
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(50) {
        thread::yield_now();
    }
    std::process::id()
}

fn spin(_: ()) -> u64 {
    loop {
        thread::yield_now();
    }
}

/// Until the test ends us.
fn wait_for_end() {
    loop {
        thread::park();
    }
}

#[test]
fn plays_a_part() {
    if let Some(part) = order() {
        play(&part);
    }
}

/// Starts a part, learns who its workers are, lets somebody end it, and waits until the workers are gone.
fn assert_no_orphans(part: &str, end: impl FnOnce(u32)) {
    let mut command: Command = program("plays_a_part", part);
    let mut parent = command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines().map_while(Result::ok);
    let workers = lines.filter_map(|line| line.rsplit_once("worker ")?.1.parse::<u32>().ok());
    let workers: Vec<u32> = workers.take(2).collect();
    assert_eq!(workers.len(), 2);
    end(parent.id());
    parent.wait().unwrap();
    workers.into_iter().for_each(await_exit);
}

/// Loky `sigkill_shutdown_leaks_workers`.
#[test]
fn p52_workers_end_with_a_parent_that_is_killed_idle_or_busy() {
    bounded(|| {
        for part in ["idle", "busy"] {
            assert_no_orphans(part, common::kill);
        }
    });
}

#[test]
fn p52_workers_end_with_a_parent_that_exits_or_aborts_under_them() {
    bounded(|| {
        for part in ["exit", "abort"] {
            assert_no_orphans(part, |_| ());
        }
    });
}

/// CPython's interrupt: Ctrl-C goes to the foreground's group, in which no worker is.
#[test]
fn p54_an_interrupt_reaches_the_parent_only() {
    bounded(|| {
        assert_no_orphans("busy", |parent| send(Signal::INT, parent));
        let pool = pool(1);
        let pid = pool.submit(where_am_i, ()).result().unwrap();
        let group = |(): ()| rustix::process::getpgrp().as_raw_nonzero().get() as u32;
        assert_eq!(pool.submit(group, ()).result().unwrap(), pid);
    });
}
