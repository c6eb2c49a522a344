use concurrent_futures_process_pool::MapOptions;

use super::process_map::{expected, ours};
use crate::effort::Effort;
use crate::python::{self, EXECUTOR, LOKY, POOL, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};

const WORKERS: usize = 2;

pub(super) const QUESTION: Question = Question {
    id: "process_map_chunks",
    title: "What does the size of a map's chunks do to the cost of an item?",
    method: "A function that adds one, over numbers, in chunks of one given size; up to a million of them, and fewer where the \
             chunks are small and an item so dear that a million would take minutes. Ours is also asked to find the size itself, \
             at each of these points: that row measures the same again and again.",
    measure: Measure::NanosPer("item"),
    axis: Axis { name: "items per chunk", logarithmic: true },
    plot: Plot::Lines,
    brief: false,
    keeps_memory: false,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    [1, 10, 100, 1000, 5000].map(|chunk| in_chunks(chunk, (chunk * effort.units(5000, 50)).min(1_000_000))).into()
}

fn in_chunks(chunk: usize, items: usize) -> Point {
    let mut contestants = vec![
        ours("ours", MapOptions::new().chunk_size(chunk), items, WORKERS),
        ours("ours, size found by itself", MapOptions::new(), items, WORKERS),
    ];
    #[cfg(feature = "peers")]
    contestants.push(super::process_map::chunks_by_hand::<crate::processes::Procspawn>(WORKERS, items, chunk));
    let pools = [("Pool.map", POOL), ("ProcessPoolExecutor.map", EXECUTOR), ("loky, map", LOKY)];
    contestants.extend(python::contestants(pools.map(|(name, pool)| Work {
        name,
        pool,
        workload: "map",
        workers: WORKERS,
        units: items,
        parameter: chunk,
        expected: expected(items),
    })));
    Point::new(format!("chunks of {chunk}"), chunk as f64, contestants)
}
