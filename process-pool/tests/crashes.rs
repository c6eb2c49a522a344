//! Workers that die: each death is the end of its own task and of nobody else's..

mod common;

use std::process::Stdio;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use common::{
    AT_ONCE, Death, Diary, LONG, Pen, SEGFAULT, await_exit, bounded, death_of, die, final_stats, kill, pass,
    pass_and_die, pool, send, square, stop, where_am_i,
};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{
    ExitCause, MapOptions, ProcessPool, Shutdown, TaskError, TaskOptions, worker_entry,
};
use rustix::process::Signal;
use serde::{Deserialize, Deserializer, Serialize};

worker_entry!();

/// CPython `test_killed_child`, loky `killed_child`, pebble `expired_worker`.
#[test]
fn x01_a_worker_that_is_killed_takes_its_task_and_nobody_elses() {
    bounded(|| {
        let pool = pool(2);
        let keeper = Gatekeeper::new();
        let [one, other] = [1, 2].map(|tag| pool.submit(pass, (keeper.gate(), tag)));
        let waiting: Vec<_> = (0..20).map(|n| pool.submit(square, n)).collect();
        keeper.await_arrivals(2);
        let victim = pool.worker_pids()[0];
        kill(victim);
        await_exit(victim);
        let (dead, alive) = if one.wait_timeout(LONG / 3600) { (one, other) } else { (other, one) };
        let died = death_of(dead);
        assert_eq!((died.pid(), died.attempt()), (victim, 1));
        assert_eq!(died.cause(), ExitCause::Signal { signal: libc::SIGKILL, core_dumped: false });
        assert!(died.hint().is_some_and(|hint| hint.contains("out of memory")), "{died}");
        assert_eq!(died.killed_by_pool(), None, "it was somebody else");
        keeper.open();
        assert_ne!(alive.result().unwrap(), victim);
        let values: Vec<u64> = waiting.into_iter().map(|future| future.result().unwrap()).collect();
        assert_eq!(values, (0..20).map(square).collect::<Vec<_>>());
        assert_eq!(pool.restarts(), 1);
    });
}

#[test]
fn x02_a_worker_that_is_killed_while_idle_is_replaced_silently_and_counted() {
    bounded(|| {
        let pool = pool(1);
        for round in 1..=5 {
            let pid = pool.submit(where_am_i, ()).result().unwrap();
            kill(pid);
            await_exit(pid);
            assert_ne!(pool.submit(where_am_i, ()).result().unwrap(), pid);
            assert_eq!(pool.restarts(), round);
            let pid = pool.submit(where_am_i, ()).result().unwrap();
            assert!(pool.worker_pids() == [pid]);
        }
        assert_eq!(pool.stats().failed, 0);
    });
}

/// CPython `test_crash_during_func_exec_on_worker`, `test_traceback_when_child_process_terminates_abruptly`,
/// loky `exited_child`: the future says how, which task, and what probably happened.
#[test]
fn x03_x04_the_error_says_how_the_worker_died() {
    bounded(|| {
        let pool = pool(1);
        for death in [SEGFAULT, Death::Abort, Death::Exit(0), Death::Exit(42), Death::Signal(libc::SIGTERM)] {
            let pid = pool.submit(where_am_i, ()).result().unwrap();
            let future = pool.submit_with(TaskOptions::new().label("resize"), die, death);
            let died = death_of(future);
            match (died.cause(), death) {
                (ExitCause::Code(code), Death::Exit(expected)) => assert_eq!(code, expected),
                (ExitCause::Signal { signal, .. }, _) => assert_eq!(Some(signal), death.signal()),
                (other, _) => panic!("{death:?} was taken for {other:?}"),
            }
            assert_eq!((died.pid(), died.label(), died.attempt()), (pid, Some("resize"), 1));
            assert!(died.hint().is_some() && died.to_string().contains("task `resize`"), "{died}");
        }
    });
}

