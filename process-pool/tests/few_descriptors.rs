//! A pool under a tight limit of descriptors: what waits costs none.

mod parts;

use std::process::ExitCode;
use std::time::Duration;

use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{Bytes, Future, ProcessPool, ReturnWhen, TaskError, wait};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use rustix::time::{ClockId, clock_gettime};

fn main() -> ExitCode {
    parts::run(
        &[
            ("starved", submit_many),
            ("starved_with_attachments", submit_many_with_attachments),
            ("lowered", lower_the_limit_below_what_is_open),
        ],
        &[
            ("v2_a_limit_lowered_below_the_number_of_workers_hides_no_death", || succeeds("lowered")),
            ("a_hundred_thousand_tasks_wait_under_a_limit_of_256_descriptors", || succeeds("starved")),
            ("attachments_that_wait_cost_no_descriptors", || succeeds("starved_with_attachments")),
        ],
    )
}

const DESCRIPTORS: u64 = 256;
const TASKS: u64 = 100_000;
const A_WHILE: Duration = Duration::from_millis(400);

fn succeeds(part: &str) {
    assert!(parts::program_that_plays(part).status().expect("the program starts again").success());
}

/// This process, and the workers after it, get no more descriptors.
fn limit_descriptors() {
    set_limit(DESCRIPTORS);
    let files: Vec<_> = (0..DESCRIPTORS).map(|_| std::fs::File::open("/dev/null")).collect();
    assert!(files.iter().any(Result::is_err), "the limit holds");
}

fn set_limit(descriptors: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(descriptors), maximum }).expect("less is always allowed");
}

fn submit_many() {
    limit_descriptors();
    let pool = ProcessPool::new(2).expect("a pool");
    let futures: Vec<Future<u64>> = (0..TASKS).map(|n| pool.submit(|n: u64| n + 1, n)).collect();
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result().expect("a result"), n + 1_u64);
    }
}

fn submit_many_with_attachments() {
    limit_descriptors();
    let pool = ProcessPool::new(2).expect("a pool");
    let bytes = Bytes::from(vec![7; 100_000]);
    let futures: Vec<Future<Bytes>> = (0..2_000).map(|_| pool.submit(|bytes: Bytes| bytes, bytes.clone())).collect();
    for future in futures {
        assert!(future.result().expect("a result") == bytes);
    }
}

/// With fewer descriptors allowed than there are workers, the system refuses to watch them all in one call.
fn lower_the_limit_below_what_is_open() {
    const WORKERS: usize = 8;
    let pool = ProcessPool::new(WORKERS).expect("a pool");
    let keeper = Gatekeeper::new();
    let futures = [(); WORKERS].map(|()| pool.submit(|gate: Gate| gate.pass(0), keeper.gate()));
    keeper.await_arrivals(WORKERS);
    set_limit(WORKERS as u64 / 2);

    let before = clock_gettime(ClockId::ProcessCPUTime);
    assert!(!futures[0].wait_timeout(A_WHILE));
    let burnt = clock_gettime(ClockId::ProcessCPUTime) - before;
    assert!(Duration::try_from(burnt).expect("time goes on") < A_WHILE / 2, "who can't watch doesn't spin: {burnt:?}");

    let victim = pool.worker_pids()[WORKERS / 2];
    kill_process(Pid::from_raw(victim as i32).expect("a process"), Signal::KILL).expect("it is ours");
    let done = wait(&futures, ReturnWhen::FirstCompleted, None).done;
    assert!(matches!(done[0].error(), Some(TaskError::WorkerDied(died)) if died.pid() == victim));
    // The gatekeeper, too, needs a descriptor in the end.
    set_limit(DESCRIPTORS);
    keeper.open();
    assert_eq!(futures.into_iter().filter_map(|future| future.result().ok()).count(), WORKERS - 1);
}
