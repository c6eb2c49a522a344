//! One function over many items in other processes: what an item costs.

use std::hint::black_box;

use concurrent_futures_bench_suite::processes::pinned::{measure_pinned_too, title};
use concurrent_futures_bench_suite::processes::python::{self, EXECUTOR, POOL, Work};
use concurrent_futures_bench_suite::processes::{self, OurProcesses, ProcessContender};
use concurrent_futures_bench_suite::workloads::sequential_map;
use concurrent_futures_bench_suite::{Case, Comparison, Promise, Session, Stopwatch};
use concurrent_futures_process_pool::MapOptions;

const CHUNK: usize = 5_000;
const PYTHON: &str = "Pool.map(chunksize=5000)";

fn main() {
    processes::begin();
    measure_pinned_too(|session| {
        let items = session.units(1_000_000, 20_000);
        [1, 2].map(|workers| map(items, workers)).into()
    });
}

fn map(items: usize, workers: usize) -> Comparison {
    let question = title(&format!("process map, trivial items, {}", Session::count(workers, "worker")));
    let question = Comparison::new(question, "item", move || {
        let mut cases = vec![
            ours("ours", MapOptions::new(), items, workers),
            ours("ours, chunk_size(5000)", MapOptions::new().chunk_size(CHUNK), items, workers),
        ];
        #[cfg(feature = "peers")]
        cases.push(chunks_by_hand(processes::Procspawn::new(workers), items));
        cases.extend(python::cases([(PYTHON, POOL), ("ProcessPoolExecutor.map(chunksize=5000)", EXECUTOR)].map(
            |(name, pool)| Work {
                name,
                pool,
                workload: "map",
                workers,
                units: items,
                parameter: CHUNK,
                expected: expected(items),
            },
        )));
        cases.push(sequential_map(items, following));
        cases
    });
    if workers == 2 { question.promise(Promise::FasterThan(PYTHON, 3.0)) } else { question }
}

fn ours(name: &str, options: MapOptions, items: usize, workers: usize) -> Case {
    let ours = OurProcesses::new(workers);
    Case::new(name, OurProcesses::ROLE, items, expected(items), move || {
        let watch = Stopwatch::start();
        let results = ours.pool().map_with(options.clone(), following, 0..items as u64);
        let sum = results.map(|result| black_box(result.expect("the task returns"))).sum();
        (watch.stop(items), sum)
    })
}

/// For who has no map: as many tasks as there are chunks.
#[cfg(feature = "peers")]
fn chunks_by_hand<C: ProcessContender>(contender: C, items: usize) -> Case {
    let name = format!("{}, chunks of 5000 by hand", C::NAME);
    Case::new(name, C::ROLE, items, expected(items), move || {
        let watch = Stopwatch::start();
        let numbers: Vec<u64> = (0..items as u64).collect();
        let mut sum = 0;
        for some in numbers.chunks(CHUNK * C::LIMIT) {
            let tickets: Vec<_> =
                some.chunks(CHUNK).map(|chunk| contender.submit(follow_all, chunk.to_vec())).collect();
            sum += tickets.into_iter().flat_map(|ticket| contender.result(ticket)).map(black_box).sum::<u64>();
        }
        (watch.stop(items), sum)
    })
}

fn following(number: u64) -> u64 {
    number.wrapping_add(1)
}

#[cfg(feature = "peers")]
fn follow_all(numbers: Vec<u64>) -> Vec<u64> {
    numbers.into_iter().map(following).collect()
}

fn expected(items: usize) -> u64 {
    (0..items as u64).map(following).sum()
}
