//! A crash in the middle of a chunk of `map`, and chunks that turn out to be dear. X-51, W-15, W-18.

mod common;

use std::time::{Duration, Instant};

use common::{Death, Diary, Pen, SEGFAULT, bounded, final_stats, pool};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{MapOptions, ProcessPool, TaskError, TaskOptions, keyed, worker_entry};

worker_entry!();

fn note_and_die_at_57((pen, n): (Pen, u64)) -> u64 {
    pen.write(n);
    if n % 100 == 57 { SEGFAULT.die() } else { n }
}

/// Exactly the items with this number in each hundred fail, and what each one left shows that it ran once.
fn assert_only_57_fails(pool: &ProcessPool, options: MapOptions, items: u64) {
    let diary = Diary::new();
    let results: Vec<_> = pool.map_with(options, note_and_die_at_57, (0..items).map(|n| (diary.pen(), n))).collect();
    assert_eq!(results.len() as u64, items);
    for (n, result) in (0..items).zip(results) {
        match result {
            Ok(value) => assert_eq!(value, n),
            Err(TaskError::WorkerDied(died)) => assert!(n % 100 == 57, "{n}: {died}"),
            Err(other) => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(diary.sorted(), (0..items).collect::<Vec<_>>());
}

#[test]
fn x51_of_a_chunk_of_100_whose_item_57_kills_its_worker_exactly_that_item_fails() {
    bounded(|| {
        for workers in [1, 2] {
            let pool = pool(workers);
            assert_only_57_fails(&pool, MapOptions::new().chunk_size(100), 100);
            let stats = final_stats(&pool);
            assert_eq!((stats.finished, stats.failed), (99, 1));
            assert_eq!(pool.restarts(), 1);
        }
    });
}

#[test]
fn x51_many_chunks_with_a_crash_in_each_lose_one_item_each() {
    bounded(|| {
        let pool = pool(2);
        for options in [MapOptions::new().chunk_size(100), MapOptions::new().chunk_size(7), MapOptions::new()] {
            assert_only_57_fails(&pool, options, 500);
        }
        final_stats(&pool);
    });
}

/// M6: what a dead worker's chunk leaves is taken back in parts, which come as they end.
#[test]
fn x51_the_key_of_what_killed_its_worker_is_told_in_any_order() {
    bounded(|| {
        let pool = pool(2);
        let options = MapOptions::new().chunk_size(50).unordered();
        let (mut died, mut seen) = (Vec::new(), Vec::new());
        let die_at_57 = |n: u64| if n % 100 == 57 { SEGFAULT.die() } else { n };
        for (key, result) in keyed((0..500).map(|n| (n, n)), |items| pool.map_with(options, die_at_57, items)) {
            match result {
                Ok(value) => assert_eq!(value, key),
                Err(TaskError::WorkerDied(_)) => died.push(key),
                Err(other) => panic!("{key}: {other:?}"),
            }
            seen.push(key);
        }
        died.sort_unstable();
        seen.sort_unstable();
        assert_eq!((died, seen), (vec![57, 157, 257, 357, 457], (0..500).collect()));
    });
}

#[test]
fn x51_a_chunk_whose_every_item_kills_its_worker_fails_item_by_item() {
    bounded(|| {
        let pool = pool(2);
        let diary = Diary::new();
        let die = |(pen, n): (Pen, u64)| -> u64 {
            pen.write(n);
            Death::Exit(n as i32).die()
        };
        let results: Vec<_> =
            pool.map_with(MapOptions::new().chunk_size(20), die, (0..20).map(|n| (diary.pen(), n))).collect();
        assert!(results.iter().all(|result| matches!(result, Err(TaskError::WorkerDied(_)))), "{results:?}");
        assert_eq!(diary.sorted(), (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn x51_the_first_and_the_last_item_of_a_chunk_die_alone_too() {
    bounded(|| {
        let pool = pool(1);
        for doomed in [0, 9] {
            let die = |(n, doomed): (u64, u64)| if n == doomed { SEGFAULT.die() } else { n };
            let results: Vec<_> =
                pool.map_with(MapOptions::new().chunk_size(10), die, (0..10).map(|n| (n, doomed))).collect();
            let failed: Vec<usize> = (0..10).filter(|&n| results[n].is_err()).collect();
            assert_eq!(failed, [doomed as usize]);
        }
    });
}

/// A killed worker's chunk: what it had answered counts, what it had not begun runs elsewhere, also while the other worker
/// has taken a part of the chunk over.
#[test]
fn x51_a_chunk_that_two_workers_share_survives_the_death_of_either() {
    fn meet((pen, gate, n): (Pen, Gate, u64)) -> u32 {
        pen.write(n);
        if n == 3 {
            gate.pass(n);
        }
        std::process::id()
    }
    bounded(|| {
        let pool = pool(2);
        let (diary, keeper) = (Diary::new(), Gatekeeper::new());
        let items = (0..100).map(|n| (diary.pen(), keeper.gate(), n));
        let map = pool.map_with(MapOptions::new().chunk_size(100), meet, items);
        let other = pool.submit(common::pass, (keeper.gate(), 1_000));
        keeper.await_tag(3);
        keeper.await_tag(1_000);
        keeper.open_for(1_000);
        let other = other.result().unwrap();
        let holder = pool.worker_pids().into_iter().find(|&pid| pid != other).unwrap();
        common::kill(holder);
        let results: Vec<_> = map.collect();
        let failed: Vec<usize> = (0..100).filter(|&n| results[n].is_err()).collect();
        assert_eq!(failed, [3], "{:?}", results[3]);
        assert_eq!(diary.sorted(), (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn w15_failing_items_of_a_chunk_fail_alone_and_the_worker_lives() {
    bounded(|| {
        let pool = pool(1);
        let odd = |n: u64| if n.is_multiple_of(2) { Ok(n) } else { Err(format!("{n} is odd")) };
        let results: Vec<_> = pool.map_fallible_with(MapOptions::new().chunk_size(10), odd, 0..100).collect();
        for (n, result) in (0..).zip(results) {
            match result {
                Ok(value) => assert!(value == n && n % 2 == 0),
                Err(TaskError::Failed(failed)) => assert_eq!(failed.message(), format!("{n} is odd")),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(pool.restarts(), 0);
    });
}

/// Retries make each item a message of its own, so that only the one that died is run again.
#[test]
fn x51_an_item_with_retries_is_the_only_one_that_runs_again() {
    fn die_once((pen, n): (Pen, u64)) -> u32 {
        pen.write(n);
        let attempt = concurrent_futures_process_pool::task::current().attempt();
        if n == 57 && attempt == 1 { SEGFAULT.die() } else { attempt }
    }
    bounded(|| {
        let pool = pool(2);
        let diary = Diary::new();
        let options = MapOptions::new().chunk_size(100).task(TaskOptions::new().retries(1));
        let attempts = pool.map_with(options, die_once, (0..100).map(|n| (diary.pen(), n)));
        let attempts: Vec<u32> = attempts.collect::<Result<_, _>>().unwrap();
        assert!(attempts.iter().enumerate().all(|(n, &attempt)| attempt == if n == 57 { 2 } else { 1 }));
        let mut expected: Vec<u64> = (0..100).collect();
        expected.insert(57, 57);
        assert_eq!(diary.sorted(), expected);
    });
}

/// A thousand items that take a microsecond, then a hundred that take 50 ms.
fn cheap_then_dear(n: u64) -> u64 {
    let (_nobody, nothing) = std::sync::mpsc::channel::<()>();
    let time = if n < 1_000 { Duration::from_micros(1) } else { Duration::from_millis(50) };
    let begun = Instant::now();
    while let Some(left) = time.checked_sub(begun.elapsed()) {
        // The cheap ones compute; the dear ones leave the processor to whoever shares the machine.
        if n >= 1_000 {
            let _ = nothing.recv_timeout(left);
        }
        drop(_nobody.clone());
    }
    n
}

#[test]
fn dear_items_behind_cheap_ones_are_spread_over_the_workers() {
    bounded(|| {
        let pool = pool(2);
        let time = |options: MapOptions| {
            let begun = Instant::now();
            let sum: u64 = pool.map_with(options, cheap_then_dear, 0..1_100).map(Result::unwrap).sum();
            assert_eq!(sum, 1_099 * 1_100 / 2);
            begun.elapsed().as_secs_f64()
        };
        // Both workers are there.
        time(MapOptions::new().chunk_size(1));
        let ratios: Vec<f64> = (0..3)
            .map(|_| time(MapOptions::new()) / time(MapOptions::new().chunk_size(1)))
            .take_while(|&ratio| ratio > 1.2)
            .collect();
        assert!(ratios.len() < 3, "{ratios:?}");
    });
}
