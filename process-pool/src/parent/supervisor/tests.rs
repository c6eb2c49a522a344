//! Jobs that one worker after the other comes to nothing with, and who is called for what waits. The workers are this test
//! program.

use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures_conformance::{Gate, Gatekeeper, LIMIT, watchdog};
use concurrent_futures_core::{
    Executor, ExecutorExt, Future, Job, Observer, PoolKill, Reason, Shutdown, ShutdownReport, Stats, TaskError,
    TaskOptions,
};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::net::SendFlags;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::page::Producer;
use crate::parent::lane::Room;
use crate::parent::lane::tests::waiting;
use crate::parent::shared::{Next, Shared};
use crate::parent::worker::Worker;
use crate::{ProcessPool, SharedBytes};

crate::worker_entry!();

/// A pool of one worker at a time, something happens to the first of which before they are sent anything.
struct Pool(Arc<Shared>);

impl Pool {
    fn of(workers: usize) -> Self {
        Self(Shared::new(ProcessPool::builder(), "plain".to_owned(), workers))
    }

    fn whose_first(workers: usize, meet: fn(Arc<Worker>)) -> Self {
        let pool = Arc::new(OnceLock::new());
        let meets = Meets { pool: pool.clone(), workers, meet };
        let shared = Shared::new(ProcessPool::builder().observer(meets), "doomed".to_owned(), 1);
        pool.set(Arc::downgrade(&shared)).expect("it is set once");
        Self(shared)
    }

    /// Submits a task that memory must be lent for.
    fn submit_lent(&self) -> Future<usize> {
        self.submit(|bytes: SharedBytes| bytes.len(), SharedBytes::new(b"lent").unwrap())
    }
}

impl Executor for Pool {
    fn execute(&self, job: Job) {
        self.0.execute(job);
    }

    fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.0.shut_down(how)
    }

    fn stats(&self) -> Stats {
        self.0.stats()
    }
}

/// Does something to the first workers.
struct Meets {
    pool: Arc<OnceLock<Weak<Shared>>>,
    workers: usize,
    meet: fn(Arc<Worker>),
}

impl Observer for Meets {
    fn worker_up(&self, number: usize) {
        let Some(pool) = self.pool.get().and_then(Weak::upgrade) else { return };
        let worker = pool.everybody().0.into_iter().find(|worker| worker.number == number);
        if let Some(worker) = worker.filter(|_| number < self.workers) {
            (self.meet)(worker);
        }
    }
}

/// It can't be lent any memory, since its control socket is full; it lives none the less.
fn fill_control_socket(worker: Arc<Worker>) {
    stop(&worker);
    let control = &worker.control;
    fcntl_setfl(control, fcntl_getfl(control).unwrap() | OFlags::NONBLOCK).unwrap();
    while control.send(&[0; 1024], &[], SendFlags::empty()).is_ok() {}
    while control.send(&[0], &[], SendFlags::empty()).is_ok() {}
}

/// It dies as soon as something lies with it, and begins nothing.
fn die_of_the_first_frame(worker: Arc<Worker>) {
    stop(&worker);
    thread::spawn(move || {
        while worker.lane.lock().is_empty() {
            thread::yield_now();
        }
        worker.process().kill();
    });
}

/// It is killed because it is stopped, and the burial is the first to see what lay with it.
fn be_passed_over_with_the_first_frame(worker: Arc<Worker>) {
    stop(&worker);
    thread::spawn(move || {
        while worker.lane.lock().is_empty() {
            thread::yield_now();
        }
        worker.lane.lock().pass_over();
        worker.process().kill();
    });
}

fn stop(worker: &Worker) {
    let pid = Pid::from_raw(worker.process().pid() as i32).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT).unwrap();
}

#[test]
fn a_task_that_five_workers_could_not_be_sent_is_rejected_and_the_others_run() {
    watchdog(LIMIT, "a task that can't be sent", || {
        let (pool, begun) = (Pool::whose_first(5, fill_control_socket), Instant::now());
        let doomed = pool.submit_lent();
        let others: Vec<Future<u64>> = (0..3).map(|n| pool.submit(|n: u64| n + 1, n)).collect();
        let Err(TaskError::Rejected(rejected)) = doomed.result() else { panic!("it could not be sent") };
        assert!(matches!(rejected.reason(), Reason::Broken(why) if why.contains("5 workers in a row")), "{rejected}");
        assert!(rejected.to_string().contains("temporarily unavailable"), "{rejected}");
        assert!(begun.elapsed() >= Duration::from_millis(200), "each try waits longer than the one before");
        assert!(others.into_iter().zip(1..).all(|(future, n)| future.result().unwrap() == n));
        assert_eq!(pool.submit_lent().result().unwrap(), 4, "the pool is of use");
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.finished, stats.failed), (5, 4, 1));
    });
}

