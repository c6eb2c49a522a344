//! Tasks of either pool in an async program: streams, and room that is awaited. On tokio and on futures-lite.

#![cfg(all(feature = "threads", feature = "processes"))]

use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use concurrent_futures::{
    Executor, Future, MapOptions, ProcessPool, Reason, Rejected, Shutdown, TaskError, TaskOptions, ThreadPool,
    WhenFull, as_completed, keyed, worker_entry,
};
use concurrent_futures_conformance::{Gate, Gatekeeper, LIMIT, watchdog};
use futures_lite::future::{block_on, poll_once, yield_now};
use futures_lite::{Stream, StreamExt};

worker_entry!();

fn on_tokio<F: std::future::Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn square(n: u64) -> u64 {
    n * n
}

fn pass((gate, n): (Gate, u64)) -> u64 {
    gate.pass(n);
    n
}

/// Occupies one worker; returns when it is occupied.
fn occupy(executor: &dyn Executor, keeper: &Gatekeeper) -> Future<u64> {
    let arrivals = keeper.arrivals().len();
    let future = executor.submit(pass, (keeper.gate(), 0));
    keeper.await_arrivals(arrivals + 1);
    future
}

fn is_pending<S: Stream + Unpin>(stream: &mut S) -> bool {
    block_on(poll_once(stream.next())).is_none()
}

fn threads(workers: usize, bound: Option<usize>) -> ThreadPool {
    let builder = ThreadPool::builder().max_workers(workers);
    match bound {
        Some(tasks) => builder.max_pending(tasks, WhenFull::Block).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

fn processes(workers: usize, bound: Option<usize>) -> ProcessPool {
    let builder = ProcessPool::builder().max_workers(workers);
    match bound {
        Some(tasks) => builder.max_pending(tasks, WhenFull::Block).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

/// Runs a test on each pool: `make` takes the number of workers, and of the tasks that may wait.
macro_rules! on_both_pools {
    ($make:ident => $body:block) => {{
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        let $make = threads;
        watchdog(LIMIT, &format!("{name}, on threads"), move || $body);
        let $make = processes;
        watchdog(LIMIT, &format!("{name}, on processes"), move || $body);
    }};
}

#[test]
fn futures_are_yielded_as_they_end() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(2, None), Gatekeeper::new());
        let futures: Vec<Future<u64>> = (1..=2).map(|n| pool.submit(pass, (keeper.gate(), n))).collect();
        keeper.await_arrivals(2);
        let mut completed = as_completed(futures).into_stream();
        assert!(is_pending(&mut completed));
        assert_eq!(completed.size_hint(), (2, Some(2)));
        on_tokio(async {
            for n in [2, 1] {
                keeper.open_for(n);
                assert_eq!(completed.next().await.unwrap().result().unwrap(), n);
            }
            assert!(completed.next().await.is_none());
        });
    });
}

#[test]
fn many_futures_are_all_yielded_on_either_runtime() {
    on_both_pools!(make => {
        let pool = make(2, None);
        let sum = async || {
            let completed = as_completed((0..500).map(|n| pool.submit(square, n))).into_stream();
            completed.then(|future| future).map(Result::unwrap).fold(0, |sum, n| sum + n).await
        };
        let expected = (0..500).map(square).sum::<u64>();
        assert_eq!((on_tokio(sum()), block_on(sum())), (expected, expected));
    });
}

#[test]
fn a_stream_of_futures_that_is_dropped_leaves_their_tasks_alone() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1, None), Gatekeeper::new());
        let futures: Vec<Future<u64>> = (1..=3).map(|n| pool.submit(pass, (keeper.gate(), n))).collect();
        let mut completed = as_completed(futures).into_stream();
        keeper.open_for(1);
        assert_eq!(block_on(completed.next()).unwrap().result().unwrap(), 1);
        assert!(is_pending(&mut completed));
        drop(completed);
        keeper.open();
        pool.shutdown(Shutdown::drain());
        assert_eq!(keeper.arrivals(), [1, 2, 3], "they have run to their ends");
    });
}

#[test]
fn what_is_pushed_meanwhile_is_yielded_too() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(2, None), Gatekeeper::new());
        let mut completed = as_completed([pool.submit(pass, (keeper.gate(), 1))]).into_stream();
        assert!(is_pending(&mut completed));
        completed.push(pool.submit(square, 5));
        assert_eq!(block_on(completed.next()).unwrap().result().unwrap(), 25);
        keeper.open();
        assert_eq!(completed.into_inner().next().unwrap().result().unwrap(), 1);
    });
}

