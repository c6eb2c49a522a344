//! Deadlines and aborts, which stop what runs. P-70 to P-75, F-13.

mod common;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{
    AT_ONCE, Diary, LONG, Pen, await_exit, bounded, final_stats, is_alive, pass, pool, square, stop, where_am_i,
};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::task::{self, Stopped};
use concurrent_futures_process_pool::{Future, MapOptions, ProcessPool, State, TaskError, TaskOptions, worker_entry};
use rustix::process::{getpgid, getppid, setpgid};

worker_entry!();

const SOON: Duration = Duration::from_millis(30);

fn within(limit: Duration) -> TaskOptions {
    TaskOptions::new().deadline(limit)
}

#[track_caller]
fn assert_late<T: std::fmt::Debug>(outcome: Result<T, TaskError>) {
    assert!(matches!(outcome, Err(TaskError::DeadlineExceeded(_))), "{outcome:?}");
}

/// Pebble `timeout`, `timeout_callback`.
#[test]
fn p70_a_task_that_runs_too_long_ends_with_its_worker() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let pid = pool.submit(where_am_i, ()).result().unwrap();
        let future = pool.submit_with(within(SOON).label("resize"), pass, (keeper.gate(), 1));
        let (tell, told) = std::sync::mpsc::channel();
        future.add_done_callback(move |outcome| tell.send(outcome.unwrap_err().to_string()).unwrap());
        let error = future.result().unwrap_err();
        assert_eq!(error.to_string(), "task `resize` ran longer than its deadline of 30ms");
        assert_eq!(told.recv().unwrap(), error.to_string());
        await_exit(pid);
        // P-72
        assert_ne!(pool.submit(where_am_i, ()).result().unwrap(), pid);
        assert_eq!(pool.stats().failed, 1);
    });
}

/// The clock starts with the task, not with the submit.
#[test]
fn p70_time_in_the_queue_does_not_count() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let running = pool.submit(pass, (keeper.gate(), 1));
        let waiting: Vec<_> = (0..10).map(|n| pool.submit_with(within(LONG / 3600), square, n)).collect();
        keeper.await_arrivals(1);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(1_100) {
            assert!(!waiting[0].wait_timeout(Duration::from_millis(100)));
        }
        keeper.open();
        assert!(running.result().is_ok() && waiting.into_iter().all(|future| future.result().is_ok()));
    });
}

/// Pebble `ignoring_sigterm`: nothing that a task may ignore is asked of it.
#[test]
fn p71_a_task_that_ignores_signals_is_ended_all_the_same() {
    bounded(|| {
        let stubborn = |gate: Gate| {
            // What a task may do without `unsafe`: a child that ignores them, in its group.
            let mut shell = Command::new("sh");
            shell.args(["-c", "trap '' TERM INT HUP; echo; read line"]);
            let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
            gate.announce(child.id().into());
            wait_for(child);
        };
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let future = pool.submit_with(within(Duration::from_millis(300)), stubborn, keeper.gate());
        keeper.await_arrivals(1);
        let child = keeper.arrivals()[0] as u32;
        assert!(is_alive(child));
        assert_late(future.result());
        await_exit(child);
    });
}

/// Waits for a program without closing its standard input.
fn wait_for(mut child: Child) {
    let _open = child.stdin.take();
    child.wait().unwrap();
}

fn note((pen, n): (Pen, u64)) -> u64 {
    pen.write(n);
    n
}

#[test]
fn p72_what_was_sent_behind_a_late_task_runs_once_elsewhere() {
    bounded(|| {
        let pool = pool(1);
        let (diary, keeper) = (Diary::new(), Gatekeeper::new());
        // Short tasks, so that several are sent ahead.
        (0..100).for_each(|n| drop(pool.submit(square, n).result()));
        let before: Vec<_> = (0..20).map(|n| pool.submit(note, (diary.pen(), n))).collect();
        let late = pool.submit_with(within(SOON), pass, (keeper.gate(), 1));
        let behind: Vec<_> = (20..60).map(|n| pool.submit(note, (diary.pen(), n))).collect();
        assert_late(late.result());
        assert!(before.into_iter().chain(behind).zip(0..).all(|(future, n)| future.result().unwrap() == n));
        assert_eq!(diary.sorted(), (0..60).collect::<Vec<_>>());
    });
}

