//! How an executor ends in a hurry: `Shutdown::kill`. Needs workers.

use std::thread;
use std::time::Duration;

use concurrent_futures_core::{Executor, ExecutorExt, Future, Shutdown, TaskError};

use super::shutdown::is_refused;
use super::tasks::{pass, square, until_stopped};
use crate::{Backend, Gatekeeper, LIMIT};

/// S-10, S-11. CPython `test_force_shutdown_workers`; loky `shutdown_kill`: what waits is cancelled, what runs is given up;
/// every future ends, and nobody opens the gate for it.
pub fn a_kill_ends_every_future<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..100).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    keeper.await_arrivals(2);
    let report = executor.shutdown(Shutdown::kill(Duration::ZERO));
    // A worker process is killed, a task on a thread is given up; which of them it was is the backend's to say.
    let (killed, abandoned) = (report.killed, report.abandoned);
    assert!(matches!((killed, abandoned), (2, 0) | (0, 2)), "{report:?}");
    assert_eq!((report.cancelled, report.finished), (98, 0), "{report:?}");
    let mut given_up = 0;
    for (n, future) in futures.into_iter().enumerate() {
        assert!(future.done(), "task {n}: {future}");
        match future.result() {
            Err(TaskError::Cancelled) => {}
            Err(TaskError::Abandoned(_)) => given_up += 1,
            other => panic!("task {n}: {other:?}"),
        }
    }
    assert_eq!(given_up, 2);
    assert_eq!(keeper.arrivals().len(), 2, "nothing began any more");
}

/// S-10. CPython `test_force_shutdown_workers_stops_pool`.
pub fn after_a_kill_nothing_is_taken<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit(pass, (keeper.gate(), 1));
    keeper.await_arrivals(1);
    executor.shutdown(Shutdown::kill(Duration::ZERO));
    assert!(is_refused(&executor.submit(square, 1).result()));
    assert!(executor.map(square, 0..3).all(|result| is_refused(&result)));
    assert!(matches!(running.result(), Err(TaskError::Abandoned(_))));
}

/// S-10. CPython `test_force_shutdown_workers_not_started_yet`, `…_dead_workers`: killing what doesn't run, and killing
/// twice.
pub fn killing_nothing_is_fine<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    assert!(executor.shutdown(Shutdown::kill(LIMIT)).is_complete());
    assert!(executor.shutdown(Shutdown::kill(Duration::ZERO)).is_complete());
    let executor = backend.make(2);
    assert_eq!(executor.submit(square, 2).result().unwrap(), 4);
    assert!(executor.shutdown(Shutdown::drain()).is_complete());
    assert!(executor.shutdown(Shutdown::kill(Duration::ZERO)).is_complete());
}

/// The grace is for tasks that look: they end by themselves, as cancelled.
pub fn a_task_that_looks_ends_within_the_grace<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> =
        (0..4).map(|n| executor.submit_fallible(until_stopped, (keeper.gate(), n))).collect();
    keeper.await_arrivals(2);
    let report = executor.shutdown(Shutdown::kill(LIMIT));
    assert!(report.is_complete() && report.killed + report.abandoned == 0, "{report:?}");
    assert!(futures.into_iter().all(|future| matches!(future.result(), Err(TaskError::Cancelled))));
}

/// A task that ends within the grace keeps its outcome.
pub fn a_task_that_ends_within_the_grace_keeps_its_value<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit(pass, (keeper.gate(), 5));
    let waiting = executor.submit(square, 1);
    keeper.await_arrivals(1);
    thread::scope(|scope| {
        scope.spawn(|| executor.shutdown(Shutdown::kill(LIMIT)));
        waiting.wait();
        assert!(waiting.cancelled());
        keeper.open();
        assert_eq!(running.result().unwrap(), 5);
    });
}

/// The grace is not the caller's wait: with none, he goes on, and so does the kill.
pub fn a_kill_goes_on_without_its_caller<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit(pass, (keeper.gate(), 5));
    let waiting = executor.submit(square, 1);
    keeper.await_arrivals(1);
    executor.shutdown(Shutdown::kill(Duration::from_millis(20)).within(Duration::ZERO));
    assert!(matches!(waiting.result(), Err(TaskError::Cancelled)));
    assert!(matches!(running.result(), Err(TaskError::Abandoned(_))));
}

