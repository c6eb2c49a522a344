//! How many tiny tasks per second: all submitted, then all collected.

use concurrent_futures_bench_suite::contenders::cases;
use concurrent_futures_bench_suite::workloads::Burst;
use concurrent_futures_bench_suite::{Comparison, Promise, Session, floor, measure};

fn main() {
    measure(|session| {
        let tasks = session.units(200_000, 400);
        [(1, 1), (1, 4), (2, 1), (2, 4)].map(|(workers, submitters)| burst(tasks, workers, submitters)).into()
    });
}

fn burst(tasks: usize, workers: usize, submitters: usize) -> Comparison {
    let title = format!("burst, {}, {}", Session::count(workers, "worker"), Session::count(submitters, "submitter"));
    Comparison::new(title, "task", move || {
        let mut cases = cases(workers, &Burst { tasks, submitters });
        cases.push(floor::memory(tasks, 1));
        cases
    })
    .promise(Promise::Faster(1.3))
}
