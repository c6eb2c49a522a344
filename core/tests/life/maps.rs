//! Maps: deadlines, windows, and parts that were given away.

use super::*;

#[test]
fn l6_an_item_that_is_settled_twice_is_dropped_without_the_lock() {
    bounded(|| {
        let executor = Keeps::default();
        let results = Map::in_process(&executor, MapOptions::new().chunk_size(2), |n: u32| n, [1, 2].into_iter());
        let running = executor.take().start().unwrap();
        let handle = running.handle();
        running.fail_task(0, gave_up());
        running.fail_task(0, Failed::new(Touchy::new(move || assert!(handle.state().is_some())), None));
        running.fail_task(1, gave_up());
        let outcomes: Vec<_> = results.collect();
        assert!(matches!(outcomes[..], [Err(TaskError::Abandoned(_)), Err(TaskError::Abandoned(_))]), "{outcomes:?}");
    });
}

#[test]
fn m5_what_is_not_done_at_the_deadline_of_a_map_says_so() {
    for options in [MapOptions::new(), MapOptions::new().unordered(), MapOptions::new().chunk_size(2)] {
        let outcomes = bounded(move || {
            let executor = Keeps::default();
            let options = options.deadline(MAP_DEADLINE);
            Map::in_process(&executor, options, |n: u32| n, 0..4).collect::<Vec<_>>()
        });
        assert_eq!(outcomes.len(), 4);
        let late = |outcome: &Result<u32, TaskError>| matches!(outcome, Err(TaskError::DeadlineExceeded(_)));
        assert!(outcomes.iter().all(late), "{outcomes:?}");
    }
}