/// Loky `shutdown_deadlock`: a kill ends the drain that somebody waits for.
pub fn a_kill_ends_a_drain<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let futures: Vec<Future<u64>> = (0..5).map(|n| executor.submit(pass, (keeper.gate(), n))).collect();
    keeper.await_arrivals(1);
    thread::scope(|scope| {
        let drain = scope.spawn(|| executor.shutdown(Shutdown::drain()));
        // It has begun once nothing is taken any more.
        loop {
            let probe = executor.submit(square, 1);
            if probe.done() {
                break assert!(is_refused(&probe.result()));
            }
            assert!(probe.cancel());
        }
        executor.shutdown(Shutdown::kill(Duration::ZERO));
        drain.join().unwrap();
    });
    assert!(futures.into_iter().all(|future| future.result().is_err()));
}

/// A drain that has so long and no longer: what waits is cancelled, what runs is given up, and the caller comes back.
pub fn a_drain_with_a_kill_behind_it_ends<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let [running, waiting] = [1, 2].map(|n| executor.submit(pass, (keeper.gate(), n)));
    keeper.await_arrivals(1);
    let report = executor.shutdown(Shutdown::drain().kill_after(Duration::from_millis(20), Duration::ZERO));
    assert_eq!((report.killed + report.abandoned, report.cancelled, report.still_pending), (1, 1, 0), "{report:?}");
    assert!(matches!(running.result(), Err(TaskError::Abandoned(_))));
    assert!(matches!(waiting.result(), Err(TaskError::Cancelled)));
}

/// It needs nobody who waits; and who has begun and looks ends within the grace.
pub fn a_kill_comes_later_without_its_caller<B: Backend>(backend: &B) {
    let executor = backend.make(1);
    let keeper = Gatekeeper::new();
    let running = executor.submit_fallible(until_stopped, (keeper.gate(), 1));
    keeper.await_arrivals(1);
    let how = Shutdown::cancel_pending().kill_after(Duration::from_millis(20), LIMIT);
    assert!(!executor.shutdown(how.within(Duration::ZERO)).is_complete());
    assert!(matches!(running.result(), Err(TaskError::Cancelled)));
}

/// Who ends in time notices nothing of it, and is not waited for until then.
pub fn a_drain_that_ends_in_time_is_not_killed<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let futures: Vec<Future<u64>> = (0..20).map(|n| executor.submit(square, n)).collect();
    let report = executor.shutdown(Shutdown::drain().kill_after(LIMIT, Duration::ZERO));
    assert!(report.is_complete() && report.finished == 20, "{report:?}");
    assert!(futures.into_iter().all(|future| future.result().is_ok()));
}

/// Pebble `stop_large_data`, `deadlock on cancel large data`: a kill with much data on the way.
pub fn a_kill_with_much_data_on_the_way_ends<B: Backend>(backend: &B) {
    let executor = backend.make(2);
    let futures: Vec<Future<Vec<u8>>> =
        (0..10).map(|_| executor.submit(|data: Vec<u8>| data, vec![7; 1 << 17])).collect();
    for future in futures.iter().step_by(2) {
        future.cancel();
    }
    executor.shutdown(Shutdown::kill(Duration::ZERO));
    for future in futures {
        match future.result() {
            Ok(data) => assert_eq!(data.len(), 1 << 17),
            Err(TaskError::Cancelled | TaskError::Abandoned(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// M5, S-10: the results of a map end when its executor is killed.
pub fn a_kill_ends_a_map<B: Backend>(backend: &B) {
    for chunk in [1, 4] {
        let executor = backend.make(2);
        let keeper = Gatekeeper::new();
        let gate = keeper.gate();
        let options = concurrent_futures_core::MapOptions::new().chunk_size(chunk);
        let results = executor.map_with(options, pass, (0..16).map(|n| (gate, n)));
        keeper.await_arrivals(2);
        executor.shutdown(Shutdown::kill(Duration::ZERO));
        let results: Vec<_> = results.collect();
        assert_eq!(results.len(), 16);
        for result in results {
            assert!(matches!(result, Err(TaskError::Cancelled | TaskError::Abandoned(_))), "{result:?}");
        }
    }
}