#[test]
fn a_map_is_a_stream_of_its_results() {
    on_both_pools!(make => {
        let pool = make(2, None);
        let expected: Vec<u64> = (0..2_000).map(square).collect();
        for options in
            [MapOptions::new(), MapOptions::new().chunk_size(7).buffer_size(20), MapOptions::new().unordered()]
        {
            let is_unordered = options == MapOptions::new().unordered();
            for run in [on_tokio, block_on] {
                let all = Box::pin(async {
                    let stream = pool.map_with(options.clone(), square, 0..2_000).into_stream();
                    stream.map(Result::unwrap).collect::<Vec<u64>>().await
                });
                let all: std::pin::Pin<Box<dyn std::future::Future<Output = Vec<u64>>>> = all;
                let mut results = run(all);
                if is_unordered {
                    results.sort_unstable();
                }
                assert_eq!(results, expected);
            }
        }
    });
}

#[test]
fn a_map_pulls_its_input_where_it_is_polled() {
    on_both_pools!(make => {
        let pool = make(1, None);
        let (pulled, here) = (AtomicU64::new(0), std::thread::current().id());
        let input = (0_u64..).inspect(|_| {
            assert_eq!(std::thread::current().id(), here);
            pulled.fetch_add(1, Ordering::Relaxed);
        });
        let mut results = pool.map_with(MapOptions::new().buffer_size(4).chunk_size(2), square, input).into_stream();
        for n in 0..50 {
            assert_eq!(block_on(results.next()).unwrap().unwrap(), square(n));
            assert!(pulled.load(Ordering::Relaxed) <= n + 1 + 4, "M2");
        }
    });
}

#[test]
fn a_stream_of_a_map_has_its_keys() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(2, None), Gatekeeper::new());
        let items = ["one", "two"].into_iter().zip(1..).map(|(key, n)| (key, (keeper.gate(), n)));
        let mut results = keyed(items, |items| pool.map_with(MapOptions::new().unordered().chunk_size(1), pass, items))
            .into_stream();
        keeper.await_arrivals(2);
        assert!(is_pending(&mut results) && results.deadline().is_none());
        assert_eq!(results.size_hint(), (2, Some(2)));
        keeper.open_for(2);
        let (key, result) = block_on(results.next()).unwrap();
        assert_eq!((key, result.unwrap()), ("two", 2));
        keeper.open_for(1);
        let (key, result) = on_tokio(results.next()).unwrap();
        assert_eq!((key, result.unwrap()), ("one", 1));
        assert!(block_on(results.next()).is_none());
    });
}

#[test]
fn a_failing_item_of_a_stream_stops_nothing() {
    on_both_pools!(make => {
        let pool = make(2, None);
        let check = |n: u64| if n.is_multiple_of(3) { Err(format!("{n}")) } else { Ok(n) };
        let results = pool.map_fallible(check, 0..30).into_stream();
        let results: Vec<Result<u64, TaskError>> = block_on(results.collect());
        let failed = results.iter().filter(|result| matches!(result, Err(TaskError::Failed(_)))).count();
        assert_eq!((results.len(), failed), (30, 10));
    });
}

#[test]
fn a_poll_that_is_dropped_loses_nothing() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1, None), Gatekeeper::new());
        let held = occupy(&pool, &keeper);
        let mut results = pool.map_with(MapOptions::new().chunk_size(2), square, 0..100).into_stream();
        let mut completed = as_completed((0..100).map(|n| pool.submit(square, n))).into_stream();
        assert!((0..3).all(|_| is_pending(&mut results) && is_pending(&mut completed)));
        keeper.open();
        let (mut of_map, mut of_completed) = (Vec::new(), Vec::new());
        on_tokio(async {
            while of_map.len() + of_completed.len() < 200 {
                // Each round drops a poll of one of the two, in the middle of its wait.
                tokio::select! {
                    Some(result) = results.next() => of_map.push(result.unwrap()),
                    Some(future) = completed.next() => of_completed.push(future.result().unwrap()),
                    () = yield_now() => {}
                }
            }
        });
        of_completed.sort_unstable();
        let expected: Vec<u64> = (0..100).map(square).collect();
        assert_eq!((of_map, of_completed), (expected.clone(), expected));
        held.result().unwrap();
    });
}