#[test]
fn m5_the_rest_of_a_chunk_that_ends_after_the_deadline_says_so() {
    let outcomes = bounded(|| {
        let executor = Keeps::default();
        let (open, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let options = MapOptions::new().chunk_size(2).deadline(MAP_DEADLINE);
        let wait_for_the_end = move |n: u32| {
            gate.lock().unwrap().recv().unwrap();
            n
        };
        let mut results = Map::in_process(&executor, options, wait_for_the_end, 0..4);
        let (_never_runs, second) = (executor.take(), executor.take());
        let worker = std::thread::spawn(move || second.run());
        let mut outcomes: Vec<_> = results.next().into_iter().collect();
        open.send(()).unwrap();
        worker.join().unwrap();
        outcomes.extend(results);
        outcomes
    });
    use TaskError::DeadlineExceeded as Late;
    assert!(matches!(outcomes[..], [Err(Late(_)), Err(Late(_)), Ok(2), Err(Late(_))]), "{outcomes:?}");
}

#[test]
fn m5_the_executor_of_a_chunk_is_told_that_the_deadline_has_passed() {
    bounded(|| {
        let executor = Keeps::default();
        let options = MapOptions::new().chunk_size(2).deadline(MAP_DEADLINE);
        let mut results = Map::in_process(&executor, options, |n: u32| n, 0..2);
        let (tx, rx) = mpsc::channel();
        let running = executor.take().start_killable(move |interrupt| tx.send(interrupt).unwrap()).unwrap();
        assert!(matches!(results.next(), Some(Err(TaskError::DeadlineExceeded(_)))));
        assert_eq!(rx.try_recv(), Ok(Interrupt::Withdraw));
        assert_eq!(rx.try_recv(), Ok(Interrupt::Abort { grace: Duration::ZERO }));
        assert!(running.is_withdrawn());
    });
}

/// Starts a chunk of two whose executor ends the second item when it is asked to stop, in its own time.
fn stopped_in_its_second_item(executor: &Keeps) -> std::thread::JoinHandle<()> {
    let (tell, told) = mpsc::channel();
    let running = executor.take().start_killable(move |interrupt| tell.send(interrupt).unwrap_or_default()).unwrap();
    std::thread::spawn(move || {
        while !matches!(told.recv().unwrap(), Interrupt::Abort { .. }) {}
        // The item that was in time comes with the end of the other.
        running.fail_task(0, gave_up());
        running.fail_task(1, TaskError::Cancelled);
    })
}

#[test]
fn m5_a_chunk_that_its_executor_stops_yields_what_was_in_time() {
    bounded(|| {
        for options in [MapOptions::new(), MapOptions::new().unordered()] {
            let executor = Keeps::default();
            let options = options.chunk_size(2).deadline(MAP_DEADLINE);
            let results = Map::in_process(&executor, options, |n: u32| n, 0..2);
            let worker = stopped_in_its_second_item(&executor);
            let outcomes: Vec<_> = results.collect();
            use TaskError::{Abandoned, DeadlineExceeded as Late};
            assert!(matches!(outcomes[..], [Err(Abandoned(_)), Err(Late(_))]), "{outcomes:?}");
            worker.join().unwrap();
        }
    });
}

#[cfg(feature = "stream")]
#[test]
fn m5_a_stream_is_woken_when_its_chunk_is_stopped() {
    use futures_lite::StreamExt;

    bounded(|| {
        let executor = Keeps::default();
        let options = MapOptions::new().chunk_size(2).deadline(MAP_DEADLINE);
        let results = Map::in_process(&executor, options, |n: u32| n, 0..2).into_stream();
        let worker = stopped_in_its_second_item(&executor);
        while results.deadline().unwrap() > std::time::Instant::now() {
            std::thread::yield_now();
        }
        let outcomes: Vec<_> = futures_lite::future::block_on(results.collect());
        use TaskError::{Abandoned, DeadlineExceeded as Late};
        assert!(matches!(outcomes[..], [Err(Abandoned(_)), Err(Late(_))]), "{outcomes:?}");
        worker.join().unwrap();
    });
}

/// Gives half of what is left away after the first item.
struct Shares(ExecutorId, Mutex<Vec<Job>>, AtomicBool);

impl Shares {
    /// Runs the chunk that is next, as a worker that gives a part of it away.
    fn run_next_of(self: &Arc<Self>, executor: &Keeps) {
        let _guard = worker::enter(self.clone());
        let job = executor.take();
        // A chunk of another executor would not be shared with this one's workers.
        job.bind(self.0);
        job.run();
    }

    fn run_what_was_given_away(&self) {
        let jobs = std::mem::take(&mut *self.1.lock().unwrap());
        jobs.into_iter().for_each(Job::run);
    }
}

impl Default for Shares {
    fn default() -> Self {
        Self(ExecutorId::next(), Mutex::default(), AtomicBool::new(false))
    }
}

impl WorkerContext for Shares {
    fn executor(&self) -> ExecutorId {
        self.0
    }
    fn wish(&self) -> Wish {
        if self.2.swap(true, Ordering::SeqCst) { Wish::GoOn } else { Wish::Share }
    }
    fn share(&self, job: Job) {
        self.1.lock().unwrap().push(job);
    }
}

#[test]
fn an_unordered_map_does_not_wait_for_a_part_that_was_given_away() {
    let outcomes = bounded(|| {
        let (executor, worker) = (Keeps::default(), Arc::new(Shares::default()));
        let options = MapOptions::new().chunk_size(3).unordered();
        let mut results = Map::in_process(&executor, options, |n: u32| n, 0..6);
        worker.run_next_of(&executor);
        executor.take().run();
        // The part given away still waits; everything else is yielded before it.
        let mut outcomes: Vec<_> = results.by_ref().take(5).map(Result::unwrap).collect();
        worker.run_what_was_given_away();
        outcomes.extend(results.map(Result::unwrap));
        outcomes
    });
    assert_eq!(outcomes, [0, 1, 3, 4, 5, 2]);
}

#[test]
fn m6_what_was_given_away_has_its_keys() {
    let [ordered, unordered] = [MapOptions::new(), MapOptions::new().unordered()].map(|options| {
        bounded(move || {
            let (executor, first, second) =
                (Keeps::default(), Arc::new(Shares::default()), Arc::new(Shares::default()));
            let items = (0..12).map(|n| (n, n));
            let results =
                keyed(items, |items| Map::in_process(&executor, options.chunk_size(6), |n: u32| 2 * n, items));
            first.run_next_of(&executor);
            second.run_next_of(&executor);
            // Of what was given away a part is given away again.
            *executor.0.lock().unwrap() = std::mem::take(&mut *second.1.lock().unwrap());
            let third = Arc::new(Shares::default());
            third.run_next_of(&executor);
            third.run_what_was_given_away();
            first.run_what_was_given_away();
            results.map(|(key, result)| (key, result.unwrap())).collect::<Vec<(u32, u32)>>()
        })
    });
    assert_eq!(ordered, (0..12).map(|n| (n, 2 * n)).collect::<Vec<_>>());
    assert_ne!(unordered, ordered, "the parts come last");
    assert!(unordered.iter().all(|(key, value)| *value == 2 * key), "{unordered:?}");
}

#[test]
fn m6_who_takes_arguments_himself_shifts_no_key() {
    let executor = Keeps::default();
    let results = keyed((0..6).map(|n| (n, n)), |mut items| {
        assert_eq!((items.next(), items.next()), (Some(0), Some(1)));
        let mut results = Map::in_process(&executor, MapOptions::new().chunk_size(1), |n: u32| n, items);
        executor.take().run();
        assert_eq!(results.next().unwrap().unwrap(), 2);
        results
    });
    while !executor.0.lock().unwrap().is_empty() {
        executor.take().run();
    }
    assert_eq!(results.map(|(key, result)| (key, result.unwrap())).collect::<Vec<_>>(), [(3, 3), (4, 4), (5, 5)]);
}

#[test]
fn m6_an_input_that_panics_shifts_no_key() {
    /// Runs each task at once.
    struct Runs;
    impl Executor for Runs {
        fn execute(&self, job: Job) {
            job.run();
        }
        fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
            ShutdownReport::default()
        }
        fn stats(&self) -> Stats {
            Stats::default()
        }
    }
    impl InProcess for Runs {}

    let mut pulls = 0;
    let items = std::iter::from_fn(move || {
        pulls += 1;
        assert_ne!(pulls, 6, "the sixth pull");
        (pulls < 10).then_some((pulls, pulls))
    });
    let options = MapOptions::new().chunk_size(4).buffer_size(4);
    let mut results = keyed(items, |items| Map::in_process(&Runs, options, |n: u32| n, items))
        .map(|(key, result)| (key, result.unwrap()));
    assert_eq!(results.by_ref().take(4).collect::<Vec<_>>(), [(1, 1), (2, 2), (3, 3), (4, 4)]);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| results.next())).unwrap_err();
    assert_eq!(results.collect::<Vec<_>>(), [(7, 7), (8, 8), (9, 9)], "the fifth was lost with the sixth");
}