/// Pebble `map_timeout`.
#[test]
fn p73_an_item_that_is_late_fails_and_the_map_goes_on() {
    bounded(|| {
        let pool = pool(2);
        let keeper = Gatekeeper::new();
        let wait_at_three = |(gate, n): (Gate, u64)| {
            if n % 3 == 0 {
                gate.pass(n);
            }
            n
        };
        let options = MapOptions::new().chunk_size(4).task(within(SOON));
        let results: Vec<_> = pool.map_with(options, wait_at_three, (0..10).map(|n| (keeper.gate(), n))).collect();
        for (n, result) in (0..).zip(results) {
            match result {
                Ok(value) => assert!(value == n && n % 3 != 0),
                Err(TaskError::DeadlineExceeded(_)) => assert!(n % 3 == 0),
                Err(other) => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn p75_a_deadline_is_kept_closely() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let best = (0..5)
            .map(|_| {
                let future = pool.submit_with(within(SOON), pass, (keeper.gate(), 1));
                keeper.await_that_one_came();
                let begun = Instant::now();
                future.wait();
                begun.elapsed()
            })
            .min();
        assert!(best.unwrap() < SOON + Duration::from_millis(20), "{best:?}");
    });
}

/// A look that is due for one task serves the next one of its slot, so none is late for a look that is not due.
#[test]
fn deadlines_of_any_order_are_kept() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        for limit in [LONG, SOON, LONG, 2 * SOON, SOON] {
            assert_eq!(pool.submit_with(within(limit), square, 3).result().unwrap(), 9);
            assert_late(pool.submit_with(within(SOON), pass, (keeper.gate(), 1)).result());
            let long = pool.submit_with(within(LONG), pass, (keeper.gate(), 2));
            assert!(!long.wait_timeout(3 * SOON));
            assert!(long.abort(AT_ONCE) && long.result().is_err());
        }
    });
}

trait AwaitNext {
    fn await_that_one_came(&self);
}

impl AwaitNext for Gatekeeper {
    fn await_that_one_came(&self) {
        self.await_arrivals(self.arrivals().len().max(1));
    }
}

#[test]
fn a_deadline_of_a_task_that_is_stopped_with_its_worker_is_kept() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let future = pool.submit_with(within(Duration::from_millis(200)), pass, (keeper.gate(), 1));
        keeper.await_arrivals(1);
        stop(pool.worker_pids()[0]);
        assert_late(future.result());
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
    });
}

/// Pebble `cancel`, `cancel_callback`; F-13.
#[test]
fn f13_an_abort_stops_what_runs_and_nothing_else() {
    bounded(|| {
        let pool = pool(2);
        let keeper = Gatekeeper::new();
        let [one, other] = [1, 2].map(|tag| pool.submit(pass, (keeper.gate(), tag)));
        let waiting = pool.submit(where_am_i, ());
        keeper.await_arrivals(2);
        assert!(one.abort(AT_ONCE));
        assert!(matches!(one.result(), Err(TaskError::Cancelled)));
        assert!(other.running());
        keeper.open();
        assert!(waiting.result().is_ok() && other.result().is_ok());
        let stats = final_stats(&pool);
        assert_eq!((stats.cancelled, stats.failed, stats.finished), (1, 0, 2));
    });
}

/// Pebble `stop_cancel`.
#[test]
fn p72_after_an_abort_there_is_another_worker() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        for _ in 0..5 {
            let pid = pool.submit(where_am_i, ()).result().unwrap();
            let running = pool.submit(pass, (keeper.gate(), 1));
            while !running.running() {
                assert!(!running.wait_timeout(Duration::from_millis(1)));
            }
            assert!(running.abort(AT_ONCE));
            assert!(matches!(running.result(), Err(TaskError::Cancelled)));
            await_exit(pid);
            assert_ne!(pool.submit(where_am_i, ()).result().unwrap(), pid);
        }
    });
}

fn until_stopped(gate: Gate) -> Result<u64, Stopped> {
    gate.announce(1);
    loop {
        task::current().check()?;
        std::thread::yield_now();
    }
}

fn stop_and_give(gate: Gate) -> u64 {
    gate.announce(1);
    while !task::current().is_cancelled() {
        std::thread::yield_now();
    }
    7
}

