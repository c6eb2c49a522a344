//! A pool under a tight limit of descriptors: what waits costs none.

mod parts;

use std::process::ExitCode;

use concurrent_futures_process_pool::{Bytes, Future, ProcessPool};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn main() -> ExitCode {
    parts::run(
        &[("starved", submit_many), ("starved_with_attachments", submit_many_with_attachments)],
        &[
            ("a_hundred_thousand_tasks_wait_under_a_limit_of_256_descriptors", || succeeds("starved")),
            ("attachments_that_wait_cost_no_descriptors", || succeeds("starved_with_attachments")),
        ],
    )
}

const DESCRIPTORS: u64 = 256;
const TASKS: u64 = 100_000;

fn succeeds(part: &str) {
    assert!(parts::program_that_plays(part).status().expect("the program starts again").success());
}

/// This process, and the workers after it, get no more descriptors.
fn limit_descriptors() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), maximum }).expect("less is always allowed");
    let files: Vec<_> = (0..DESCRIPTORS).map(|_| std::fs::File::open("/dev/null")).collect();
    assert!(files.iter().any(Result::is_err), "the limit holds");
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
