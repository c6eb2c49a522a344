//! The state machine.

use super::*;

#[test]
fn l2_start_against_cancel() {
    check(|| {
        let (future, job, runs) = counted();
        let worker = thread::spawn(move || job.run());
        let cancelled = future.cancel();
        let outcome = future.result();
        worker.join().unwrap();
        assert_eq!(runs.get(), usize::from(!cancelled));
        assert_eq!(is_cancelled(&outcome), cancelled);
    });
}

#[test]
fn l2_two_cancels_against_start() {
    check(|| {
        let (future, job, runs) = counted();
        let canceller = future.canceller();
        let worker = thread::spawn(move || job.run());
        let other = thread::spawn(move || canceller.cancel());
        let ours = future.cancel();
        let theirs = other.join().unwrap();
        worker.join().unwrap();
        assert_eq!(runs.get(), usize::from(!ours && !theirs), "a cancel that was true, and the function ran");
        if ours || theirs {
            assert!(is_cancelled(&future.result()));
        } else {
            assert_eq!(future.result().unwrap(), 7);
        }
    });
}

#[test]
fn l2_promise_start_against_cancel() {
    check(|| {
        let (promise, future) = Promise::new();
        let producer = thread::spawn(move || match promise.start() {
            Some(running) => {
                running.complete(7);
                true
            }
            None => false,
        });
        let cancelled = future.cancel();
        assert_ne!(producer.join().unwrap(), cancelled);
        assert_eq!(future.state(), if cancelled { State::Cancelled } else { State::Finished });
    });
}

#[test]
fn l1_start_and_finish_against_fail() {
    check(|| {
        let (future, job, runs) = counted();
        let handle = job.handle();
        let worker = thread::spawn(move || job.run());
        let failed = handle.fail(gave_up());
        let outcome = future.result();
        worker.join().unwrap();
        assert!(runs.get() <= 1);
        match outcome {
            Ok(7) => assert!(!failed && runs.get() == 1),
            Err(TaskError::Abandoned(_)) => assert!(failed),
            other => panic!("an outcome that nobody decided: {other:?}"),
        }
    });
}

#[test]
fn l1_finish_against_two_failures() {
    check(|| {
        let (future, job, _) = counted();
        let told = Times::default();
        let ours = told.clone();
        future.add_done_callback(move |_| ours.add());
        let running = job.start().unwrap();
        let (one, two) = (running.handle(), running.handle());
        let worker = thread::spawn(move || running.run());
        let killer = thread::spawn(move || one.fail(gave_up()));
        let ours = two.fail(gave_up());
        let theirs = killer.join().unwrap();
        worker.join().unwrap();
        assert!(!(ours && theirs), "two outcomes were decided");
        assert_eq!(future.result().is_err(), ours || theirs);
        assert_eq!(told.get(), 1);
    });
}

#[test]
fn l1_no_state_goes_back() {
    check(|| {
        let (future, job, _) = counted();
        let worker = thread::spawn(move || job.run());
        let mut last = State::Pending;
        for _ in 0..3 {
            let state = future.state();
            let allowed = match last {
                State::Pending => true,
                State::Running => state != State::Pending,
                done => state == done,
            };
            assert!(allowed, "{last} became {state}");
            assert!(!state.is_done() || future.done());
            last = state;
        }
        worker.join().unwrap();
        assert!(future.done());
    });
}

#[test]
fn l7_dropped_job_against_cancel_and_wait() {
    check(|| {
        let (future, job, runs) = counted();
        let canceller = future.canceller();
        let executor = thread::spawn(move || drop(job));
        let other = thread::spawn(move || canceller.cancel());
        future.wait();
        let outcome = future.result();
        executor.join().unwrap();
        assert_eq!(other.join().unwrap(), is_cancelled(&outcome));
        assert!(matches!(outcome, Err(TaskError::Cancelled | TaskError::Abandoned(_))));
        assert_eq!(runs.get(), 0);
    });
}

#[test]
fn l7_dropped_running_job_against_fail_and_wait() {
    check(|| {
        let (future, job, _) = counted();
        let running = job.start().unwrap();
        let handle = running.handle();
        let executor = thread::spawn(move || drop(running));
        let killer = thread::spawn(move || handle.fail(TaskError::Cancelled));
        let outcome = future.result();
        executor.join().unwrap();
        assert_eq!(killer.join().unwrap(), is_cancelled(&outcome));
        assert!(outcome.is_err());
    });
}

#[test]
fn l7_a_dropped_running_producer_ends_its_future() {
    check(|| {
        let (future, job, _) = counted();
        let running = job.start().unwrap();
        let executor = thread::spawn(move || drop(running));
        assert!(matches!(future.result(), Err(TaskError::Abandoned(_))));
        executor.join().unwrap();
    });
    check(|| {
        let (promise, future) = Promise::<u32>::new();
        let running = promise.start().unwrap();
        let producer = thread::spawn(move || drop(running));
        assert!(matches!(future.result(), Err(TaskError::Abandoned(_))));
        producer.join().unwrap();
    });
}

#[test]
fn l7_dropped_future_against_finish() {
    check(|| {
        let (future, job, runs) = counted();
        let gate = Gate::new();
        let theirs = gate.clone();
        let worker = thread::spawn(move || {
            theirs.pass();
            job.run();
            theirs.pass();
        });
        gate.pass();
        drop(future);
        worker.join().unwrap();
        assert_eq!(runs.get(), 1, "dropping the consumer's side disturbed the producer");
    });
}

#[test]
fn a_failure_whose_future_is_dropped_meanwhile_is_reported_once() {
    check(|| {
        let before = UNSEEN.load(Ordering::SeqCst);
        let (promise, future) = Promise::<u32>::new();
        *WATCHED.lock().unwrap() = Some(future.id());
        let gate = Gate::new();
        let theirs = gate.clone();
        let producer = thread::spawn(move || {
            theirs.pass();
            drop(promise);
            theirs.pass();
        });
        gate.pass();
        drop(future);
        producer.join().unwrap();
        assert_eq!(UNSEEN.load(Ordering::SeqCst) - before, 1);
    });
}

#[test]
fn a_permit_is_given_back_once_by_start_or_cancel() {
    struct Permit(Times);
    impl Drop for Permit {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    check(|| {
        let given_back = Times::default();
        let seen = given_back.clone();
        let (future, job) = Job::new(plain(), move || seen.get());
        job.hold(Permit(given_back.clone()));
        let worker = thread::spawn(move || job.run());
        let cancelled = future.cancel();
        worker.join().unwrap();
        assert_eq!(given_back.get(), 1);
        assert!(cancelled || future.result().unwrap() == 1, "the task ran with its room in the queue still taken");
    });
}
