//! What is visible.

use super::*;

/// A future whose job writes before it returns.
fn writing() -> (Future<()>, Job, Written) {
    let written = Written::new();
    let ours = written.clone();
    let (future, job) = Job::new(plain(), move || ours.write());
    (future, job, written)
}

#[test]
fn l3_visible_after_done() {
    check(|| {
        let (future, job, written) = writing();
        // The job runs here, since loom tries the order in which it has ended first: a loop that yields until `done`
        // would not do, as no thread sees a value again that it has seen before it yielded.
        let looker = thread::spawn(move || {
            if future.done() {
                written.assert_visible();
            }
        });
        job.run();
        looker.join().unwrap();
    });
}

#[test]
fn l3_visible_after_wait() {
    check(|| {
        let (future, job, written) = writing();
        let worker = thread::spawn(move || job.run());
        future.wait();
        written.assert_visible();
        worker.join().unwrap();
    });
}

#[test]
fn l3_visible_after_a_wait_for_several() {
    check(|| {
        let (future, job, written) = writing();
        let worker = thread::spawn(move || job.run());
        wait([&future], ReturnWhen::AllCompleted, None);
        written.assert_visible();
        worker.join().unwrap();
    });
}

#[test]
fn l3_visible_after_await() {
    check(|| {
        let (mut future, job, written) = writing();
        let worker = thread::spawn(move || job.run());
        let signal = Signal::new();
        if poll(&mut future, &signal).is_pending() {
            signal.wait();
        }
        written.assert_visible();
        worker.join().unwrap();
    });
}

#[test]
fn l3_visible_after_a_refused_start() {
    check(|| {
        let (future, job, _) = counted();
        let written = Written::new();
        let theirs = written.clone();
        let canceller = thread::spawn(move || {
            theirs.write();
            future.cancel()
        });
        if job.start().is_err() {
            written.assert_visible();
        }
        canceller.join().unwrap();
    });
}
