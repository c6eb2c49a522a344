//! The report hook is one for the whole process, so its tests are one test, in a process of their own.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

use std::sync::mpsc;
use std::time::Duration;

use concurrent_futures_core::{
    Executor, InProcess, Job, Map, MapOptions, Promise, Reason, Rejected, Report, Shutdown, ShutdownReport, Stats,
    TaskError, TaskOptions, set_report_hook,
};

/// An error whose text can't be had.
#[derive(Debug)]
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Unspeakable {}

/// Makes a report when it is dropped.
struct LastWords;

impl Drop for LastWords {
    fn drop(&mut self) {
        drop(Promise::<()>::new());
    }
}

/// Does this with each job.
struct Does(fn(Job));

impl Executor for Does {
    fn execute(&self, job: Job) {
        (self.0)(job);
    }
    fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
        ShutdownReport::default()
    }
    fn stats(&self) -> Stats {
        Stats::default()
    }
}

impl InProcess for Does {}

#[test]
fn reports_hurt_nobody() {
    // The default writes the text of the user's error.
    let (future, job) = Job::new_fallible(TaskOptions::new(), || Err::<(), _>(Unspeakable));
    job.run();
    assert!(std::panic::catch_unwind(|| drop(future)).is_ok(), "a report panicked where a future was dropped");

    // A hook that reports while it is replaced reports to the new one.
    let (tx, rx) = mpsc::channel();
    std::thread::spawn(move || {
        let owned = LastWords;
        set_report_hook(move |_| {
            let _owned = &owned;
        });
        set_report_hook(move |report| tx.send(report.clone()).unwrap());
    });
    let report = rx.recv_timeout(Duration::from_secs(20)).expect("replacing the hook hangs");
    assert!(matches!(report, Report::UnseenFailure { error: TaskError::Abandoned(_), .. }), "{report:?}");

    // Each failure once, and only if nobody saw it.
    let (sender, reports) = mpsc::channel();
    set_report_hook(move |report| sender.send(report.to_string()).unwrap());
    let fails = || Job::new(TaskOptions::new().label("fails"), || panic!("unseen"));
    let (future, job) = fails();
    job.run();
    drop(future);
    assert!(reports.try_recv().unwrap().starts_with("nobody looked at the failure of task `fails`"));
    let (future, job) = fails();
    future.add_done_callback(|_: Result<&(), _>| ());
    job.run();
    drop(future);
    let (future, job) = fails();
    job.run();
    let _: Option<&TaskError> = future.error();
    drop(future);
    let (future, job) = fails();
    job.run();
    drop(concurrent_futures_core::wait([future], concurrent_futures_core::ReturnWhen::AllCompleted, None));
    let (future, job) = fails();
    job.run();
    assert_eq!(concurrent_futures_core::as_completed([future]).count(), 1);
    let (future, job) = fails();
    future.cancel();
    drop((future, job));
    assert!(reports.try_recv().is_err(), "a failure that was seen is reported");

    // Who drops a map doesn't want the rest: what was refused, what was lost, what failed ahead of him.
    let panics_at_one = |n: u32| assert_ne!(n, 1, "ahead of the consumer");
    for options in [MapOptions::new().chunk_size(1), MapOptions::new().chunk_size(3).unordered()] {
        let refused = Map::in_process(
            &Does(|job| _ = job.fail(Rejected::new(Reason::ShutDown))),
            options.clone(),
            |n: u32| n,
            0..9,
        );
        drop(refused);
        let lost = Map::in_process(&Does(drop), options.clone(), |n: u32| n, 0..9);
        drop(lost);
        let mut failed = Map::in_process(&Does(Job::run), options.clone(), panics_at_one, 0..9);
        assert!(failed.next().unwrap().is_ok());
        drop(failed);
        let mut yielded = Map::in_process(&Does(drop), options, |n: u32| n, 0..9);
        assert!(yielded.all(|result| matches!(result, Err(TaskError::Abandoned(_)))));
    }
    assert!(reports.try_recv().is_err(), "what a map gives up when it is dropped is reported");
}