#[test]
fn a_stream_of_a_map_that_is_dropped_cancels_what_has_not_begun() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1, None), Gatekeeper::new());
        let input = (1..=50).map(|n| (keeper.gate(), n));
        let mut results = pool.map_with(MapOptions::new().chunk_size(5), pass, input).into_stream();
        keeper.await_arrivals(1);
        assert!(is_pending(&mut results));
        drop(results);
        keeper.open();
        pool.shutdown(Shutdown::drain());
        let arrivals = keeper.arrivals();
        assert_eq!(arrivals, [1], "the rest of its chunk has not begun either");
    });
}

#[test]
fn the_deadline_of_a_map_is_kept_where_a_timer_polls() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1, None), Gatekeeper::new());
        for options in [MapOptions::new(), MapOptions::new().unordered()] {
            let input = (1..=3).map(|n| (keeper.gate(), n));
            let options = options.deadline(Duration::from_millis(20));
            let mut results = pool.map_with(options, pass, input).into_stream();
            let deadline = results.deadline().expect("it has one");
            assert!(deadline <= Instant::now() + Duration::from_millis(20));
            let late = on_tokio(async {
                let mut late = 0;
                loop {
                    let next = tokio::time::timeout_at(deadline.into(), results.next());
                    match next.await {
                        Ok(Some(result)) => late += u64::from(matches!(result, Err(TaskError::DeadlineExceeded(_)))),
                        Ok(None) => return late,
                        // The timer has polled.
                        Err(_) => {}
                    }
                }
            });
            assert_eq!(late, 3);
        }
        keeper.open();
    });
}

#[test]
fn a_stream_waits_for_room_without_blocking() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1, Some(2)), Gatekeeper::new());
        let mut results = pool.map_with(MapOptions::new().chunk_size(1).buffer_size(1), square, 0..5).into_stream();
        assert_eq!(block_on(results.next()).unwrap().unwrap(), 0);
        let held = occupy(&pool, &keeper);
        let others: Vec<Future<u64>> = (0..2).map(|n| pool.submit(square, n)).collect();
        assert_eq!(pool.capacity(), Some(0));
        assert!((0..3).all(|_| is_pending(&mut results)), "a poll has not blocked");
        let rest = std::thread::scope(|scope| {
            let rest = scope.spawn(|| on_tokio(results.map(Result::unwrap).collect::<Vec<u64>>()));
            keeper.open();
            rest.join().unwrap()
        });
        assert_eq!(rest, [1, 4, 9, 16]);
        assert!(others.into_iter().chain([held]).all(|future| future.result().is_ok()));
    });
}

#[test]
fn who_waits_for_room_comes_in_in_turn() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1, Some(1)), Gatekeeper::new());
        let held = occupy(&pool, &keeper);
        let first = block_on(pool.ready()).unwrap().submit(square, 1);
        assert_eq!(pool.capacity(), Some(0));
        let (second, third) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let turn = AtomicU64::new(1);
        on_tokio(async {
            let enter = async |place: &AtomicU64, n: u64| {
                let slot = pool.ready().await.unwrap();
                place.store(turn.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
                slot.submit(square, n).await.unwrap()
            };
            let open = async {
                yield_now().await;
                assert_eq!((second.load(Ordering::Relaxed), third.load(Ordering::Relaxed)), (0, 0), "it is full");
                keeper.open();
            };
            let (second, third, ()) = tokio::join!(enter(&second, 2), enter(&third, 3), open);
            assert_eq!((second, third), (4, 9));
        });
        assert_eq!((second.load(Ordering::Relaxed), third.load(Ordering::Relaxed)), (1, 2));
        assert!(held.result().is_ok() && first.result().is_ok());
    });
}