#[test]
fn x03_a_stack_that_overflows_ends_its_own_task() {
    /// As deep as asked for, with a page in each frame.
    fn dig(depth: u64) -> u64 {
        let page = std::hint::black_box([depth; 512]);
        if depth == 0 { page[0] } else { dig(depth - 1) + std::hint::black_box(&page)[1] }
    }
    bounded(|| {
        let pool = pool(1);
        let died = death_of(pool.submit(dig, 100_000));
        assert!(matches!(died.cause(), ExitCause::Signal { signal: libc::SIGSEGV | libc::SIGABRT, .. }), "{died}");
        assert!(died.hint().is_some_and(|hint| hint.contains("stack overflow")), "{died}");
        assert!(pool.submit(dig, 100).result().is_ok());
    });
}

/// CPython `test_exit_during_func_exec_on_worker`: what unwinds is an error like any other.
#[test]
fn x05_a_panic_does_not_end_the_worker() {
    bounded(|| {
        let pool = pool(1);
        let pid = pool.submit(where_am_i, ()).result().unwrap();
        for _ in 0..10 {
            let failed = pool.submit(|n: u64| -> u64 { panic!("not {n}") }, 1).result();
            assert!(matches!(failed, Err(TaskError::Panicked(_))), "{failed:?}");
            assert_eq!(pool.submit(where_am_i, ()).result().unwrap(), pid);
        }
        assert_eq!(pool.restarts(), 0);
    });
}

fn note((pen, n): (Pen, u64)) -> u64 {
    pen.write(n);
    n
}

/// Pebble `deadlock on new futures`, `deadlock on result`: nothing is shared with a worker that its death could lock.
#[test]
fn x15_workers_that_die_anywhere_leave_no_lock_behind_and_no_task_runs_twice() {
    bounded(|| {
        let pool = pool(2);
        let diary = Diary::new();
        let futures: Vec<_> = (0..2_000).map(|n| pool.submit(note, (diary.pen(), n))).collect();
        for future in futures.iter().step_by(100) {
            future.wait();
            if let Some(&pid) = pool.worker_pids().first() {
                kill(pid);
            }
        }
        let mut died = 0;
        let mut returned = Vec::new();
        for future in futures {
            match future.result() {
                Ok(n) => returned.push(n),
                Err(TaskError::WorkerDied(_)) => died += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        let written = diary.sorted();
        assert!(written.windows(2).all(|pair| pair[0] < pair[1]), "a task ran twice");
        assert!(returned.iter().all(|n| written.binary_search(n).is_ok()));
        assert!(died <= 20 && returned.len() + died == 2_000);
        final_stats(&pool);
    });
}

/// CPython `test_shutdown_deadlock`.
#[test]
fn x16_a_crash_after_the_shutdown_began_ends_neither_the_shutdown_nor_the_rest() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let doomed = pool.submit(pass_and_die, (keeper.gate(), 1, SEGFAULT));
        let rest: Vec<_> = (0..10).map(|n| pool.submit(square, n)).collect();
        keeper.await_arrivals(1);
        assert!(!pool.shutdown(Shutdown::drain().within(AT_ONCE)).is_complete());
        keeper.open();
        death_of(doomed);
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        for (n, future) in rest.into_iter().enumerate() {
            assert_eq!(future.result().unwrap(), square(n as u64));
        }
    });
}

/// CPython `test_gh105829_should_not_deadlock_if_wakeup_pipe_full`.
#[test]
fn x17_no_number_of_submits_blocks_where_the_worker_does_not_read() {
    bounded(|| {
        let pool = pool(1);
        let pid = pool.submit(where_am_i, ()).result().unwrap();
        stop(pid);
        let futures: Vec<_> = (0..20_000).map(|n| pool.submit(square, n)).collect();
        assert_eq!(pool.stats().finished, 1);
        send(Signal::CONT, pid);
        for (n, future) in futures.into_iter().enumerate() {
            assert_eq!(future.result().unwrap(), square(n as u64));
        }
        assert_eq!(pool.restarts(), 0, "a worker that is stopped is alive");
    });
}

