//! How workers start, and what becomes of tasks where they can't. P-01 to P-10, P-30 to P-33, P-47, P-53, P-66, X-26,
//! E-06 to E-09.

mod common;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use common::{
    Death, Diary, Pen, bounded, cause_of, death_of, die, final_stats, kill, pass, pool, rejection, square, where_am_i,
};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{
    BuildError, Future, ProcessPool, ProcessPoolBuilder, Reason, Shutdown, TaskError, WhenFull, worker_entry,
};
use futures_lite::future::block_on;

worker_entry!();

fn builder(workers: usize) -> ProcessPoolBuilder {
    ProcessPool::builder().max_workers(workers)
}

/// CPython `test_idle_process_reuse_one`.
#[test]
fn p03_three_tasks_one_after_the_other_use_one_process() {
    bounded(|| {
        let pool = pool(5);
        assert_eq!(pool.stats().workers, 0, "E-08");
        let pids: BTreeSet<u32> = (0..3).map(|_| pool.submit(where_am_i, ()).result().unwrap()).collect();
        assert_eq!((pids.len(), pool.worker_pids().len()), (1, 1));
    });
}

/// Q4: who has a result finds the worker that brought it.
#[test]
fn q4_submitting_and_waiting_in_a_loop_uses_exactly_one_worker() {
    /// More than the ring of results takes.
    fn large(n: u64) -> Vec<u64> {
        vec![n; 2_000]
    }
    let round: [fn(&ProcessPool, u64); 5] = [
        |pool, n| assert_eq!(pool.submit(square, n).result().unwrap(), square(n)),
        |pool, n| {
            let future = pool.submit(square, n);
            future.add_done_callback(|outcome| assert!(outcome.is_ok()));
            assert_eq!(future.result().unwrap(), square(n));
        },
        |pool, n| assert_eq!(block_on(pool.submit(square, n)).unwrap(), square(n)),
        |pool, n| assert!(pool.map(square, [n]).map(Result::unwrap).eq([square(n)])),
        |pool, n| assert_eq!(pool.submit(large, n).result().unwrap(), large(n)),
    ];
    bounded(move || {
        for (kind, round) in round.into_iter().enumerate() {
            let pool = pool(4);
            (0..1_000).for_each(|n| round(&pool, n));
            assert_eq!(pool.worker_pids().len(), 1, "kind {kind}: {:?}", pool.worker_stats());
        }
    });
}

/// A waker that keeps the supervisor until it is let go.
struct Holds {
    begun: mpsc::Sender<()>,
    let_go: Mutex<mpsc::Receiver<()>>,
}

impl Wake for Holds {
    fn wake(self: Arc<Self>) {
        self.begun.send(()).unwrap();
        self.let_go.lock().unwrap().recv().unwrap();
    }
}

/// Q4: what is submitted while a supervisor releases a result, is held up in it, and its worker lives or dies.
#[test]
fn q4_a_task_does_not_wait_for_a_supervisor_that_a_waker_holds_up() {
    bounded(|| {
        for dies in [false, true] {
            let (pool, keeper) = (pool(2), Gatekeeper::new());
            let ((begun, begins), (let_go, is_let_go)) = (mpsc::channel(), mpsc::channel());
            let mut held = pool.submit(pass, (keeper.gate(), 1));
            let waker = Waker::from(Arc::new(Holds { begun, let_go: Mutex::new(is_let_go) }));
            assert!(Pin::new(&mut held).poll(&mut Context::from_waker(&waker)).is_pending());
            keeper.open();
            begins.recv().unwrap();
            if dies {
                kill(pool.worker_pids()[0]);
            }
            assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
            let_go.send(()).unwrap();
            assert!(held.result().is_ok());
            assert_eq!(final_stats(&pool).finished, 2);
        }
    });
}

/// CPython `test_idle_process_reuse_multiple`.
#[test]
fn p03_a_mixed_sequence_uses_at_most_three_of_five() {
    bounded(|| {
        let pool = pool(5);
        let keeper = Gatekeeper::new();
        pool.submit(where_am_i, ()).result().unwrap();
        pool.submit(where_am_i, ()).result().unwrap();
        let held = [1, 2].map(|tag| pool.submit(pass, (keeper.gate(), tag)));
        keeper.await_arrivals(2);
        pool.submit(where_am_i, ()).result().unwrap();
        keeper.open();
        assert!(held.into_iter().all(|future| future.result().is_ok()));
        assert!(pool.worker_pids().len() <= 3, "{:?}", pool.worker_stats());
    });
}

