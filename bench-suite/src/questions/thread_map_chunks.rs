use std::hint::black_box;

use concurrent_futures_thread_pool::MapOptions;

use super::count;
use crate::case::{Case, Stopwatch};
use crate::contender::Contender;
use crate::contenders::Ours;
use crate::contestant::{Contestant, Role};
use crate::effort::Effort;
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::{Microsecond, sequential_map};

const WORKERS: usize = 2;

pub(super) const QUESTION: Question = Question {
    id: "thread_map_chunks",
    title: "Which chunk size should map have on threads?",
    method: "`map_with` over items that add one, or that work for a microsecond, on 2 workers, by the size of a chunk. Without a \
             size, the pool measures how long items take and finds one by itself: that row is the same at each point, and so is \
             the plain loop. rayon gets the same bounds for the length of its pieces.",
    measure: Measure::NanosPer("item"),
    axis: Axis { name: "items per chunk", logarithmic: true },
    plot: Plot::Lines,
    brief: false,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let (many, few) = (effort.units(1_000_000, 2_000), effort.units(20_000, 200));
    let micro = Microsecond::calibrated();
    let sizes = [1, 10, 100, 1_000];
    let trivial = sizes.map(|chunk| point("trivial items", many, chunk, |number| number.wrapping_add(1)));
    let short = sizes.map(|chunk| point("items of 1 us", few, chunk, move |number| micro.work(number)));
    trivial.into_iter().chain(short).collect()
}

fn point<F>(name: &str, items: usize, chunk: usize, function: F) -> Point
where
    F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
{
    let contestants = vec![
        ours("ours, chunk_size", MapOptions::new().chunk_size(chunk), items, function),
        ours("ours, by measured time", MapOptions::new(), items, function),
        #[cfg(feature = "peers")]
        rayon(items, chunk, function),
        sequential_map(items, function),
    ];
    Point::new(format!("{name}, chunks of {}", count(chunk, "item")), chunk as f64, contestants).group(name)
}

fn ours<F>(name: &str, options: MapOptions, items: usize, function: F) -> Contestant
where
    F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
{
    contestant(name, Role::Ours, items, function, move || {
        let (ours, options) = (Ours::new(WORKERS), options.clone());
        move || {
            let results = ours.pool().map_with(options.clone(), function, 0..items as u64);
            results.fold(0, |sum, result| sum.wrapping_add(black_box(result.expect("it returns"))))
        }
    })
}

#[cfg(feature = "peers")]
fn rayon<F>(items: usize, chunk: usize, function: F) -> Contestant
where
    F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
{
    use crate::contenders::Rayon;
    use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

    contestant(Rayon::NAME, Role::Peer, items, function, move || {
        let rayon = Rayon::new(WORKERS);
        move || {
            let range = (0..items).into_par_iter().with_min_len(chunk).with_max_len(chunk);
            let results: Vec<u64> = rayon.pool().install(|| range.map(|item| function(item as u64)).collect());
            results.into_iter().fold(0, |sum, result| sum.wrapping_add(black_box(result)))
        }
    })
}

fn contestant<F, Run>(name: &str, role: Role, items: usize, function: F, make: impl Fn() -> Run + 'static) -> Contestant
where
    F: Fn(u64) -> u64 + Copy + 'static,
    Run: FnMut() -> u64 + 'static,
{
    Contestant::new(name, role, move || {
        let expected = (0..items as u64).map(function).fold(0, u64::wrapping_add);
        let mut run = make();
        Case::new(items, expected, move || {
            let watch = Stopwatch::start();
            let answer = run();
            (watch.stop(items), answer)
        })
    })
}