#[test]
fn an_abort_with_a_grace_lets_the_task_end_and_keeps_the_worker() {
    bounded(|| {
        let pool = pool(1);
        let pid = pool.submit(where_am_i, ()).result().unwrap();
        let keeper = Gatekeeper::new();
        let looks: Future<u64> = pool.submit_fallible(until_stopped, keeper.gate());
        keeper.await_arrivals(1);
        assert!(looks.abort(LONG));
        assert!(matches!(looks.result(), Err(TaskError::Cancelled)));
        let gives = pool.submit(stop_and_give, keeper.gate());
        keeper.await_arrivals(2);
        assert!(gives.abort(LONG));
        assert_eq!(gives.result().unwrap(), 7);
        assert_eq!(pool.submit(where_am_i, ()).result().unwrap(), pid);
        assert_eq!(pool.restarts(), 0);
    });
}

#[test]
fn an_abort_after_the_grace_ends_a_task_that_does_not_look() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let deaf = pool.submit(pass, (keeper.gate(), 1));
        keeper.await_arrivals(1);
        assert!(deaf.abort(SOON));
        assert_eq!(deaf.state(), State::Running);
        assert!(matches!(deaf.result(), Err(TaskError::Cancelled)));
    });
}

/// A grace that ends after its task did finds another task in the slot, and leaves it alone.
#[test]
fn x23_a_grace_that_ends_late_hits_nobody_else() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let first = pool.submit(stop_and_give, keeper.gate());
        keeper.await_arrivals(1);
        assert!(first.abort(SOON));
        assert_eq!(first.result().unwrap(), 7);
        let second = pool.submit(pass, (keeper.gate(), 2));
        keeper.await_tag(2);
        assert!(!second.wait_timeout(3 * SOON));
        keeper.open();
        assert!(second.result().is_ok());
        assert_eq!(pool.restarts(), 0);
    });
}

/// Moves its process into the group of whoever has started it.
fn leave_the_group(gate: Gate) -> u64 {
    let group = getpgid(getppid()).expect("the parent lives");
    setpgid(None, Some(group)).expect("a process may join a group of its session");
    gate.pass(0);
    0
}

#[test]
fn a_worker_that_leaves_its_process_group_is_ended_all_the_same() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        assert_late(pool.submit_with(within(SOON), leave_the_group, keeper.gate()).result());
        let left = pool.submit(leave_the_group, keeper.gate());
        keeper.await_arrivals(2);
        assert!(left.abort(AT_ONCE));
        assert!(matches!(left.result(), Err(TaskError::Cancelled)));
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
    });
}

#[test]
fn the_grandchildren_in_its_group_go_with_an_aborted_task() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let start = |gate: Gate| {
            let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
            gate.announce(child.id().into());
            wait_for(child);
        };
        let future = pool.submit(start, keeper.gate());
        keeper.await_arrivals(1);
        let child = keeper.arrivals()[0] as u32;
        assert!(is_alive(child) && future.abort(AT_ONCE));
        await_exit(child);
    });
}

#[test]
fn p74_a_deadline_of_a_whole_map_stops_it() {
    bounded(|| {
        let pool: ProcessPool = pool(2);
        let keeper = Gatekeeper::new();
        let options = MapOptions::new().deadline(SOON);
        let results: Vec<_> = pool.map_with(options, pass, (0..10).map(|n| (keeper.gate(), n))).collect();
        assert_eq!(results.len(), 10);
        results.into_iter().for_each(assert_late);
    });
}

/// M5: it never looks whether it should, and the drop of the pool doesn't wait for it.
#[test]
fn m5_the_deadline_of_a_map_ends_the_worker_of_an_item_that_hangs() {
    bounded(|| {
        for options in [MapOptions::new(), MapOptions::new().unordered(), MapOptions::new().chunk_size(2)] {
            let pool = pool(2);
            let keeper = Gatekeeper::new();
            let mut results = pool.map_with(options.deadline(SOON), pass, (0..4).map(|n| (keeper.gate(), n)));
            keeper.await_arrivals(2);
            // Whoever collects goes away at the first.
            assert_late(results.next().unwrap());
            drop(results);
            drop(pool);
            assert_eq!(keeper.arrivals().len(), 2);
        }
    });
}

