//! What a pool leaves behind: nothing. One test, since it counts what its whole process has. X-54, S-20.

mod common;

use std::fs;

use common::{AT_ONCE, SEGFAULT, bounded, die, pass, square};
use concurrent_futures_conformance::Gatekeeper;
use concurrent_futures_process_pool::{Bytes, ProcessPool, SharedBytes, Shutdown, worker_entry};

worker_entry!();

/// Descriptors, threads, mappings of shared memory, and children, zombies among them.
#[derive(Debug, PartialEq)]
struct Belongings {
    descriptors: usize,
    threads: usize,
    shared: usize,
    children: String,
}

fn belongings() -> Belongings {
    let count = |path| fs::read_dir(path).unwrap().count();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let children = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    Belongings {
        descriptors: count("/proc/self/fd"),
        threads: count("/proc/self/task"),
        shared: maps.lines().filter(|line| line.contains("memfd:")).count(),
        children: children.collect(),
    }
}

fn use_one(how: Shutdown) {
    let table = SharedBytes::new(&[1; 100_000]).unwrap();
    let builder = ProcessPool::builder().max_workers(2).initializer(|_: SharedBytes| (), table.clone());
    let pool = builder
        .configure(|command| {
            command.stderr(std::process::Stdio::piped());
        })
        .build()
        .unwrap();
    let handle = pool.handle();
    pool.submit(|bytes: Bytes| bytes, Bytes::from(vec![0; 1 << 20])).result().unwrap();
    pool.submit(|table: SharedBytes| table.len(), table).result().unwrap();
    pool.submit(die, SEGFAULT).result().unwrap_err();
    let first = pool.submit(square, 3);
    first.add_done_callback(|_| ());
    first.result().unwrap();
    let keeper = Gatekeeper::new();
    let held = pool.submit(pass, (keeper.gate(), 1));
    let waiting: Vec<_> = (0..10).map(|n| pool.submit(square, n)).collect();
    keeper.await_arrivals(1);
    pool.shutdown(how.within(AT_ONCE));
    keeper.open();
    drop((held.result(), waiting));
    assert!(handle.shutdown(Shutdown::drain()).is_complete());
}

#[test]
fn x54_after_a_shutdown_nothing_of_the_pool_is_left() {
    bounded(|| {
        let all = [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(AT_ONCE)];
        // What the libraries set up once.
        use_one(Shutdown::drain());
        let before = belongings();
        for how in all.into_iter().cycle().take(12) {
            use_one(how);
            assert_eq!(belongings(), before, "after {how:?}");
        }
    });
}