/// None of them is imported here.
#[test]
fn a_slot_has_the_calls_of_its_pool() {
    on_both_pools!(make => {
        let pool = make(1, Some(1));
        let ready = || block_on(pool.ready()).unwrap();
        let (options, map_options, words) = (TaskOptions::new, MapOptions::new, || ["1".to_owned(), "2".to_owned()]);
        let parse = |word: String| word.parse::<u64>();
        assert_eq!(ready().submit(square, 2).result().unwrap(), 4);
        assert_eq!(ready().submit_with(options(), |(a, b): (u64, u64)| a + b, (1, 2)).result().unwrap(), 3);
        assert_eq!(ready().submit_fallible(parse, "5".to_owned()).result().unwrap(), 5);
        assert_eq!(ready().submit_fallible_with(options(), parse, "5".to_owned()).result().unwrap(), 5);
        assert_eq!(ready().map(square, 0..3).map(Result::unwrap).sum::<u64>(), 5);
        assert_eq!(ready().map_with(map_options(), square, 0..3).map(Result::unwrap).sum::<u64>(), 5);
        assert_eq!(ready().map_fallible(parse, words()).map(Result::unwrap).sum::<u64>(), 3);
        assert_eq!(ready().map_fallible_with(map_options(), parse, words()).map(Result::unwrap).sum::<u64>(), 3);
        let slot = ready();
        let executor: &dyn Executor = &slot;
        assert_eq!(executor.submit(square, 3).result().unwrap(), 9);
        assert_eq!(pool.capacity(), Some(1), "all room was given back");
    });
}

#[test]
fn room_that_was_waited_for_and_not_used_goes_to_the_next() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1, Some(1)), Gatekeeper::new());
        let held = occupy(&pool, &keeper);
        let slot = block_on(pool.ready()).unwrap();
        assert!(
            block_on(poll_once(pool.ready())).is_none(),
            "the slot holds the room, and this poll has left the line"
        );
        let mut next = pin!(pool.ready());
        assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(slot);
        let Poll::Ready(Ok(slot)) = next.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
        let queued = slot.submit(square, 3);
        assert_eq!(pool.capacity(), Some(0), "the task waits where the slot was");
        assert!(queued.cancel());
        assert_eq!(pool.capacity(), Some(1));
        keeper.open();
        held.result().unwrap();
    });
}

#[test]
fn a_shutdown_wakes_who_waits_for_room() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1, Some(1)), Gatekeeper::new());
        let held = occupy(&pool, &keeper);
        let queued = pool.submit(square, 3);
        let mut waits = pin!(pool.ready());
        assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let rejected: Rejected = std::thread::scope(|scope| {
            let waits = scope.spawn(|| on_tokio(pool.ready()).unwrap_err());
            pool.handle().shutdown(Shutdown::drain().within(Duration::ZERO));
            waits.join().unwrap()
        });
        assert_eq!(rejected.reason(), &Reason::ShutDown);
        let Poll::Ready(Err(rejected)) = waits.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
        assert_eq!(rejected.reason(), &Reason::ShutDown);
        keeper.open();
        assert!(held.result().is_ok() && queued.result().is_ok(), "what was taken runs");
        assert!(block_on(pool.ready()).is_err());
    });
}

#[test]
fn without_a_bound_there_is_always_room() {
    on_both_pools!(make => {
        let (pool, keeper) = (make(1, None), Gatekeeper::new());
        let held = occupy(&pool, &keeper);
        let futures: Vec<Future<u64>> = (0..50).map(|n| block_on(pool.ready()).unwrap().submit(square, n)).collect();
        keeper.open();
        assert!(held.result().is_ok() && futures.into_iter().all(|future| future.result().is_ok()));
        pool.shutdown(Shutdown::drain());
        assert!(block_on(pool.ready()).is_err());
    });
}

#[test]
fn many_who_wait_for_room_all_come_in() {
    on_both_pools!(make => {
        let pool = Arc::new(make(2, Some(3)));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let sum = runtime.block_on(async {
            let submitters: Vec<_> = (0..20)
                .map(|submitter| {
                    let pool = pool.clone();
                    tokio::spawn(async move {
                        let mut sum = 0;
                        for n in 0..20 {
                            let slot = pool.ready().await.unwrap();
                            // Some change their minds.
                            if (submitter + n) % 5 != 0 {
                                sum += slot.submit(square, n).await.unwrap();
                            }
                        }
                        sum
                    })
                })
                .collect();
            let mut sum = 0;
            for submitter in submitters {
                sum += submitter.await.unwrap();
            }
            sum
        });
        let expected: u64 = (0..20).flat_map(|s| (0..20).filter(move |n| (s + n) % 5 != 0)).map(square).sum();
        assert_eq!(sum, expected);
        assert_eq!(pool.capacity(), Some(3), "all room was given back");
    });
}