/// Loky `processes_crash_handling_after_executor_gc`.
#[test]
fn x19_a_crash_after_the_pool_was_dropped_ends_its_own_task() {
    bounded(|| {
        let keeper = Gatekeeper::new();
        let builder = ProcessPool::builder().max_workers(1).on_drop(Shutdown::drain().within(AT_ONCE));
        let pool = builder.build().unwrap();
        let before = pool.submit(square, 2);
        let doomed = pool.submit(pass_and_die, (keeper.gate(), 1, SEGFAULT));
        let after = pool.submit(square, 3);
        keeper.await_arrivals(1);
        drop(pool);
        keeper.open();
        assert_eq!(before.result().unwrap(), 4);
        death_of(doomed);
        assert_eq!(after.result().unwrap(), 9);
    });
}

/// Loky `crash_races`, with its numbers. X-25: each has an error of its own.
#[test]
fn x20_workers_that_are_killed_at_the_same_instant_report_a_death_each() {
    bounded(|| {
        for workers in [1, 2, 5, 13] {
            let pool = pool(workers);
            let keeper = Gatekeeper::new();
            let futures: Vec<_> = (0..workers).map(|tag| pool.submit(pass, (keeper.gate(), tag as u64))).collect();
            keeper.await_arrivals(workers);
            let mut pids = pool.worker_pids();
            pids.iter().for_each(|&pid| kill(pid));
            let mut dead: Vec<u32> = futures.into_iter().map(|future| death_of(future).pid()).collect();
            pids.sort_unstable();
            dead.sort_unstable();
            assert_eq!(pids, dead);
            assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
        }
    });
}

/// Loky `in_callback_submit_with_crash`.
#[test]
fn x21_a_task_that_a_callback_submits_may_crash() {
    bounded(|| {
        let pool = pool(1);
        let (tell, told) = mpsc::channel();
        for death in [SEGFAULT, Death::Exit(1), Death::Abort] {
            let (handle, tell) = (pool.handle(), tell.clone());
            let first = pool.submit(square, 2);
            first.add_done_callback(move |_| tell.send(handle.submit(die, death)).unwrap());
            assert!(first.result().is_ok());
            death_of(told.recv().unwrap());
        }
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
    });
}

/// Loky `call_item_gc_crash_or_exit`: the result is there before the worker dies.
#[test]
fn x22_a_worker_that_dies_after_its_result_is_replaced_silently() {
    bounded(|| {
        let pool = pool(1);
        let keeper = Gatekeeper::new();
        let leave_a_thread = |gate: Gate| {
            thread::spawn(move || {
                gate.pass(1);
                SEGFAULT.die()
            });
            std::process::id()
        };
        let pid = pool.submit(leave_a_thread, keeper.gate()).result().unwrap();
        keeper.open();
        await_exit(pid);
        assert_ne!(pool.submit(where_am_i, ()).result().unwrap(), pid);
        assert_eq!((pool.stats().failed, pool.restarts()), (0, 1));
    });
}

/// Something large whose reading in the parent takes until the worker that wrote it is dead.
#[derive(Serialize)]
struct ReadLate(u32, Vec<u8>);

impl<'de> Deserialize<'de> for ReadLate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (pid, bytes) = Deserialize::deserialize(deserializer)?;
        await_exit(pid);
        // The pool is told at the same instant; it may know a moment later.
        (0..10_000).for_each(|_| thread::yield_now());
        Ok(Self(pid, bytes))
    }
}