/// M5: of a chunk those items that were in time keep their results, and of a map the others do.
#[test]
fn m5_what_was_in_time_beside_an_item_that_hangs_is_yielded() {
    fn pass_if_odd((gate, n): (Gate, u64)) -> u64 {
        gate.announce(n);
        if !n.is_multiple_of(2) {
            gate.pass(n);
        }
        n
    }
    bounded(|| {
        for chunk in [1, 3] {
            let pool = pool(1);
            let keeper = Gatekeeper::new();
            let pid = pool.submit(where_am_i, ()).result().unwrap();
            let options = MapOptions::new().deadline(SOON).chunk_size(chunk);
            let mut results = pool.map_with(options, pass_if_odd, (0..3).map(|n| (keeper.gate(), n)));
            keeper.await_arrivals(3);
            assert_eq!(results.next().unwrap().unwrap(), 0, "in chunks of {chunk}");
            assert_late(results.next().unwrap());
            assert_late(results.next().unwrap());
            assert!(results.next().is_none());
            await_exit(pid);
            assert_eq!(keeper.arrivals(), [0, 1, 1], "in chunks of {chunk}");
            drop(results);
            let stats = final_stats(&pool);
            assert_eq!((stats.finished, stats.cancelled), (2, 2), "{stats:?}");
        }
    });
}

/// M5, N3: of what else lies with its worker everything runs, once.
#[test]
fn m5_the_end_of_a_map_hurts_no_other_job_of_its_worker() {
    bounded(|| {
        let pool = pool(1);
        let (keeper, diary) = (Gatekeeper::new(), Diary::new());
        let note = |(pen, n): (Pen, u64)| {
            pen.write(n);
            n
        };
        let mut results = pool.map_with(MapOptions::new().deadline(SOON), pass, [(keeper.gate(), 1)]);
        let others = pool.map(note, (0..100).map(|n| (diary.pen(), n)));
        keeper.await_arrivals(1);
        assert_late(results.next().unwrap());
        assert_eq!(others.map(Result::unwrap).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        assert_eq!(diary.sorted(), (0..100).collect::<Vec<_>>());
        final_stats(&pool);
        assert_eq!(pool.restarts(), 1);
    });
}

/// M5: also a part that its chunk has given to another worker, of which the map hears only from the chunk.
#[test]
fn m5_a_part_of_a_chunk_that_was_given_away_is_stopped_too() {
    bounded(|| {
        let pool = pool(2);
        let keeper = Gatekeeper::new();
        let options = MapOptions::new().chunk_size(4).deadline(SOON);
        let mut results = pool.map_with(options, pass, (0..4).map(|n| (keeper.gate(), n)));
        // Whoever has done with another job looks what there is to take.
        let other = pool.submit(pass, (keeper.gate(), 1_000));
        keeper.await_arrivals(2);
        keeper.open_for(1_000);
        other.result().unwrap();
        keeper.await_arrivals(3);
        assert_late(results.next().unwrap());
        drop(results);
        drop(pool);
        assert_eq!(keeper.arrivals().len(), 3);
    });
}

/// M5: whoever ends at that very moment keeps its outcome, or is late; none is lost, and none runs twice.
#[test]
fn m5_items_that_end_with_the_deadline_have_one_outcome_each() {
    fn doze((pen, n): (Pen, u64)) -> u64 {
        let (_nobody, nothing) = std::sync::mpsc::channel::<()>();
        let _ = nothing.recv_timeout(Duration::from_micros(n * 50));
        pen.write(n);
        n
    }
    bounded(|| {
        let pool = pool(2);
        pool.map(square, 0..2).for_each(drop);
        for limit in 1..40 {
            let diary = Diary::new();
            let options =
                MapOptions::new().deadline(Duration::from_micros(limit * 100)).chunk_size(1 + limit as usize % 3);
            let results: Vec<_> = pool.map_with(options, doze, (0..12).map(|n| (diary.pen(), n))).collect();
            for (n, result) in (0..).zip(results) {
                if !matches!(result, Ok(value) if value == n) {
                    assert_late(result);
                }
            }
            let mut ran = diary.sorted();
            ran.dedup();
            assert_eq!(ran, diary.sorted(), "once each");
        }
        final_stats(&pool);
    });
}