#[test]
fn a_task_that_some_workers_could_not_be_sent_runs_on_the_next() {
    watchdog(LIMIT, "a task that is sent at last", || {
        for meet in [fill_control_socket, die_of_the_first_frame] {
            let pool = Pool::whose_first(4, meet);
            assert_eq!(pool.submit_lent().result().unwrap(), 4);
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
        }
    });
}

/// Nobody but who stops them is to blame: their pool kills them so that the task, which has a deadline, gets to another.
#[test]
fn a_task_runs_however_many_workers_were_stopped_before_they_began_it() {
    watchdog(LIMIT, "a task that meets stopped workers", || {
        for meet in [be_passed_over_with_the_first_frame, |worker: Arc<Worker>| stop(&worker)] {
            let pool = Pool::whose_first(7, meet);
            let options = TaskOptions::new().deadline(Duration::from_millis(50));
            assert_eq!(pool.submit_with(options, |n: u64| n + 1, 1).result().unwrap(), 2);
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
        }
    });
}

/// Q1: what comes back at once, as from a worker that has died, keeps as many others busy as it can.
#[test]
fn each_job_that_comes_back_wakes_a_worker_that_is_idle_or_starts_one() {
    watchdog(LIMIT, "jobs that come back", || {
        for idle in [0, 1, 3] {
            let (pool, keeper) = (Pool::of(3), Gatekeeper::new());
            let before: Vec<Future<()>> = (0..idle).map(|tag| pool.submit(pass, (keeper.gate(), tag))).collect();
            keeper.await_arrivals(idle as usize);
            keeper.open();
            before.into_iter().for_each(|future| future.result().unwrap());
            while pool.stats().idle < idle as usize {
                thread::yield_now();
            }
            let keeper = Gatekeeper::new();
            let (futures, jobs): (Vec<_>, Vec<_>) = (0..3).map(|tag| waiting(pass, (keeper.gate(), tag))).unzip();
            pool.0.give_back(jobs);
            keeper.await_arrivals(3);
            keeper.open();
            futures.into_iter().for_each(|future: Future<()>| future.result().unwrap());
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
        }
    });
}

/// Q4: ten submits while one worker searches are not one worker's work.
#[test]
fn q4_one_job_is_left_to_a_worker_that_searches_and_no_more() {
    watchdog(LIMIT, "jobs that are left", || {
        let pool = Pool::of(3);
        pool.0.announce_search(NOBODY);
        let first = pool.submit(|n: u64| n + 1, 1);
        assert_eq!((pool.stats().workers, pool.stats().pending), (0, 1));
        let second = pool.submit(|n: u64| n + 1, 2);
        assert_eq!(pool.stats().workers, 1);
        assert_eq!((first.result().unwrap(), second.result().unwrap()), (2, 3));
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
    });
}

/// Q4: nobody waits for a worker whose supervisor is held up. The test is the clock: the warden starts with the first worker.
#[test]
fn q4_a_job_that_was_left_to_a_worker_that_does_not_look_goes_to_another() {
    watchdog(LIMIT, "a job that nobody looks for", || {
        let pool = Pool::of(3);
        pool.0.announce_search(NOBODY);
        let future = pool.submit(|n: u64| n + 1, 1);
        pool.0.look_after_searches();
        assert_eq!(pool.stats().workers, 0, "it may have begun to search a moment ago");
        pool.0.look_after_searches();
        assert_eq!(pool.stats().workers, 1);
        assert_eq!(future.result().unwrap(), 2);
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
    });
}

