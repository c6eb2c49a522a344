//! `map`: the results of many calls, in order, each on its own. Fits any executor.

use std::cell::Cell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use concurrent_futures_core::{ExecutorExt, MapOptions, TaskError, TaskId, keyed, task};

use super::tasks::{announce, announce_and_panic_at_fives, square};
use crate::{Backend, Gatekeeper, LIMIT};

fn squares(n: u64) -> Vec<u64> {
    (0..n).map(square).collect()
}

/// W-13. CPython `test_map`; pebble `map`, `map_single`.
pub fn results_come_in_the_order_of_the_input<B: Backend>(backend: &B) {
    let executor = backend.make(3);
    let results: Result<Vec<u64>, _> = executor.map(square, 0..300).collect();
    assert_eq!(results.unwrap(), squares(300));
    let one: Result<Vec<u64>, _> = executor.map(square, [7]).collect();
    assert_eq!(one.unwrap(), [49]);
}

/// W-18. CPython `test_map_chunksize`; pebble `map_one_chunk`: chunks may be larger than the input, or leave a rest.
pub fn any_chunk_size_gives_the_same<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    for size in [1, 3, 6, 40, 50, 1000] {
        let options = MapOptions::new().chunk_size(size);
        let results: Result<Vec<u64>, _> = executor.map_with(options, square, 0..40).collect();
        assert_eq!(results.unwrap(), squares(40), "in chunks of {size}");
    }
}

/// W-21. CPython `test_map_buffersize_on_empty_iterable`; pebble `map_empty`.
pub fn an_empty_input_gives_no_result<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    assert!(executor.map(square, []).next().is_none());
    assert!(executor.map_with(MapOptions::new().buffer_size(1), square, []).next().is_none());
    assert!(executor.map_with(MapOptions::new().unordered().chunk_size(3), square, []).next().is_none());
}

/// M6: whatever the order, the chunks and the window. The keys stay where they are, so they may be of any type.
pub fn each_result_has_the_key_of_its_item<B: Backend>(backend: &B) {
    let executor = backend.make(3);
    let refuse_fives = |n: u64| if n.is_multiple_of(5) { Err(format!("{n} is a multiple of five")) } else { Ok(n) };
    let plain = MapOptions::new;
    for options in
        [plain(), plain().chunk_size(1), plain().chunk_size(7), plain().buffer_size(3), plain().deadline(LIMIT)]
    {
        for options in [options.clone(), options.unordered()] {
            let items = (0..60).map(|n| (Rc::new(n), n));
            let results = keyed(items, |numbers| executor.map_fallible_with(options.clone(), refuse_fives, numbers));
            let mut seen = Vec::new();
            for (key, result) in results {
                match result {
                    Ok(value) => assert!(value == *key && value % 5 != 0, "{key}: {value}, {options:?}"),
                    Err(error) => {
                        let text = format!("{error:?}");
                        assert!(text.contains(&format!("{key} is a multiple of five")), "{key}: {text}, {options:?}");
                    }
                }
                seen.push(*key);
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..60).collect::<Vec<u64>>(), "{options:?}");
        }
    }
}

/// M6: in each of the ways in which a map is started.
pub fn any_map_can_have_keys<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let texts = ["1", "23", "456"].map(str::to_owned);
    let items = || texts.iter().map(|text| (text, text.clone()));
    let length = |text: String| text.len();
    let mut lengths = keyed(items(), |texts| executor.map(length, texts));
    assert_eq!(lengths.size_hint(), (3, Some(3)));
    assert!(lengths.all(|(text, result)| result.unwrap() == text.len()));
    assert_eq!(lengths.size_hint(), (0, Some(0)));
    let mut lengths = keyed(items(), |texts| executor.map_with(MapOptions::new().unordered(), length, texts));
    assert!(lengths.all(|(text, result)| result.unwrap() == text.len()));
    let number = |text: String| text.parse::<u64>();
    let mut numbers = keyed(items(), |texts| executor.map_fallible(number, texts));
    assert!(numbers.all(|(text, result)| result.unwrap().to_string() == *text));
    let mut numbers = keyed(items(), |texts| executor.map_fallible_with(MapOptions::new().unordered(), number, texts));
    assert!(numbers.all(|(text, result)| result.unwrap().to_string() == *text));
    let endless = keyed((0..).map(|n| (n, n)), |numbers| executor.map(square, numbers));
    let squares: Vec<(u64, u64)> = endless.take(3).map(|(n, result)| (n, result.unwrap())).collect();
    assert_eq!(squares, [(0, 0), (1, 1), (2, 4)]);
}

