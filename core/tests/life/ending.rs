//! How a task ends, and what becomes of its outcome.

use super::*;

#[test]
fn l1_a_job_failed_between_start_and_run_keeps_its_outcome() {
    bounded(|| {
        let (future, job) = Job::new(plain(), || 7);
        let running = job.start().unwrap();
        assert!(running.handle().fail(Abandoned::new("killed")));
        running.run();
        assert!(matches!(future.result(), Err(TaskError::Abandoned(_))));
    });
}

#[test]
fn l6_the_error_of_a_task_that_saw_the_stop_is_dropped_without_the_lock() {
    bounded(|| {
        let (tx, rx) = mpsc::channel();
        let (future, job) = Job::new_fallible(plain(), move || {
            let canceller: Canceller = rx.recv().unwrap();
            task::current().check().map_err(|_| Touchy::new(move || assert!(!canceller.cancel())))
        });
        tx.send(future.canceller()).unwrap();
        let running = job.start().unwrap();
        running.handle().request_stop();
        running.run();
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
    });
}

#[test]
fn l7_an_executor_that_panics_before_the_release_loses_no_outcome() {
    bounded(|| {
        let (future, job) = Job::new(plain(), || 7);
        job.start().unwrap().run_then(|_| panic!("the executor's own bug"));
        assert_eq!(future.result().unwrap(), 7);
    });
}

#[test]
fn a_task_that_is_aborted_and_returns_the_error_of_check_is_cancelled() {
    let (tx, rx) = mpsc::channel::<Canceller>();
    let (future, job) = Job::new_fallible(plain(), move || {
        assert!(!task::current().is_cancelled());
        assert!(!rx.recv().unwrap().abort(Duration::ZERO), "a thread can't be stopped");
        assert!(task::current().is_cancelled());
        task::current().check()
    });
    tx.send(future.canceller()).unwrap();
    job.run();
    assert!(future.cancelled());
}

#[test]
fn l7_an_executor_that_panics_at_the_start_ends_the_future() {
    struct Panics;
    impl RunHooks for Panics {
        fn started(&mut self, _task: &Started<'_>) -> Result<(), TaskError> {
            panic!("the executor's own bug")
        }
        fn before_release(&mut self, _tally: Tally) {}
    }
    let outcome = bounded(|| {
        let (future, job) = Job::new(plain(), || 7);
        job.run_with(&mut Panics).unwrap();
        future.result()
    });
    assert!(matches!(outcome, Err(TaskError::Abandoned(_))), "{outcome:?}");
}
