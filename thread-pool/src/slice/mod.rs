//! `map_slice`: the workers claim ranges of the slice and write each result to its place.
//!
//! A claim takes a share of what is left (guided self-scheduling: Polychronopoulos and Kuck, 1987), large ranges first
//! and single elements last, so that the workers end together whatever the elements cost.

#[expect(unsafe_code, reason = "one file: results are written to their place in memory that isn't initialised yet")]
mod output;

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

use concurrent_futures_core::TaskError;
use output::{Filled, Filling, Output};

use crate::pool::ThreadPool;
use crate::scope::ScopedFuture;

/// A claim takes the `1 / (SHARES * workers)`-th part of what is left.
const SHARES: usize = 4;

/// What nobody has claimed yet, and the ranges that are done.
struct Work<'a, 'out, A, R> {
    items: &'a [A],
    places: &'out mut [MaybeUninit<R>],
    filled: Vec<Filled<'out, R>>,
    /// Ranges in which the function panicked. Our caller drops them: while that panic unwinds, one in a destructor would
    /// abort the process.
    broken: Vec<Filling<'out, R>>,
}

pub(crate) fn map<'a, A, R, F>(pool: &ThreadPool, items: &'a [A], function: &F) -> Result<Vec<R>, TaskError>
where
    A: Sync,
    R: Send,
    F: Fn(&'a A) -> R + Sync,
{
    let mut output = Output::with_capacity(items.len());
    let workers = pool.shared().max_workers.min(items.len());
    let work = Mutex::new(Work { items, places: output.places(items.len()), filled: Vec::new(), broken: Vec::new() });
    let outcome = pool.scope(|scope| {
        let runners: Vec<_> = (0..workers).map(|_| scope.spawn(|| run(&work, workers, function))).collect();
        // All of them are waited for; the first failure is the one that is told.
        let outcomes: Vec<Result<(), TaskError>> = runners.into_iter().map(ScopedFuture::result).collect();
        outcomes.into_iter().collect::<Result<(), TaskError>>()
    });
    let Work { filled, broken, .. } = work.into_inner().unwrap_or_else(PoisonError::into_inner);
    // A runner that was refused did no harm if the others did its work.
    if filled.iter().map(Filled::len).sum::<usize>() < items.len() {
        return Err(outcome.err().unwrap_or(TaskError::Cancelled));
    }
    drop(broken);
    let kept: Vec<_> = filled.into_iter().map(Filled::keep).collect();
    Ok(output.finish(kept.into_iter()))
}

/// Claims and fills ranges until nothing is left.
fn run<'a, A, R, F>(work: &Mutex<Work<'a, '_, A, R>>, workers: usize, function: &F)
where
    F: Fn(&'a A) -> R,
{
    let mut done = None;
    while let Some((items, places)) = claim(work, workers, done.take()) {
        let mut filling = Filling::new(places);
        let fill = || items.iter().for_each(|item| filling.push(function(item)));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(fill)) {
            work.lock().unwrap_or_else(PoisonError::into_inner).broken.push(filling);
            resume_unwind(panic);
        }
        done = Some(filling.done());
    }
}

/// Puts away what was filled last, and takes the next range.
fn claim<'a, 'out, A, R>(
    work: &Mutex<Work<'a, 'out, A, R>>,
    workers: usize,
    done: Option<Filled<'out, R>>,
) -> Option<(&'a [A], &'out mut [MaybeUninit<R>])> {
    let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
    work.filled.extend(done);
    // Killed: what is done is dropped, what is left is not begun.
    if work.items.is_empty() || !work.broken.is_empty() || concurrent_futures_core::task::current().is_cancelled() {
        return None;
    }
    let size = (work.items.len() / (SHARES * workers)).max(1);
    let (items, rest) = work.items.split_at(size);
    let (places, places_left) = std::mem::take(&mut work.places).split_at_mut(size);
    work.items = rest;
    work.places = places_left;
    Some((items, places))
}
