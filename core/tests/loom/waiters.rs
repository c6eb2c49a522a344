//! Who waits.

use super::*;

/// What may end a future that somebody waits for.
type End = fn(Job, &Future<u32>) -> thread::JoinHandle<()>;

/// One of them, with its job.
type Ending = Box<dyn FnOnce(&Future<u32>) -> thread::JoinHandle<()>>;

const ENDS: [End; 3] = [
    |job, _| thread::spawn(move || job.run()),
    |job, future| {
        let canceller = future.canceller();
        thread::spawn(move || {
            canceller.cancel();
            drop(job);
        })
    },
    |job, _| thread::spawn(move || drop(job)),
];

/// Checks `model` against each of the ends. A job writes before it returns; a canceller and a dropper don't.
fn check_each_end(model: fn(Future<u32>, Ending)) {
    for end in ENDS {
        check(move || {
            let (future, job, _) = counted();
            model(future, Box::new(move |future| end(job, future)));
        });
    }
}

#[test]
fn l4_a_blocking_wait_is_woken() {
    check_each_end(|future, end| {
        let ending = end(&future);
        future.wait();
        assert!(future.done() && future.state().is_done());
        ending.join().unwrap();
    });
}

#[test]
fn l4_two_blocking_waits_are_woken() {
    check(|| {
        let (future, job, _) = counted();
        let future = Arc::new(future);
        let other = future.clone();
        let waiter = thread::spawn(move || other.wait());
        let worker = thread::spawn(move || job.run());
        future.wait();
        waiter.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn l4_a_callback_is_called_once_before_a_wait_returns() {
    check_each_end(|future, end| {
        let ending = end(&future);
        let told = Times::default();
        let ours = told.clone();
        let written = Written::new();
        let theirs = written.clone();
        future.add_done_callback(move |_| {
            theirs.write();
            ours.add();
        });
        future.wait();
        written.assert_visible();
        assert_eq!(told.get(), 1);
        ending.join().unwrap();
        drop(future);
        assert_eq!(told.get(), 1);
    });
}

#[test]
fn l4_callbacks_that_join_run_in_order_before_the_release() {
    check(|| {
        let (future, job, _) = counted();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let note = |number: u32| {
            let order = order.clone();
            move |_: Result<&u32, &TaskError>| order.lock().unwrap().push(number)
        };
        future.add_done_callback(note(1));
        let worker = thread::spawn(move || job.run());
        future.add_done_callback(note(2));
        future.add_done_callback(note(3));
        future.wait();
        assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
        worker.join().unwrap();
    });
}

#[test]
fn l4_a_callback_that_a_callback_adds_runs_before_the_release() {
    check(|| {
        let (promise, future) = Promise::<u32>::new();
        let future = Arc::new(future);
        let written = Written::new();
        let (inner, theirs) = (future.clone(), written.clone());
        future.add_done_callback(move |_| inner.add_done_callback(move |_| theirs.write()));
        let producer = thread::spawn(move || promise.start().unwrap().complete(7));
        future.wait();
        written.assert_visible();
        producer.join().unwrap();
    });
}

#[test]
fn l4_a_waker_is_woken_once() {
    check_each_end(|mut future, end| {
        let ending = end(&future);
        let signal = Signal::new();
        let expected = match poll(&mut future, &signal) {
            Poll::Ready(_) => 0,
            Poll::Pending => {
                signal.wait();
                assert!(poll(&mut future, &signal).is_ready(), "woken before the release");
                1
            }
        };
        ending.join().unwrap();
        assert_eq!(signal.count(), expected);
    });
}

#[test]
fn l4_only_the_last_waker_is_woken() {
    check(|| {
        let (mut future, job, _) = counted();
        let worker = thread::spawn(move || job.run());
        let (first, second) = (Signal::new(), Signal::new());
        if poll(&mut future, &first).is_pending() && poll(&mut future, &second).is_pending() {
            second.wait();
            assert!(poll(&mut future, &second).is_ready());
            assert_eq!(first.count(), 0);
        }
        worker.join().unwrap();
        assert!(first.count() + second.count() <= 1);
    });
}

#[test]
fn l4_a_watcher_of_wait_is_told() {
    check_each_end(|future, end| {
        let ending = end(&future);
        let waited = wait([&future], ReturnWhen::AllCompleted, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 0));
        ending.join().unwrap();
    });
}

#[test]
fn l4_wait_for_the_first_of_two() {
    check(|| {
        let ((one, job, _), (two, _keep, _)) = (counted(), counted());
        let worker = thread::spawn(move || job.run());
        let waited = wait([&one, &two], ReturnWhen::FirstCompleted, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
        assert_eq!(waited.done[0].id(), one.id());
        worker.join().unwrap();
    });
}

#[test]
fn l4_wait_for_all_of_two_or_the_first_failure() {
    for when in [ReturnWhen::AllCompleted, ReturnWhen::FirstException] {
        check_with(3, move || {
            let ((one, job, _), (promise, two)) = (counted(), Promise::<u32>::new());
            let worker = thread::spawn(move || job.run());
            let dropper = thread::spawn(move || drop(promise));
            let waited = wait([&one, &two], when, None);
            match when {
                ReturnWhen::AllCompleted => assert!(waited.not_done.is_empty()),
                _ => assert!(two.done() || one.done() && waited.not_done.is_empty()),
            }
            worker.join().unwrap();
            dropper.join().unwrap();
        });
    }
}

#[test]
fn l4_as_completed_yields_each_once() {
    check_with(4, || {
        let ((one, first, _), (two, second, _)) = (counted(), counted());
        let mut ids = [one.id(), two.id()];
        let worker = thread::spawn(move || first.run());
        let canceller = two.canceller();
        let other = thread::spawn(move || {
            canceller.cancel();
            drop(second);
        });
        let mut yielded: Vec<_> = as_completed([one, two]).inspect(|future| assert!(future.done())).collect();
        yielded.sort_by_key(Future::id);
        ids.sort();
        assert_eq!(yielded.iter().map(Future::id).collect::<Vec<_>>(), ids);
        worker.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn l4_a_watcher_that_goes_away_against_finish() {
    check(|| {
        let (future, job, _) = counted();
        let worker = thread::spawn(move || job.run());
        let stays = as_completed([&future]);
        let remaining = as_completed([&future]).into_remaining();
        assert_eq!(remaining.len(), 1);
        assert_eq!(stays.count(), 1, "one watcher is told whatever became of the other");
        worker.join().unwrap();
    });
}
