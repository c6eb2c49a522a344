//! How many tiny tasks per second cross to other processes, one submit each.

use concurrent_futures_bench_suite::processes::pinned::{measure_pinned_too, title};
use concurrent_futures_bench_suite::processes::python::{self, EXECUTOR, POOL, Work};
use concurrent_futures_bench_suite::processes::workloads::OneByOne;
use concurrent_futures_bench_suite::processes::{self, raw_socket};
use concurrent_futures_bench_suite::{Comparison, Promise, Session};

const PYTHON: &str = "Pool.map(chunksize=1)";

fn main() {
    processes::begin();
    measure_pinned_too(|session| {
        let tasks = session.units(10_000, 200);
        [1, 2].map(|workers| one_by_one(OneByOne { tasks }, workers)).into()
    });
}

fn one_by_one(tasks: OneByOne, workers: usize) -> Comparison {
    let title = title(&format!("process burst, one submit each, {}", Session::count(workers, "worker")));
    Comparison::new(title, "task", move || {
        let mut cases = processes::cases(workers, &tasks);
        cases.extend(python::cases([(PYTHON, POOL), ("ProcessPoolExecutor.submit", EXECUTOR)].map(|(name, pool)| {
            let (units, expected) = (tasks.tasks, tasks.expected());
            Work { name, pool, workload: "burst", workers, units, parameter: 0, expected }
        })));
        cases.push(raw_socket::stream(tasks.tasks));
        cases
    })
    .promise(Promise::FasterThan(PYTHON, 5.0))
}
