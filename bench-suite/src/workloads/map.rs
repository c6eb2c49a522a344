use std::hint::black_box;

use crate::case::{Case, Stopwatch};
use crate::contender::ParallelMap;
use crate::contenders::MapWorkload;
use crate::contestant::{Contestant, Role};
use crate::workloads::SEQUENTIAL;

/// One function over a range, its results summed up by the caller.
#[derive(Debug, Clone, Copy)]
pub struct Map<F> {
    /// How many items.
    pub items: usize,
    /// The function.
    pub function: F,
}

impl<F> MapWorkload for Map<F>
where
    F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
{
    fn case<C: ParallelMap>(&self, contender: C) -> Case {
        let Self { items, function } = *self;
        Case::new(items, sum_of(items, function), move || {
            let watch = Stopwatch::start();
            let mut sum = 0_u64;
            contender.map(function, 0..items as u64, |result| sum = sum.wrapping_add(black_box(result)));
            (watch.stop(items), sum)
        })
    }
}

/// One function over a slice, into a vector.
#[derive(Debug, Clone, Copy)]
pub struct MapSlice<F> {
    /// How many items.
    pub items: usize,
    /// The function.
    pub function: F,
}

impl<F> MapWorkload for MapSlice<F>
where
    F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
{
    fn case<C: ParallelMap>(&self, contender: C) -> Case {
        let Self { items, function } = *self;
        slice_case(items, function, move |slice| contender.map_slice(slice, move |&item| function(item)))
    }
}

/// The loop that [`Map`] replaces, on one thread: what nobody can be better than without more cores.
pub fn sequential_map<F>(items: usize, function: F) -> Contestant
where
    F: Fn(u64) -> u64 + Copy + 'static,
{
    Contestant::new(SEQUENTIAL, Role::Floor, move || {
        Case::new(items, sum_of(items, function), move || {
            let watch = Stopwatch::start();
            let sum = sum_of(items, function);
            (watch.stop(items), sum)
        })
    })
}

/// The loop that [`MapSlice`] replaces, on one thread.
pub fn sequential_map_slice<F>(items: usize, function: F) -> Contestant
where
    F: Fn(u64) -> u64 + Copy + 'static,
{
    Contestant::new(SEQUENTIAL, Role::Floor, move || {
        slice_case(items, function, move |slice| slice.iter().map(|&item| function(item)).collect())
    })
}

fn slice_case<F>(items: usize, function: F, mut map: impl FnMut(&[u64]) -> Vec<u64> + 'static) -> Case
where
    F: Fn(u64) -> u64 + Copy + 'static,
{
    let slice: Vec<u64> = (0..items as u64).collect();
    Case::new(items, sum_of(items, function), move || {
        let watch = Stopwatch::start();
        let results = map(black_box(&slice));
        let sample = watch.stop(items);
        assert_eq!(results.last().copied(), slice.last().map(|&last| function(last)), "the order is the input's");
        (sample, results.into_iter().fold(0, u64::wrapping_add))
    })
}

fn sum_of(items: usize, function: impl Fn(u64) -> u64) -> u64 {
    (0..items as u64).map(function).fold(0, |sum, result| sum.wrapping_add(black_box(result)))
}
