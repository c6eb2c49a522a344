//! Workers of a large parent start no slower: starting them copies none of its memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use concurrent_futures_conformance::{LIMIT, watchdog};
use concurrent_futures_process_pool::{ProcessPool, worker_entry};

worker_entry!();

const LARGE: usize = 1536 * 1024 * 1024;
const STARTS: usize = 7;

/// A parent that is copied, if only its page tables, takes several times as long: far more than noise does.
const MOST: f64 = 2.5;

#[test]
fn a_parent_of_1_5_gigabytes_starts_workers_as_fast_as_a_small_one() {
    watchdog(LIMIT, "a large parent", compare);
}

fn compare() {
    let small = fastest_start();
    let ballast = black_box(vec![1_u8; LARGE]);
    let large = fastest_start();
    drop(ballast);
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    assert!(ratio < MOST, "{ratio:.2} times as long: {small:?}, and {large:?} with {LARGE} bytes");
}

/// From the first submit to its result. The fastest says what it costs; the others, what else the machine does.
fn fastest_start() -> Duration {
    let start = || {
        let pool = ProcessPool::new(1).expect("a pool");
        let begin = Instant::now();
        pool.submit(|n: u64| n, 1).result().expect("a result");
        begin.elapsed()
    };
    (0..STARTS).map(|_| start()).min().expect("several starts")
}