/// M3, W-15. CPython `test_map_exception`; pebble `map_error`: also within a chunk only the failing item fails.
pub fn a_failing_item_fails_alone<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    for size in [1, 4, 100] {
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let options = MapOptions::new().chunk_size(size);
        let results: Vec<_> =
            executor.map_with(options, announce_and_panic_at_fives, (0..23).map(|n| (gate, n))).collect();
        for (n, result) in (0..).zip(&results) {
            match result {
                Ok(value) => assert_eq!(*value, n),
                Err(TaskError::Panicked(panicked)) => {
                    assert_eq!(panicked.message(), format!("{n} is a multiple of five"));
                }
                Err(error) => panic!("item {n} in chunks of {size}: {error:?}"),
            }
        }
        let failed = results.iter().filter(|result| result.is_err()).count();
        assert_eq!((results.len(), failed), (23, 5), "in chunks of {size}");
        let mut ran = keeper.arrivals();
        ran.sort_unstable();
        assert_eq!(ran, (0..23).collect::<Vec<u64>>(), "each ran once, in chunks of {size}");
    }
}

/// W-15. CPython `test_map_exception`, newer: the end is the end.
pub fn the_end_is_stable<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let fallible = |n: u64| if n == 1 { Err("one") } else { Ok(n) };
    for chunk in [1, 2, 3] {
        let mut results = executor.map_fallible_with(MapOptions::new().chunk_size(chunk), fallible, 0..3);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        assert!(results.next().unwrap().is_err());
        assert_eq!(results.next().unwrap().unwrap(), 2);
        for _ in 0..3 {
            assert!(results.next().is_none(), "in chunks of {chunk}");
        }
    }
}

/// W-14. CPython `test_map_timeout_from_callable`: a timeout that a task reports is an error like any other, whether the
/// map has a deadline or not.
pub fn a_timeout_of_the_task_is_not_the_maps<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let slow = |n: u64| {
        if n == 1 { Err(std::io::Error::from(std::io::ErrorKind::TimedOut)) } else { Ok(n) }
    };
    for options in [MapOptions::new(), MapOptions::new().deadline(LIMIT), MapOptions::new().chunk_size(2)] {
        let results: Vec<_> = executor.map_fallible_with(options, slow, 0..4).collect();
        assert!(matches!(results[1], Err(TaskError::Failed(_))), "{:?}", results[1]);
        let values: Vec<u64> = results.into_iter().filter_map(Result::ok).collect();
        assert_eq!(values, [0, 2, 3]);
    }
}

/// W-19. CPython `test_map_buffersize`; mpi4py the same with chunks.
pub fn any_buffer_gives_the_same<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    for buffer in [1, 2, 10, 20] {
        for chunk in [1, 3, 10, 11] {
            let options = MapOptions::new().buffer_size(buffer).chunk_size(chunk);
            let results: Result<Vec<u64>, _> = executor.map_with(options, square, 0..10).collect();
            assert_eq!(results.unwrap(), squares(10), "a buffer of {buffer}, chunks of {chunk}");
        }
    }
}

/// W-13. CPython `test_map_buffersize_on_multiple_iterables`, `…_on_multiple_infinite_iterables`; pebble `map_multi`; mpi4py
/// `starmap`, `starmap_chunksize`: zipped inputs end with the shortest, or never.
pub fn several_inputs_are_zipped<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let add = |(a, b): (u64, u64)| a + b;
    for (buffer, chunk) in [(1, 1), (2, 1), (5, 2), (10, 3)] {
        let options = MapOptions::new().buffer_size(buffer).chunk_size(chunk);
        let sums: Result<Vec<u64>, _> = executor.map_with(options.clone(), add, (0..).zip(10..15)).collect();
        assert_eq!(sums.unwrap(), [10, 12, 14, 16, 18], "a buffer of {buffer}, chunks of {chunk}");
        let sums: Result<Vec<u64>, _> = executor.map_with(options, add, (0..).zip(10..)).take(3).collect();
        assert_eq!(sums.unwrap(), [10, 12, 14], "a buffer of {buffer}, chunks of {chunk}");
    }
}

/// M2, W-20. CPython `test_map_buffersize_on_infinite_iterable`.
pub fn an_endless_input_is_fine<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    for options in [MapOptions::new(), MapOptions::new().buffer_size(2), MapOptions::new().buffer_size(7).chunk_size(3)]
    {
        let results: Result<Vec<u64>, _> = executor.map_with(options, square, 0..).take(3).collect();
        assert_eq!(results.unwrap(), [0, 1, 4]);
    }
}