/// Q4: who looks and takes nothing, as one that is to leave, or dies, takes nothing along.
#[test]
fn q4_a_job_that_was_left_to_a_worker_that_takes_none_goes_to_another() {
    watchdog(LIMIT, "a job that is not taken", || {
        let (elsewhere, worker) = idle_worker();
        let full = Room { jobs: 0, bytes: 0, is_idle: false, is_held_up: false };
        let looks = |pool: &Pool| _ = pool.0.next_for(&worker, full, false);
        let dies = |pool: &Pool| pool.0.note_left(&worker);
        for takes_none in [&looks as &dyn Fn(&Pool), &dies] {
            let pool = Pool::of(3);
            pool.0.announce_search(worker.number);
            let future = pool.submit(|n: u64| n + 1, 1);
            assert_eq!(pool.stats().workers, 0);
            takes_none(&pool);
            assert_eq!(pool.stats().workers, 1);
            assert_eq!(future.result().unwrap(), 2);
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
        }
        assert!(elsewhere.shutdown(Shutdown::drain()).is_complete());
    });
}

/// Q4: what it was sent keeps it busy, and the next job is somebody else's.
#[test]
fn q4_a_worker_that_has_taken_a_job_searches_no_more() {
    watchdog(LIMIT, "a job behind one that was taken", || {
        let (elsewhere, worker) = idle_worker();
        let pool = Pool::of(3);
        pool.0.announce_search(worker.number);
        let first = pool.submit(|n: u64| n + 1, 1);
        let room = Room { jobs: 1, bytes: usize::MAX, is_idle: true, is_held_up: false };
        let Next::Send(taken) = pool.0.next_for(&worker, room, false) else { panic!("it takes what was left to it") };
        let second = pool.submit(|n: u64| n + 1, 2);
        assert_eq!(pool.stats().workers, 1);
        pool.0.give_back(taken);
        assert_eq!((first.result().unwrap(), second.result().unwrap()), (2, 3));
        assert!([pool, elsewhere].iter().all(|pool| pool.shutdown(Shutdown::drain()).is_complete()));
    });
}

/// A worker of a pool of its own, which is to be kept.
fn idle_worker() -> (Pool, Arc<Worker>) {
    let pool = Pool::of(1);
    pool.submit(|n: u64| n, 1).result().unwrap();
    while pool.stats().idle == 0 {
        thread::yield_now();
    }
    let worker = pool.0.everybody().0.remove(0);
    (pool, worker)
}

/// The number of a worker that is not there.
const NOBODY: usize = 1_000;

fn pass((gate, tag): (Gate, u64)) {
    gate.pass(tag);
}

/// A worker whose result is of no task that there is, and one that somebody else ends.
#[test]
fn a_worker_that_its_own_pool_has_given_up_is_told_from_one_that_somebody_else_has_killed() {
    watchdog(LIMIT, "two workers that are killed", || {
        for kill in [write_nonsense, kill_from_outside] {
            let (pool, keeper) = (Pool::of(1), Gatekeeper::new());
            let future = pool.submit(pass, (keeper.gate(), 1));
            keeper.await_arrivals(1);
            let expected = kill(&pool.0.everybody().0[0]);
            let Err(TaskError::WorkerDied(died)) = future.result() else { panic!("its worker is dead") };
            assert_eq!(died.killed_by_pool(), expected, "{died}");
            assert_eq!(died.hint().unwrap().contains("killed by its pool"), expected.is_some(), "{died}");
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
        }
    });
}

fn write_nonsense(worker: &Worker) -> Option<PoolKill> {
    let slot = worker.lane.lock().occupied()[0];
    assert!(Producer::default().push(&worker.page, slot, 99, &[]), "nothing else was written there");
    worker.insist();
    Some(PoolKill::Unusable)
}

fn kill_from_outside(worker: &Worker) -> Option<PoolKill> {
    kill_process(Pid::from_raw(worker.process().pid() as i32).unwrap(), Signal::KILL).unwrap();
    None
}

/// As one whose argument is larger than the memory of a worker.
#[test]
fn a_task_that_five_workers_died_of_before_they_began_it_is_rejected_and_the_others_run() {
    watchdog(LIMIT, "a task that kills before it begins", || {
        let pool = Pool::whose_first(5, die_of_the_first_frame);
        let doomed = pool.submit_lent();
        let others: Vec<Future<u64>> = (0..3).map(|n| pool.submit(|n: u64| n + 1, n)).collect();
        let Err(TaskError::Rejected(rejected)) = doomed.result() else { panic!("nobody could begin it") };
        assert!(rejected.to_string().contains("the last one died by SIGKILL before it had begun"), "{rejected}");
        assert!(others.into_iter().zip(1..).all(|(future, n)| future.result().unwrap() == n));
        assert!(pool.shutdown(Shutdown::drain()).is_complete());
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.finished, stats.failed), (4, 3, 1));
    });
}
