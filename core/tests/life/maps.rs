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
        assert!(running.is_withdrawn());
    });
}

#[test]
fn an_unordered_map_does_not_wait_for_a_part_that_was_given_away() {
    /// Gives half of what is left away after the first item.
    struct Shares(ExecutorId, Mutex<Vec<Job>>, AtomicBool);
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
    let outcomes = bounded(|| {
        let executor = Keeps::default();
        let options = MapOptions::new().chunk_size(3).unordered();
        let mut results = Map::in_process(&executor, options, |n: u32| n, 0..6);
        let context = Arc::new(Shares(ExecutorId::next(), Mutex::default(), AtomicBool::new(false)));
        let guard = worker::enter(context.clone());
        let job = executor.take();
        // A chunk of another executor would not be shared with this one's workers.
        job.bind(context.0);
        job.run();
        executor.take().run();
        drop(guard);
        // The part given away still waits; everything else is yielded before it.
        let mut outcomes: Vec<_> = results.by_ref().take(5).map(Result::unwrap).collect();
        context.1.lock().unwrap().remove(0).run();
        outcomes.extend(results.map(Result::unwrap));
        outcomes
    });
    assert_eq!(outcomes, [0, 1, 3, 4, 5, 2]);
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