#[test]
fn x22_what_a_worker_sent_before_it_died_is_read_to_the_end() {
    bounded(|| {
        let pool = pool(1);
        let send_two_and_die = |n: u64| match n {
            0 | 1 => ReadLate(std::process::id(), vec![7; 10_000]),
            _ => SEGFAULT.die(),
        };
        let results: Vec<_> = pool.map_with(MapOptions::new().chunk_size(3), send_two_and_die, 0..3).collect();
        assert!(results[..2].iter().all(|result| result.as_ref().is_ok_and(|read| read.1 == [7; 10_000])));
        assert!(matches!(results[2], Err(TaskError::WorkerDied(_))));
    });
}

#[derive(Serialize, Deserialize)]
struct DiesWhenDropped(Death);

impl Drop for DiesWhenDropped {
    fn drop(&mut self) {
        if pool_is_elsewhere() {
            self.0.die();
        }
    }
}

/// Whether this process is a worker.
fn pool_is_elsewhere() -> bool {
    std::env::var_os("CONCURRENT_FUTURES_WORKER").is_some()
}

/// In Rust an argument is dropped inside the call: its destructor is a part of the task.
#[test]
fn x22_a_destructor_that_ends_the_worker_ends_its_own_task() {
    bounded(|| {
        let pool = pool(1);
        let next = pool.submit(square, 3);
        death_of(pool.submit(|_: DiesWhenDropped| 1_u64, DiesWhenDropped(SEGFAULT)));
        assert_eq!(next.result().unwrap(), 9);
        assert_eq!(pool.submit(square, 4).result().unwrap(), 16);
    });
}

#[test]
fn x23_an_abort_that_races_with_the_end_hurts_nobody_else() {
    bounded(|| {
        let pool = pool(1);
        let diary = Diary::new();
        let mut stopped = 0;
        for round in 0..40 {
            let keeper = Gatekeeper::new();
            let racing = pool.submit(pass, (keeper.gate(), round));
            let next = pool.submit(note, (diary.pen(), round));
            keeper.await_arrivals(1);
            let canceller = racing.canceller();
            let abort = thread::spawn(move || canceller.abort(AT_ONCE));
            keeper.open();
            match racing.result() {
                Ok(_) => {}
                Err(TaskError::Cancelled) => stopped += 1,
                Err(other) => panic!("{other:?}"),
            }
            abort.join().unwrap();
            assert_eq!(next.result().unwrap(), round);
        }
        assert_eq!(diary.sorted(), (0..40).collect::<Vec<_>>());
        assert_eq!(final_stats(&pool).cancelled, stopped);
    });
}

static LOCK: Mutex<()> = Mutex::new(());

#[test]
fn x27_a_worker_inherits_no_lock() {
    bounded(|| {
        let held = LOCK.lock().unwrap();
        let pool = pool(1);
        assert!(pool.submit(|(): ()| LOCK.try_lock().is_ok(), ()).result().unwrap());
        drop(held);
    });
}

/// Loky `no_crash_on_stdin_access_in_child_subprocess_run`.
#[test]
fn x33_a_task_may_use_standard_input_and_output_and_start_programs_that_do() {
    bounded(|| {
        let silent = |command: &mut std::process::Command| {
            command.stdout(Stdio::null());
        };
        let pool = ProcessPool::builder().max_workers(1).configure(silent).build().unwrap();
        let talk = |(): ()| {
            let typed = common::read_all(std::io::stdin());
            common::read_all(std::io::empty());
            std::io::Write::write_all(&mut std::io::stdout(), &[b' '; 100_000]).unwrap();
            let cat = std::process::Command::new("cat").output().unwrap();
            (typed, cat.status.success(), cat.stdout.len())
        };
        assert_eq!(pool.submit(talk, ()).result().unwrap(), (String::new(), true, 0));
        let piped = |(): ()| {
            let mut cat = std::process::Command::new("cat");
            let mut cat = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            std::io::Write::write_all(&mut cat.stdin.take().unwrap(), b"meow").unwrap();
            common::read_all(cat.wait_with_output().unwrap().stdout.as_slice())
        };
        assert_eq!(pool.submit(piped, ()).result().unwrap(), "meow");
    });
}
