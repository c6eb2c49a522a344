//! Abort.

use super::*;

/// Starts killably and runs; the hook counts.
fn start_killable(job: Job, hooked: &Times) -> Option<RunningJob> {
    let hooked = hooked.clone();
    job.start_killable(move |interrupt| {
        assert!(matches!(interrupt, Interrupt::Abort { .. }));
        hooked.add();
    })
    .ok()
}

#[test]
fn l2_abort_against_start_is_never_lost() {
    check(|| {
        let (future, job, runs) = counted();
        let hooked = Times::default();
        let ours = hooked.clone();
        let worker = thread::spawn(move || {
            if let Some(running) = start_killable(job, &ours) {
                running.run();
            }
        });
        let aborted = future.abort(Duration::ZERO);
        assert!(aborted || runs.get() == 1, "refused although it had not ended");
        let outcome = future.result();
        worker.join().unwrap();
        assert_eq!(runs.get() + usize::from(is_cancelled(&outcome)), 1);
        let never_ran = runs.get() == 0;
        assert_eq!(aborted, never_ran || hooked.get() == 1, "an abort was lost, or promised what did not happen");
        assert!(hooked.get() <= 1);
    });
}

#[test]
fn l1_abort_against_finish_is_never_lost() {
    check(|| {
        let (future, job, runs) = counted();
        let hooked = Times::default();
        let running = start_killable(job, &hooked).unwrap();
        let worker = thread::spawn(move || running.run());
        let aborted = future.abort(Duration::ZERO);
        assert!(aborted || runs.get() == 1, "refused although it had not ended");
        assert_eq!(future.result().unwrap(), 7, "the hook stops nothing in this model");
        worker.join().unwrap();
        assert_eq!(usize::from(aborted), hooked.get());
        assert_eq!(runs.get(), 1);
    });
}

#[test]
fn l1_a_hook_that_kills_against_finish() {
    check(|| {
        let (future, job, _) = counted();
        let handle = job.handle();
        let killed = Times::default();
        let ours = killed.clone();
        let running = job
            .start_killable(move |_| {
                if handle.fail(TaskError::Cancelled) {
                    ours.add();
                }
            })
            .unwrap();
        let worker = thread::spawn(move || running.run());
        future.abort(Duration::ZERO);
        let outcome = future.result();
        worker.join().unwrap();
        assert_eq!(usize::from(is_cancelled(&outcome)), killed.get());
        assert_eq!(outcome.is_ok(), killed.get() == 0);
    });
}

#[test]
fn a_task_that_sees_the_abort_and_fails_is_cancelled() {
    check(|| {
        let (future, job) = Job::new_fallible(plain(), || task::current().check());
        let running = job.start().unwrap();
        let worker = thread::spawn(move || running.run());
        assert!(!future.abort(Duration::ZERO), "a thread that has begun can't be stopped");
        let outcome = future.result();
        worker.join().unwrap();
        assert!(matches!(outcome, Ok(()) | Err(TaskError::Cancelled)), "{outcome:?}");
    });
}