#[test]
fn m5_a_deadline_that_leaves_a_part_of_the_input_says_so_with_the_next_key() {
    for options in [MapOptions::new(), MapOptions::new().unordered()] {
        let (some_left, none_left) = bounded(move || {
            let executor = Keeps::default();
            let collect = |last: u32| {
                let options = options.clone().buffer_size(2).deadline(MAP_DEADLINE);
                // Whether there are more isn't known before the next is pulled.
                let mut numbers = 0..=last;
                let items = std::iter::from_fn(move || numbers.next()).map(|n| (n, n));
                let mut results = keyed(items, |items| Map::in_process(&executor, options, |n: u32| n, items));
                executor.take().run();
                executor.take().run();
                let mut seen = vec![results.next().unwrap()];
                let (_promise, never) = Promise::<()>::new();
                assert!(!never.wait_timeout(MAP_DEADLINE), "it only lets the deadline pass");
                seen.extend(results.by_ref());
                assert!(results.next().is_none());
                seen.into_iter().map(|(key, result)| (key, result.is_ok())).collect::<Vec<_>>()
            };
            (collect(9), collect(1))
        });
        assert_eq!(some_left, [(0, true), (1, true), (2, false)]);
        assert_eq!(none_left, [(0, true), (1, true)], "all was done in time");
    }
}

#[test]
fn m2_no_more_is_pulled_than_the_window_holds() {
    let pulled = AtomicUsize::new(0);
    let input = (0..100).inspect(|_| {
        pulled.fetch_add(1, Ordering::SeqCst);
    });
    let executor = Keeps::default();
    let mut results = Map::in_process(&executor, MapOptions::new().buffer_size(3), |n: u32| n, input);
    assert_eq!(pulled.load(Ordering::SeqCst), 3);
    executor.take().run();
    assert_eq!(results.next().unwrap().unwrap(), 0);
    let second = executor.take();
    second.run();
    assert_eq!(results.next().unwrap().unwrap(), 1);
    assert_eq!(pulled.load(Ordering::SeqCst), 4, "the next items are pulled just before waiting");
}

#[test]
fn m4_a_dropped_map_begins_nothing_more() {
    let begun = bounded(|| {
        let executor = Keeps::default();
        let (begin, begun) = mpsc::channel();
        let (open, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let task = move |n: u32| {
            begin.send(n).unwrap();
            gate.lock().unwrap().recv().unwrap();
        };
        let results = Map::in_process(&executor, MapOptions::new().chunk_size(2), task, 0..4);
        let (first, second) = (executor.take(), executor.take());
        let worker = std::thread::spawn(move || first.run());
        assert_eq!(begun.recv().unwrap(), 0);
        drop(results);
        open.send(()).unwrap();
        worker.join().unwrap();
        assert!(second.start().is_err());
        begun.try_iter().count()
    });
    assert_eq!(begun, 0, "the rest of a chunk that had begun");
}
