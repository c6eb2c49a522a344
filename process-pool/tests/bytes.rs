//! Bytes that travel whole, and memory that is lent. Each of the two on its way there and back.

mod common;

use std::collections::BTreeMap;

use common::{Death, SEGFAULT, bounded, death_of, kill, pool, square, where_am_i};
use concurrent_futures_process_pool::{
    Bytes, CodecSide, MapOptions, ProcessPool, SharedBytes, TaskError, worker_entry,
};
use serde::{Deserialize, Serialize};

worker_entry!();

/// Around each size at which something changes: the record in the page, the attachment, the piece, the socket's buffer.
const SIZES: [usize; 14] =
    [0, 1, 100, 4_000, 16_000, 65_536, 98_303, 98_304, 102_400, 131_072, 131_073, 212_992, 1 << 20, (5 << 20) + 1];

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

#[test]
fn bytes_of_any_size_arrive_as_they_were() {
    bounded(|| {
        let pool = pool(1);
        for len in SIZES {
            let bytes = Bytes::from(pattern(len));
            assert!(pool.submit(|bytes| bytes, bytes.clone()).result().unwrap() == bytes, "{len}");
            assert!(pool.submit(|bytes: Vec<u8>| bytes, pattern(len)).result().unwrap() == pattern(len), "{len}");
        }
    });
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Parcel {
    name: String,
    parts: Vec<Bytes>,
    index: BTreeMap<u32, Bytes>,
    rest: Option<Bytes>,
}

#[test]
fn bytes_inside_of_anything_arrive_in_their_places() {
    bounded(|| {
        let pool = pool(2);
        let whole = Bytes::from(pattern(1 << 20));
        let parcel = Parcel {
            name: "a parcel".into(),
            parts: (0..5).map(|n| whole.slice(n * 100_000..(n + 1) * 100_000)).collect(),
            index: (0..3).map(|n| (n, whole.slice(n as usize * 10..n as usize * 10 + 70_000))).collect(),
            rest: Some(whole.slice(5..10)),
        };
        let futures: Vec<_> = (0..10).map(|_| pool.submit(|parcel: Parcel| parcel, parcel.clone())).collect();
        assert!(futures.into_iter().all(|future| future.result().unwrap() == parcel));
    });
}

#[test]
fn bytes_in_the_items_of_a_chunk_stay_with_their_items() {
    bounded(|| {
        let pool = pool(2);
        let options = MapOptions::new().chunk_size(7);
        // From number 24 on they travel as messages of their own.
        let items = (0..50_u8).map(|n| Bytes::from(vec![n; 98_280 + usize::from(n)]));
        let results = pool.map_with(options, |bytes: Bytes| (bytes[0], bytes.len(), bytes), items);
        for (n, result) in (0..).zip(results) {
            let (first, len, bytes) = result.unwrap();
            assert!(first == n && len == 98_280 + usize::from(n) && bytes.iter().all(|&byte| byte == n));
        }
    });
}

/// What was taken back from a dead worker takes its bytes along.
#[test]
fn bytes_of_a_chunk_whose_item_kills_the_worker_come_along_to_the_next() {
    bounded(|| {
        let pool = pool(1);
        let die_at_five = |bytes: Bytes| if bytes[0] == 5 { SEGFAULT.die() } else { bytes };
        let items = (0..12_u8).map(|n| Bytes::from(vec![n; 100_000]));
        let results: Vec<_> = pool.map_with(MapOptions::new().chunk_size(12), die_at_five, items).collect();
        for (n, result) in (0..).zip(results) {
            match result {
                Ok(bytes) => assert!(bytes.len() == 100_000 && bytes.iter().all(|&byte| byte == n)),
                Err(TaskError::WorkerDied(_)) => assert_eq!(n, 5),
                Err(other) => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn bytes_that_a_task_did_not_take_do_not_get_into_the_next() {
    #[derive(Debug, Serialize)]
    struct Refused(Bytes);
    impl<'de> Deserialize<'de> for Refused {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("not taken"))
        }
    }
    bounded(|| {
        let pool = pool(1);
        for n in 0..10_u8 {
            let refused = pool.submit(|_: Refused| (), Refused(Bytes::from(vec![99; 100_000])));
            let taken = pool.submit(|bytes: Bytes| bytes[0], Bytes::from(vec![n; 100_000]));
            assert!(matches!(refused.result(), Err(TaskError::Codec(error)) if error.side() == CodecSide::ArgumentIn));
            assert_eq!(taken.result().unwrap(), n);
            let made = pool.submit(|n: u8| Refused(Bytes::from(vec![n; 100_000])), n);
            assert!(matches!(made.result(), Err(TaskError::Codec(error)) if error.side() == CodecSide::ResultIn));
        }
    });
}

#[test]
fn shared_bytes_are_lent_to_every_worker_and_read_in_place() {
    bounded(|| {
        let pool = pool(3);
        let table = SharedBytes::new(&pattern(3 << 20)).unwrap();
        let sum = |part: SharedBytes| part.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        let parts: Vec<_> = (0..30).map(|n| table.slice(n * 100_000..(n + 1) * 100_000)).collect();
        let futures: Vec<_> = parts.iter().map(|part| pool.submit(sum, part.clone())).collect();
        assert!(futures.into_iter().zip(&parts).all(|(future, part)| future.result().unwrap() == sum(part.clone())));
    });
}

#[test]
fn shared_bytes_reach_replacements_and_outlive_the_dead() {
    bounded(|| {
        let pool = pool(1);
        let table = SharedBytes::new(&pattern(1 << 20)).unwrap();
        for n in 0..5 {
            let read = |(table, n): (SharedBytes, usize)| table[n];
            assert_eq!(pool.submit(read, (table.clone(), n)).result().unwrap(), n as u8);
            death_of(pool.submit(|_: SharedBytes| -> u8 { Death::Abort.die() }, table.clone()));
            let pid = pool.submit(where_am_i, ()).result().unwrap();
            kill(pid);
        }
    });
}

#[test]
fn shared_bytes_that_come_back_are_the_same_memory() {
    bounded(|| {
        let pool = pool(1);
        let table = SharedBytes::new(&pattern(100_000)).unwrap();
        let part = pool.submit(|table: SharedBytes| table.slice(10..20), table.clone()).result().unwrap();
        assert_eq!(part[..], table[10..20]);
        assert_eq!(part.as_ptr(), table[10..].as_ptr());
        let made = pool.submit(|n: usize| SharedBytes::new(&pattern(n)).unwrap(), 5_000).result().unwrap();
        assert_eq!(made[..], pattern(5_000));
    });
}

/// What nobody refers to any more is given back by the worker.
#[test]
fn shared_bytes_are_given_back_with_their_last_handle() {
    fn mapped(_: ()) -> usize {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains("concurrent-futures bytes")).count()
    }
    bounded(|| {
        let pool = pool(1);
        for _ in 0..20 {
            let table = SharedBytes::new(&pattern(200_000)).unwrap();
            assert_eq!(pool.submit(|table: SharedBytes| table.len(), table.clone()).result().unwrap(), 200_000);
            assert!(pool.submit(mapped, ()).result().unwrap() >= 1);
            drop(table);
        }
        // The worker hears of it on another thread than that of the tasks.
        while pool.submit(mapped, ()).result().unwrap() > 0 {}
    });
}

/// A nested pool lends what it was lent as a copy.
#[test]
fn shared_bytes_reach_a_nested_pool() {
    fn nest(table: SharedBytes) -> u8 {
        let pool = ProcessPool::new(1).unwrap();
        pool.submit(|table: SharedBytes| table[7], table).result().unwrap()
    }
    bounded(|| {
        let table = SharedBytes::new(&pattern(100_000)).unwrap();
        assert_eq!(pool(1).submit(nest, table).result().unwrap(), 7);
    });
}

#[test]
fn shared_bytes_in_the_argument_of_an_initializer_reach_it() {
    static TABLE: std::sync::OnceLock<SharedBytes> = std::sync::OnceLock::new();
    bounded(|| {
        let table = SharedBytes::new(&pattern(100_000)).unwrap();
        let keep = |table: SharedBytes| TABLE.set(table).unwrap();
        let pool = ProcessPool::builder().max_workers(1).initializer(keep, table.clone()).build().unwrap();
        let outcome = pool.submit(|n: usize| TABLE.get().unwrap()[n], 9).result();
        assert_eq!(outcome.unwrap(), 9);
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
    });
}

#[test]
fn bytes_in_the_argument_of_an_initializer_reach_it() {
    static TABLE: std::sync::OnceLock<Bytes> = std::sync::OnceLock::new();
    bounded(|| {
        let keep = |table: Bytes| TABLE.set(table).unwrap();
        let builder = ProcessPool::builder().max_workers(1);
        let pool = builder.initializer(keep, Bytes::from(pattern(300_000))).build().unwrap();
        assert_eq!(pool.submit(|n: usize| TABLE.get().unwrap()[n], 9).result().unwrap(), 9);
    });
}

/// Out of a frame there is nobody to lend them.
#[test]
fn shared_bytes_on_threads_are_refused_with_a_hint() {
    bounded(|| {
        let executor = concurrent_futures_conformance::LoopbackExecutor::new(1);
        let table = SharedBytes::new(&[1, 2, 3]).unwrap();
        let refused = concurrent_futures_process_pool::ExecutorExt::submit(&executor, |_: SharedBytes| (), table);
        assert!(refused.result().unwrap_err().to_string().contains("use Bytes"));
    });
}