/// CPython `test_saturation`, pebble `different_process`, procspawn `pool overload`.
#[test]
fn p04_many_blocked_tasks_use_exactly_as_many_processes_as_asked_for() {
    bounded(|| {
        let pool = pool(4);
        let keeper = Gatekeeper::new();
        let futures: Vec<_> = (0..60).map(|tag| pool.submit(pass, (keeper.gate(), tag))).collect();
        keeper.await_arrivals(4);
        assert_eq!(futures.iter().filter(|future| future.running()).count(), 4);
        assert_eq!(pool.stats().workers, 4);
        keeper.open();
        let pids: BTreeSet<u32> = futures.into_iter().map(|future| future.result().unwrap()).collect();
        assert_eq!(pids.len(), 4);
    });
}

/// Loky `child_env_executor`.
#[test]
fn p09_environment_and_directory_reach_the_workers() {
    bounded(|| {
        let configure = |command: &mut Command| {
            command.env("COLOUR", "green").current_dir("/");
        };
        let pool = builder(1).configure(configure).build().unwrap();
        let look = |(): ()| (std::env::var("COLOUR").ok(), std::env::current_dir().unwrap());
        assert_eq!(pool.submit(look, ()).result().unwrap(), (Some("green".to_owned()), "/".into()));
        let empty = |command: &mut Command| {
            command.env_clear();
        };
        let pool = builder(1).configure(empty).build().unwrap();
        let path = |(): ()| std::env::var_os("PATH").is_none();
        assert!(pool.submit(path, ()).result().unwrap());
    });
}

/// A panic in a task names it.
#[test]
fn the_thread_of_the_tasks_is_called_after_the_pool_and_the_number_of_its_worker() {
    bounded(|| {
        let pool = builder(1).name("thumbnails").build().unwrap();
        let name = |(): ()| std::thread::current().name().map(str::to_owned);
        assert_eq!(pool.submit(name, ()).result().unwrap().as_deref(), Some("thumbnails_0"));
    });
}

/// Pebble `child_pool`, loky `max_depth`. P-66.
#[test]
fn p10_p66_pools_nest_as_deep_as_they_may_and_no_deeper() {
    /// Makes a pool in each worker until there is none; says how deep it came, and why no further.
    fn nest(depth: u32) -> (u32, String) {
        match ProcessPool::builder().max_workers(1).max_depth(2).build() {
            Ok(pool) => pool.submit(nest, depth + 1).result().unwrap(),
            Err(error @ BuildError::NestedTooDeep { limit: 2 }) if error.to_string().contains("raise `max_depth`") => {
                (depth, "told what to do".to_owned())
            }
            Err(other) => (depth, other.to_string()),
        }
    }
    bounded(|| assert_eq!(nest(0), (3, "told what to do".to_owned())));
}

#[test]
fn e06_options_that_can_not_work_are_refused_by_name() {
    let text = |builder: ProcessPoolBuilder| builder.build().unwrap_err().to_string();
    assert_eq!(ProcessPool::new(0).unwrap_err().to_string(), "max_workers must be at least 1");
    assert!(text(builder(1).stack_size(10)).contains("stack_size is 10"));
    assert!(text(builder(1).name("a\0b")).contains("name"));
    assert!(text(builder(1).max_pending(1, WhenFull::CallerRuns)).contains("CallerRuns"));
}

static TABLE: OnceLock<u64> = OnceLock::new();

/// CPython `test_initializer`, pebble `initializer`. P-33: and its effects stay there.
#[test]
fn p30_the_initializer_runs_once_in_each_worker_replacements_included() {
    bounded(|| {
        let diary = Diary::new();
        let prepare = |(pen, n): (Pen, u64)| {
            pen.write(std::process::id().into());
            TABLE.set(n).unwrap();
        };
        let pool = builder(2).initializer(prepare, (diary.pen(), 5)).build().unwrap();
        let read = |(): ()| (*TABLE.get().unwrap(), std::process::id());
        let mut pids = BTreeSet::new();
        for _ in 0..4 {
            let (value, pid) = pool.submit(read, ()).result().unwrap();
            assert_eq!(value, 5);
            assert!(pids.insert(u64::from(pid)));
            death_of(pool.submit(die, Death::Abort));
        }
        assert!(TABLE.get().is_none());
        pool.shutdown(Shutdown::drain());
        let initialised = diary.sorted();
        assert!(initialised.windows(2).all(|pair| pair[0] < pair[1]), "once in each: {initialised:?}");
        assert!(pids.iter().all(|pid| initialised.binary_search(pid).is_ok()), "{initialised:?}");
    });
}

