//! Callbacks, wakers and threads that are ending.

use super::*;

/// Thread-locals die one by one; whoever dies last may still hold promises, futures and pools.
#[test]
fn everything_works_while_thread_locals_are_destroyed() {
    thread_local! {
        static DIES_LAST: RefCell<Option<LastWords>> = const { RefCell::new(None) };
    }
    struct LastWords(mpsc::Sender<bool>);
    impl Drop for LastWords {
        fn drop(&mut self) {
            let told = Arc::new(AtomicBool::new(false));
            let ours = told.clone();
            let (promise, future) = Promise::<u32>::new();
            future.add_done_callback(move |_| ours.store(true, Ordering::SeqCst));
            promise.start().unwrap().complete(7);
            let (failed, panics) = Job::new(plain(), || panic!("in a task"));
            panics.run();
            let _: &Option<&TaskError> = &failed.error();
            let (later, job) = Job::new(plain(), || task::current().id());
            let worker = std::thread::spawn(move || job.run());
            later.wait();
            worker.join().unwrap();
            drop(worker::enter(Arc::new(Nesting(ExecutorId::next()))));
            let idle = !worker::is_inside_task() && task::current().id().is_none();
            self.0.send(idle && told.load(Ordering::SeqCst) && future.result().is_ok()).unwrap();
        }
    }
    let (tx, rx) = mpsc::channel();
    bounded(move || {
        DIES_LAST.with(|dies_last| *dies_last.borrow_mut() = Some(LastWords(tx)));
        // Whatever core keeps for this thread is made now, so it dies first.
        let _guard = worker::enter(Arc::new(Nesting(ExecutorId::next())));
        let (future, job) = Job::new(plain(), || panic!("in a task"));
        future.add_done_callback(|_| ());
        job.run();
        let _: &Option<&TaskError> = &future.error();
    });
    assert!(rx.recv_timeout(Duration::from_secs(20)).unwrap());
}

#[test]
fn l5_a_callback_that_panics_stops_neither_the_next_nor_the_release() {
    bounded(|| {
        let (tx, rx) = mpsc::channel();
        let (promise, future) = Promise::<u32>::new();
        for number in 1..4 {
            let tx = tx.clone();
            future.add_done_callback(move |_| {
                tx.send(number).unwrap();
                assert_ne!(number, 2, "the second callback panics");
            });
        }
        promise.start().unwrap().complete(7);
        assert_eq!(future.result().unwrap(), 7);
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
    });
}

#[test]
fn l6_callbacks_wakers_and_captures_may_look_at_the_future() {
    struct Looks(JobHandle);
    impl Looks {
        fn look(&self) {
            assert!(self.0.state().is_some());
        }
    }
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            self.look();
        }
    }
    impl Drop for Looks {
        fn drop(&mut self) {
            let _ = self.0.state();
        }
    }
    bounded(|| {
        for cancels in [false, true] {
            let (tx, rx) = mpsc::channel::<Looks>();
            let (mut future, job) = Job::new(plain(), move || drop(rx));
            let looks = || Looks(job.handle());
            tx.send(looks()).unwrap();
            job.hold(looks());
            let (callback, waker) = (looks(), Waker::from(Arc::new(looks())));
            future.add_done_callback(move |_| callback.look());
            let _ = Pin::new(&mut future).poll(&mut Context::from_waker(&waker));
            drop(waker);
            let other = Waker::from(Arc::new(looks()));
            let _ = Pin::new(&mut future).poll(&mut Context::from_waker(&other));
            drop(other);
            if !cancels {
                job.run();
            }
            assert_eq!(future.cancel(), cancels);
        }
    });
}

#[test]
fn a_chain_of_completions_does_not_grow_the_stack() {
    bounded(|| {
        let (first, mut last) = Promise::<u32>::new();
        for _ in 0..100_000 {
            let (promise, future) = Promise::new();
            last.add_done_callback(move |outcome| promise.start().unwrap().complete(outcome.unwrap() + 1));
            last = future;
        }
        first.start().unwrap().complete(0);
        assert_eq!(last.result().unwrap(), 100_000);
    });
}
