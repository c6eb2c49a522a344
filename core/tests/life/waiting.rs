//! Waits: in callbacks, in circles, on workers.

use super::*;

#[test]
fn a_task_that_a_deep_callback_runs_in_place_is_completed_there() {
    let outcome = bounded(|| {
        let (tx, rx) = mpsc::channel();
        let executor = ExecutorId::next();
        let _guard = worker::enter(Arc::new(Nesting(executor)));
        let body = move || {
            let (future, job) = Job::new(plain(), || 7);
            job.bind(executor);
            future.add_done_callback(|_| ());
            tx.send(future.result()).unwrap();
            drop(job);
        };
        inside_callbacks(TOO_DEEP, Box::new(body));
        rx.recv().unwrap()
    });
    assert_eq!(outcome.unwrap(), 7);
}

#[test]
fn a_circle_through_a_task_that_a_callback_runs_in_place_is_found() {
    let (one, two) = bounded(|| {
        let executor = ExecutorId::next();
        let futures: Arc<OnceLock<[Future<()>; 2]>> = Arc::default();
        let (first, second) = (futures.clone(), futures.clone());
        let (go, gone) = mpsc::channel();
        // Runs in place in a callback, and waits for the second ...
        let (one, in_place) = Job::new(plain(), move || {
            go.send(()).unwrap();
            first.get().unwrap()[1].wait();
        });
        // ... which waits for it.
        let (two, other) = Job::new(plain(), move || second.get().unwrap()[0].wait());
        in_place.bind(executor);
        futures.set([one, two]).unwrap();
        let worker = std::thread::spawn(move || {
            gone.recv().unwrap();
            other.run();
        });
        let _guard = worker::enter(Arc::new(Nesting(executor)));
        let all = futures.clone();
        inside_callbacks(1, Box::new(move || all.get().unwrap()[0].wait()));
        worker.join().unwrap();
        drop(in_place);
        let [one, two] = futures.get().unwrap();
        (one.error().map(ToString::to_string), two.error().map(ToString::to_string))
    });
    let never_ends = |error: &Option<String>| error.as_ref().is_some_and(|text| text.contains("would never end"));
    assert!(never_ends(&one) != never_ends(&two), "{one:?} {two:?}");
}

#[test]
fn a_wait_in_the_own_callback_is_refused() {
    for way in 0..4 {
        let ended = bounded(move || {
            let (promise, future) = Promise::<u32>::new();
            let (_keep, other) = Promise::<u32>::new();
            let (tx, rx) = mpsc::channel();
            let future = Arc::new(future);
            let own = future.clone();
            future.add_done_callback(move |_| {
                match way {
                    0 => drop(wait([&*own, &other], ReturnWhen::AllCompleted, None)),
                    1 => drop(wait([&*own], ReturnWhen::FirstCompleted, None)),
                    2 => own.wait(),
                    _ => drop(as_completed([&*own]).next()),
                }
                tx.send(()).unwrap();
            });
            promise.start().unwrap().complete(7);
            rx.recv().is_ok()
        });
        assert!(!ended, "the wait {way} went on as if its future were done");
    }
}

#[test]
fn an_await_in_a_deep_callback_pays_what_its_thread_owes() {
    let value = bounded(|| {
        let (tx, rx) = mpsc::channel();
        let body = move || {
            let (promise, future) = Promise::new();
            future.add_done_callback(|_| ());
            promise.start().unwrap().complete(7);
            tx.send(block_on(future)).unwrap();
        };
        inside_callbacks(TOO_DEEP, Box::new(body));
        rx.recv().unwrap()
    });
    assert_eq!(value.unwrap(), 7);
}

#[test]
fn a_wait_in_a_deep_callback_pays_what_its_thread_owes() {
    for several in [false, true] {
        let done = bounded(move || {
            let (tx, rx) = mpsc::channel();
            let body = move || {
                let (promise, future) = Promise::new();
                future.add_done_callback(|_| ());
                promise.start().unwrap().complete(7);
                if several {
                    wait([&future], ReturnWhen::AllCompleted, None);
                } else {
                    future.wait();
                }
                tx.send(future.done()).unwrap();
            };
            inside_callbacks(TOO_DEEP, Box::new(body));
            rx.recv().unwrap()
        });
        assert!(done);
    }
}

#[test]
fn a_worker_runs_nothing_in_place_that_waits_in_another_executor() {
    /// Lets somebody else run the task when the worker blocks.
    struct Elsewhere(ExecutorId, mpsc::Sender<()>);
    impl WorkerContext for Elsewhere {
        fn executor(&self) -> ExecutorId {
            self.0
        }
        fn can_nest(&self) -> bool {
            true
        }
        fn block(&self) -> Result<(), BlockLimit> {
            let _ = self.1.send(());
            Ok(())
        }
    }
    bounded(|| {
        let (future, job) = Job::new(plain(), || std::thread::current().id());
        job.bind(ExecutorId::next());
        let (tx, blocks) = mpsc::channel();
        let other = std::thread::spawn(move || {
            let _ = blocks.recv();
            job.run();
        });
        let guard = worker::enter(Arc::new(Elsewhere(ExecutorId::next(), tx)));
        assert_ne!(future.result().unwrap(), std::thread::current().id());
        drop(guard);
        other.join().unwrap();
    });
}
