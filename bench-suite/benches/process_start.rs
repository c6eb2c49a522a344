//! How long a pool of processes takes from nothing to a result, and from a dead worker to the next one.

#[cfg(feature = "peers")]
use concurrent_futures_bench_suite::processes::Procspawn;
use concurrent_futures_bench_suite::processes::pinned::{measure_pinned_too, title};
use concurrent_futures_bench_suite::processes::python::{self, EXECUTOR, POOL, Work};
use concurrent_futures_bench_suite::processes::workloads::{crash, start};
use concurrent_futures_bench_suite::processes::{self, OurProcesses};
use concurrent_futures_bench_suite::{Comparison, Promise, Session};

const WORKERS: usize = 2;

fn main() {
    processes::begin();
    measure_pinned_too(|session| {
        let times = session.units(5, 1);
        vec![from_nothing(1, times), from_nothing(WORKERS, times), from_a_crash(times)]
    });
}

fn from_nothing(results: usize, times: usize) -> Comparison {
    let title = title(&format!("pool of 2, from nothing to {}", Session::count(results, "result")));
    Comparison::new(title, "start", move || {
        let mut cases = vec![
            start::<OurProcesses>(WORKERS, results, times),
            #[cfg(feature = "peers")]
            start::<Procspawn>(WORKERS, results, times),
        ];
        cases.extend(python::cases([EXECUTOR, POOL].map(|pool| Work {
            name: pool,
            pool,
            workload: "start",
            workers: WORKERS,
            units: times,
            parameter: results,
            expected: times as u64,
        })));
        cases
    })
    .promise(Promise::NoSlowerThan("procspawn"))
}

/// `multiprocessing.Pool` has no row: whoever kills its idle worker kills it while it holds the lock of the queue, and
/// nobody gets a task any more.
fn from_a_crash(times: usize) -> Comparison {
    Comparison::new(title("from the kill of the only worker to the next result"), "crash", move || {
        let mut cases = vec![
            crash::<OurProcesses>(times, false),
            #[cfg(feature = "peers")]
            crash::<Procspawn>(times, true),
        ];
        cases.extend(python::cases([Work {
            name: "ProcessPoolExecutor, made anew",
            pool: EXECUTOR,
            workload: "crash",
            workers: 1,
            units: times,
            parameter: 0,
            expected: times as u64,
        }]));
        cases
    })
}