/// also with futures among them that were cancelled. The gate holds the first start until all of them wait.
fn assert_breaks(builder: ProcessPoolBuilder, keeper: &Gatekeeper, words: &str) {
    let pool = builder.max_workers(1).build().unwrap();
    let futures: Vec<Future<u64>> = (0..6).map(|n| pool.submit(square, n)).collect();
    assert!(futures[1].cancel() && futures[5].cancel());
    keeper.open();
    for (n, future) in futures.into_iter().enumerate() {
        match future.result() {
            Err(TaskError::Cancelled) => assert!(n == 1 || n == 5),
            Err(error) => assert!(cause_of(&error).contains(words), "{error:?}"),
            Ok(_) => panic!("it should not run"),
        }
    }
    // E-04, and S-10: broken comes before shut down, and there is nothing to kill.
    assert!(cause_of(&pool.submit(square, 1).result().unwrap_err()).contains(words));
    assert!(pool.map(square, 0..3).all(|result| matches!(rejection(&result.unwrap_err()), Reason::Broken(_))));
    let stats = final_stats(&pool);
    assert_eq!((stats.cancelled, stats.finished), (2, 0));
    assert!(pool.shutdown(Shutdown::kill(Duration::ZERO)).is_complete());
    assert!(matches!(rejection(&pool.submit(square, 1).result().unwrap_err()), Reason::Broken(_)));
}

/// CPython `test_initializer` with a failing one, pebble `broken_initializer`, mpi4py `initializer_error`.
#[test]
fn p31_an_initializer_that_fails_breaks_the_pool_with_its_words() {
    bounded(|| {
        let keeper = Gatekeeper::new();
        let fail = |gate: Gate| -> Result<(), String> {
            gate.pass(1);
            Err("no licence".into())
        };
        assert_breaks(ProcessPool::builder().initializer_fallible(fail, keeper.gate()), &keeper, "no licence");
        assert_eq!(keeper.arrivals().len(), 1, "it is not tried again");
    });
}

#[test]
fn p31_an_initializer_that_panics_breaks_the_pool_with_its_words() {
    bounded(|| {
        let keeper = Gatekeeper::new();
        let fail = |gate: Gate| {
            gate.pass(1);
            panic!("no colour")
        };
        assert_breaks(ProcessPool::builder().initializer(fail, keeper.gate()), &keeper, "no colour");
    });
}

/// X-34, P-32: it is tried again a few times, and then the pool says why it is broken.
#[test]
fn x34_workers_that_die_at_their_start_break_the_pool_instead_of_hanging() {
    bounded(|| {
        for (death, words) in [(Death::Exit(3), "exited with code 3"), (common::SEGFAULT, "died by SIGSEGV")] {
            let keeper = Gatekeeper::new();
            let fail = |(gate, death): (Gate, Death)| {
                gate.pass(1);
                death.die()
            };
            assert_breaks(ProcessPool::builder().initializer(fail, (keeper.gate(), death)), &keeper, words);
            assert!(keeper.arrivals().len() > 1, "one death is no proof");
        }
    });
}

#[test]
fn a_start_timeout_beyond_what_the_clock_can_tell_is_none() {
    bounded(|| {
        let pool = builder(1).start_timeout(Duration::MAX).build().unwrap();
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
    });
}

#[test]
fn x34_a_worker_that_dies_at_its_start_now_and_then_is_tried_again() {
    bounded(|| {
        let diary = Diary::new();
        let fail_twice = |pen: Pen| {
            pen.write(1);
            let starts = std::fs::read_to_string(pen.path()).unwrap().lines().count();
            if starts <= 2 {
                Death::Exit(1).die();
            }
        };
        let pool = builder(1).initializer(fail_twice, diary.pen()).build().unwrap();
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
        assert_eq!(diary.entries().len(), 3);
    });
}

#[test]
fn x34_a_worker_that_says_nothing_is_given_up_after_start_timeout() {
    bounded(|| {
        let keeper = Gatekeeper::new();
        let wait = |gate: Gate| gate.pass(1);
        let limit = Duration::from_millis(50);
        let pool = builder(1).start_timeout(limit).initializer(wait, keeper.gate()).build().unwrap();
        let cause = cause_of(&pool.submit(square, 3).result().unwrap_err());
        assert!(cause.contains("start_timeout") && cause.contains("init()"), "{cause}");
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
    });
}