/// M2, W-20. CPython `test_map_buffersize_when_buffer_is_full`: nobody iterates, and the buffer's size is pulled.
pub fn no_more_is_pulled_than_the_buffer_holds<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    for (buffer, chunk) in [(1, 1), (4, 1), (6, 3), (5, 100)] {
        let pulled = Cell::new(0);
        let input = (0..100).inspect(|_| pulled.set(pulled.get() + 1));
        let options = MapOptions::new().buffer_size(buffer).chunk_size(chunk);
        let mut results = executor.map_with(options, square, input);
        assert_eq!(pulled.get(), buffer, "at the call, with chunks of {chunk}");
        for yielded in 1..=20 {
            results.next().unwrap().unwrap();
            assert!(pulled.get() <= buffer + yielded, "after {yielded} results {} are pulled", pulled.get());
        }
    }
}

/// M1: the input stays on the consumer's thread, and may borrow and be bound to it.
pub fn the_input_may_borrow_and_stay_on_its_thread<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let words = ["a", "bc", "def"];
    let count = Rc::new(Cell::new(0));
    let input = words.iter().map(|word| {
        count.set(count.get() + 1);
        (*word).to_owned()
    });
    let lengths: Result<Vec<usize>, _> = executor.map(|word: String| word.len(), input).collect();
    assert_eq!((lengths.unwrap(), count.get()), (vec![1, 2, 3], 3));
}

/// W-22. Loky `imap_handle_iterable_exception`: a panic of the input is the consumer's own, and the executor lives on.
pub fn a_panic_of_the_input_is_the_consumers<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    for size in [1, 2, 4] {
        let input = (0..10_u64).inspect(|n| assert!(*n < 6, "the input ends badly, as this test wants it"));
        let options = MapOptions::new().chunk_size(size);
        let result = catch_unwind(AssertUnwindSafe(|| executor.map_with(options, square, input).count()));
        assert!(result.is_err(), "in chunks of {size}");
        assert_eq!(executor.submit(square, 3).result().unwrap(), 9);
    }
}

/// W-23. Mpi4py `map_unordered`, `…_exception`, `…_chunksize`: the same results, in whatever order.
pub fn unordered_gives_the_same_results<B: Backend>(backend: &B) {
    let executor = backend.make(3);
    for options in [MapOptions::new(), MapOptions::new().chunk_size(7), MapOptions::new().buffer_size(3)] {
        let fallible = |n: u64| if n == 13 { Err("thirteen") } else { Ok(n * n) };
        let results: Vec<_> = executor.map_fallible_with(options.unordered(), fallible, 0..50).collect();
        assert_eq!(results.len(), 50);
        let mut values: Vec<u64> = results.into_iter().filter_map(Result::ok).collect();
        values.sort_unstable();
        let expected: Vec<u64> = squares(50).into_iter().filter(|square| *square != 169).collect();
        assert_eq!(values, expected);
    }
}

/// Mpi4py `map_timeout_one`, `nonzero_timeout`: a deadline that is kept changes nothing.
pub fn a_deadline_that_is_kept_changes_nothing<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    for options in [MapOptions::new(), MapOptions::new().chunk_size(4), MapOptions::new().unordered()] {
        let mut results: Vec<u64> =
            executor.map_with(options.deadline(LIMIT), square, 0..30).collect::<Result<_, _>>().unwrap();
        results.sort_unstable();
        assert_eq!(results, squares(30));
    }
}

/// Each task of a chunk is a task: it has an id of its own.
pub fn every_item_of_a_chunk_is_a_task_of_its_own<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let id = |_: u64| task::current().id().map(TaskId::as_u64);
    let options = MapOptions::new().chunk_size(8);
    let ids: Vec<_> = executor.map_with(options, id, 0..40).map(|id| id.unwrap().expect("it is a task")).collect();
    let distinct: HashSet<u64> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), 40);
}

/// W-12: two maps at once on the same executor don't disturb each other.
pub fn two_maps_run_side_by_side<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let ups = executor.map(square, 0..100);
    let downs = executor.map(square, (0..100).rev());
    for (n, (up, down)) in (0..).zip(ups.zip(downs)) {
        assert_eq!((up.unwrap(), down.unwrap()), (square(n), square(99 - n)));
    }
}

/// M3: with chunks that the library sizes itself, each item runs once.
pub fn each_item_runs_once<B: Backend>(backend: &B) {
    let executor = backend.make(3);
    let keeper = Gatekeeper::new();
    let gate = keeper.gate();
    let results: Result<Vec<u64>, _> = executor.map(announce, (0..200).map(|n| (gate, n))).collect();
    assert_eq!(results.unwrap(), (0..200).collect::<Vec<u64>>());
    let mut ran = keeper.arrivals();
    ran.sort_unstable();
    assert_eq!(ran, (0..200).collect::<Vec<u64>>());
}
