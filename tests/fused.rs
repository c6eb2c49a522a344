//! Futures and streams know when they have ended: `futures::select!` takes them without `.fuse()`.

#![cfg(all(feature = "threads", feature = "processes"))]

use std::time::Duration;

use concurrent_futures::{MapOptions, ProcessPool, ThreadPool, as_completed, keyed, worker_entry};
use concurrent_futures_conformance::{Gate, Gatekeeper, LIMIT, watchdog};
use futures_lite::future::{block_on, poll_once};
use futures_util::future::FusedFuture;
use futures_util::select;
use futures_util::stream::{FusedStream, StreamExt};

worker_entry!();

fn square(n: u64) -> u64 {
    n * n
}

fn pass((gate, n): (Gate, u64)) -> u64 {
    gate.pass(n);
    n
}

/// Runs a test on each pool: `make` takes the number of workers.
macro_rules! on_both_pools {
    ($make:ident => $body:block) => {{
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        let $make = |workers| ThreadPool::new(workers).unwrap();
        watchdog(LIMIT, &format!("{name}, on threads"), move || $body);
        let $make = |workers| ProcessPool::new(workers).unwrap();
        watchdog(LIMIT, &format!("{name}, on processes"), move || $body);
    }};
}

#[test]
fn select_takes_futures_and_streams_as_they_are() {
    on_both_pools!(make => {
        let pool = make(2);
        let mut one = pool.submit(square, 2);
        let mut other = pool.submit(square, 3).cancel_on_drop();
        let mut completed = as_completed((0..10).map(|n| pool.submit(square, n))).into_stream();
        let mut results = pool.map(square, 0..10).into_stream();
        let mut keys = keyed((0..10).map(|n| (n, n)), |items| pool.map(square, items)).into_stream();
        let (mut sum, mut ended) = (0, 0);
        let run = async {
            loop {
                select! {
                    value = one => sum += value.unwrap(),
                    value = other => sum += value.unwrap(),
                    future = completed.next() => match future {
                        Some(future) => sum += future.result().unwrap(),
                        None => ended += 1,
                    },
                    result = results.next() => match result {
                        Some(result) => sum += result.unwrap(),
                        None => ended += 1,
                    },
                    keyed = keys.next() => match keyed {
                        Some((key, result)) => assert_eq!(square(key), result.unwrap()),
                        None => ended += 1,
                    },
                    complete => break,
                }
            }
        };
        block_on(run);
        let squares = (0..10).map(square).sum::<u64>();
        assert_eq!((sum, ended), (4 + 9 + 2 * squares, 3), "each stream says once that it ends");
    });
}

#[test]
fn a_future_is_terminated_when_its_outcome_was_handed_out() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1), Gatekeeper::new());
        let mut future = pool.submit(pass, (keeper.gate(), 5));
        assert!(block_on(poll_once(&mut future)).is_none() && !future.is_terminated());
        keeper.open();
        assert_eq!(*future.get().unwrap(), 5);
        assert!(!future.is_terminated(), "a look takes nothing away");
        assert_eq!(block_on(&mut future).unwrap(), 5);
        assert!(future.is_terminated());
        let keeper = Gatekeeper::new();
        let held = pool.submit(pass, (keeper.gate(), 0));
        keeper.await_arrivals(1);
        let mut cancelled = pool.submit(square, 1);
        assert!(cancelled.cancel() && !cancelled.is_terminated());
        assert!(block_on(&mut cancelled).unwrap_err().is_cancelled());
        assert!(cancelled.is_terminated());
        keeper.open();
        held.result().unwrap();
    });
}

#[test]
fn a_stream_is_terminated_when_it_has_said_that_it_ends() {
    on_both_pools!(make => {
        let pool = make(1);
        let mut completed = as_completed([pool.submit(square, 1)]).into_stream();
        assert!(block_on(completed.next()).is_some() && !completed.is_terminated());
        assert!(block_on(completed.next()).is_none() && completed.is_terminated());
        completed.push(pool.submit(square, 2));
        assert!(!completed.is_terminated(), "there is something to poll for again");
        assert!(block_on(completed.next()).is_some() && !completed.is_terminated());
        let mut results = pool.map(square, 0..1).into_stream();
        assert!(block_on(results.next()).is_some() && !results.is_terminated());
        assert!((0..2).all(|_| block_on(results.next()).is_none() && results.is_terminated()));
        let mut nothing = keyed([("key", 1)].into_iter().skip(1), |items| pool.map(square, items)).into_stream();
        assert!(!nothing.is_terminated());
        assert!((0..2).all(|_| block_on(nothing.next()).is_none() && nothing.is_terminated()));
        // The map has an item that says it ran out of time, and there is no key for it.
        let late = MapOptions::new().deadline(Duration::ZERO);
        let items = [("key", 1)].into_iter().filter(|_| false);
        let mut nothing = keyed(items, |items| pool.map_with(late, square, items)).into_stream();
        assert!((0..2).all(|_| block_on(nothing.next()).is_none() && nothing.is_terminated()));
    });
}