/// A kill doesn't wait for a worker that starts.
#[test]
fn p46_a_kill_ends_a_worker_that_is_starting() {
    bounded(|| {
        let keeper = Gatekeeper::new();
        let pool = builder(1).initializer(|gate: Gate| gate.pass(1), keeper.gate()).build().unwrap();
        let future = pool.submit(square, 3);
        keeper.await_arrivals(1);
        assert!(pool.shutdown(Shutdown::kill(Duration::ZERO)).is_complete());
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
    });
}

#[test]
fn s04_cancel_pending_during_a_start_ends() {
    bounded(|| {
        let keeper = Gatekeeper::new();
        let pool = builder(1).initializer(|gate: Gate| gate.pass(1), keeper.gate()).build().unwrap();
        let future = pool.submit(square, 3);
        keeper.await_arrivals(1);
        pool.shutdown(Shutdown::cancel_pending().within(Duration::ZERO));
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        keeper.open();
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
    });
}

#[test]
fn p47_a_system_that_refuses_to_start_workers_breaks_the_pool() {
    bounded(|| {
        let nowhere = |command: &mut Command| {
            command.current_dir("/no/such/directory");
        };
        let pool = builder(2).configure(nowhere).build().unwrap();
        let futures: Vec<_> = (0..5).map(|n| pool.submit(square, n)).collect();
        for future in futures {
            let cause = cause_of(&future.result().unwrap_err());
            assert!(cause.contains("could not be started") && cause.contains("No such file"), "{cause}");
        }
        final_stats(&pool);
    });
}

/// our own threads run this code, and it is the user's.
#[test]
fn x31_a_configure_that_panics_breaks_the_pool_with_its_words() {
    bounded(|| {
        let pool = builder(1).configure(|_: &mut Command| panic!("no such configuration")).build().unwrap();
        let futures: Vec<_> = (0..3).map(|n| pool.submit(square, n)).collect();
        for future in futures {
            let cause = cause_of(&future.result().unwrap_err());
            assert!(cause.contains("no such configuration"), "{cause}");
        }
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
    });
}

#[test]
fn x31_an_initializers_argument_that_can_not_be_written_breaks_the_pool_with_its_words() {
    #[derive(Clone, serde::Deserialize)]
    struct Heavy(bool);
    impl serde::Serialize for Heavy {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            if self.0 {
                panic!("a heavy argument")
            }
            Err(serde::ser::Error::custom("a heavy argument"))
        }
    }
    bounded(|| {
        for panics in [false, true] {
            let pool = builder(1).initializer(|_: Heavy| (), Heavy(panics)).build().unwrap();
            let cause = cause_of(&pool.submit(square, 3).result().unwrap_err());
            assert!(cause.contains("a heavy argument"), "{cause}");
        }
    });
}

/// A crash loop of tasks isn't one of starts: the pool goes on.
#[test]
fn tasks_that_kill_their_workers_again_and_again_do_not_break_the_pool() {
    bounded(|| {
        let pool = pool(1);
        for n in 0..20 {
            death_of(pool.submit(die, Death::Exit(1)));
            assert_eq!(pool.submit(square, n).result().unwrap(), square(n));
        }
    });
}

/// The file of the program may be replaced while it runs: workers run what it ran.
#[test]
fn p05_workers_run_the_very_file_of_the_program() {
    bounded(|| {
        let pool = pool(1);
        let theirs = pool.submit(|(): ()| std::fs::read_link("/proc/self/exe").unwrap(), ()).result().unwrap();
        assert_eq!(theirs, std::fs::read_link("/proc/self/exe").unwrap());
    });
}

/// A worker that is killed while it starts, by whom it may be, is started again.
#[test]
fn x34_a_worker_that_is_killed_while_it_starts_is_started_again() {
    static STARTS: AtomicUsize = AtomicUsize::new(0);
    bounded(|| {
        let keeper = Gatekeeper::new();
        let count = |_: &mut Command| {
            STARTS.fetch_add(1, Ordering::SeqCst);
        };
        let say_pid = |gate: Gate| gate.pass(std::process::id().into());
        let pool = builder(1).configure(count).initializer(say_pid, keeper.gate()).build().unwrap();
        let future = pool.submit(square, 3);
        keeper.await_arrivals(1);
        kill(keeper.arrivals()[0] as u32);
        keeper.open();
        assert_eq!(future.result().unwrap(), 9);
        assert_eq!(STARTS.load(Ordering::SeqCst), 2);
    });
}
