use std::hint::black_box;

use concurrent_futures_process_pool::MapOptions;

use super::count;
use crate::case::{Case, Stopwatch};
use crate::contestant::{Contestant, Role};
use crate::effort::Effort;
use crate::processes::{OurProcesses, ProcessContender};
use crate::promise::Promise;
use crate::python::{self, EXECUTOR, LOKY, POOL, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::sequential_map;

/// What suits CPython at a million items.
const CHUNK: usize = 5_000;
const PYTHON: &str = "Pool.map(chunksize=5000)";

pub(super) const QUESTION: Question = Question {
    id: "process_map",
    title: "What does an item of a map over other processes cost?",
    method: "A function that adds one, over a million numbers. Ours finds the size of its chunks by itself; CPython's are told \
             one that suits them; procspawn has no map, so its caller makes the chunks.",
    measure: Measure::NanosPer("item"),
    axis: Axis { name: "workers", logarithmic: false },
    plot: Plot::Bars,
    brief: true,
    keeps_memory: false,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let workers = effort.points(&[1, 2], &[2]);
    let free = workers.iter().map(|&workers| map(effort, workers));
    free.chain(workers.iter().map(|&workers| map(effort, workers).pinned())).collect()
}

fn map(effort: Effort, workers: usize) -> Point {
    let items = effort.units(1_000_000, 20_000);
    let mut contestants = vec![
        ours("ours", MapOptions::new(), items, workers),
        ours("ours, chunk_size(5000)", MapOptions::new().chunk_size(CHUNK), items, workers),
    ];
    #[cfg(feature = "peers")]
    contestants.push(chunks_by_hand::<crate::processes::Procspawn>(workers, items, CHUNK));
    let pools =
        [(PYTHON, POOL), ("ProcessPoolExecutor.map(chunksize=5000)", EXECUTOR), ("loky, map(chunksize=5000)", LOKY)];
    contestants.extend(python::contestants(pools.into_iter().map(|(name, pool)| Work {
        name,
        pool,
        workload: "map",
        workers,
        units: items,
        parameter: CHUNK,
        expected: expected(items),
    })));
    contestants.push(sequential_map(items, following));
    let point = Point::new(count(workers, "worker"), workers as f64, contestants);
    if workers == 2 { point.promise(Promise::FasterThan(PYTHON, 3.0)) } else { point }
}

pub(super) fn ours(name: &str, options: MapOptions, items: usize, workers: usize) -> Contestant {
    Contestant::new(name, Role::Ours, move || {
        let (ours, options) = (OurProcesses::new(workers), options.clone());
        Case::new(items, expected(items), move || {
            let watch = Stopwatch::start();
            let results = ours.pool().map_with(options.clone(), following, 0..items as u64);
            let sum = results.map(|result| black_box(result.expect("the task returns"))).sum();
            (watch.stop(items), sum)
        })
    })
}

/// For who has no map: as many tasks as there are chunks.
#[cfg(feature = "peers")]
pub(super) fn chunks_by_hand<C: ProcessContender>(workers: usize, items: usize, chunk: usize) -> Contestant {
    Contestant::new(format!("{}, chunks by hand", C::NAME), C::ROLE, move || {
        let contender = C::new(workers);
        Case::new(items, expected(items), move || {
            let watch = Stopwatch::start();
            let numbers: Vec<u64> = (0..items as u64).collect();
            let mut sum = 0;
            for some in numbers.chunks(chunk * C::LIMIT) {
                let tickets: Vec<_> =
                    some.chunks(chunk).map(|chunk| contender.submit(follow_all, chunk.to_vec())).collect();
                sum += tickets.into_iter().flat_map(|ticket| contender.result(ticket)).map(black_box).sum::<u64>();
            }
            (watch.stop(items), sum)
        })
    })
}

fn following(number: u64) -> u64 {
    number.wrapping_add(1)
}

#[cfg(feature = "peers")]
fn follow_all(numbers: Vec<u64>) -> Vec<u64> {
    numbers.into_iter().map(following).collect()
}

pub(super) fn expected(items: usize) -> u64 {
    (0..items as u64).map(following).sum()
}
