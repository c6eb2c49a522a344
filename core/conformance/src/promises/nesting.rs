//! Tasks that submit to their own executor and wait there. For executors in this process. Needs workers.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use concurrent_futures_core::{
    Executor, Future, InProcess, Map, MapOptions, ReturnWhen, Shutdown, SpawnExt, TaskError, as_completed, wait,
};

use crate::Backend;

/// E-19: a task submits to its own executor.
pub fn a_task_submits_to_its_own_executor<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = Arc::new(backend.make(2));
    let inner = executor.clone();
    let nested = executor.spawn(move || inner.spawn(|| 5)).result().unwrap();
    assert_eq!(nested.result().unwrap(), 5);
}

fn count_down<E: InProcess + 'static>(executor: &Arc<E>, left: u32) -> u32 {
    if left == 0 {
        return 0;
    }
    let inner = executor.clone();
    executor.spawn(move || count_down(&inner, left - 1)).result().unwrap() + 1
}

/// on one worker, a task waits for a task of the same executor, which waits for another. CPython documents the
/// deadlock.
pub fn waiting_for_ones_own_executor_is_no_deadlock<B: Backend<Executor: InProcess>>(backend: &B) {
    for workers in [1, 2] {
        let executor = Arc::new(backend.make(workers));
        let inner = executor.clone();
        assert_eq!(executor.spawn(move || count_down(&inner, 20)).result().unwrap(), 20, "on {workers} workers");
    }
}

/// CPython's documented deadlock: every worker waits for a task that is queued behind all of them.
pub fn all_workers_wait_for_what_is_queued_behind_them<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(2);
    let (give_a, take_a) = mpsc::channel::<Future<u32>>();
    let (give_b, take_b) = mpsc::channel::<Future<u32>>();
    let a = executor.spawn(move || take_a.recv().unwrap().result().unwrap() + 1);
    let b = executor.spawn(move || take_b.recv().unwrap().result().unwrap() + 2);
    give_a.send(executor.spawn(|| 10)).unwrap();
    give_b.send(executor.spawn(|| 20)).unwrap();
    assert_eq!((a.result().unwrap(), b.result().unwrap()), (11, 22));
}

/// `wait`, `as_completed` and `map` inside a task, on one worker.
pub fn every_kind_of_wait_works_inside_a_task<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = Arc::new(backend.make(1));
    let inner = executor.clone();
    let waited = executor.spawn(move || {
        let futures: Vec<Future<u32>> = (0..5).map(|n| inner.spawn(move || n)).collect();
        wait(futures, ReturnWhen::AllCompleted, None).done.len()
    });
    assert_eq!(waited.result().unwrap(), 5);
    let inner = executor.clone();
    let completed = executor.spawn(move || {
        as_completed((0..5).map(|n| inner.spawn(move || n))).map(|future| future.result().unwrap()).sum::<u32>()
    });
    assert_eq!(completed.result().unwrap(), 10);
    let inner = executor.clone();
    let mapped = executor.spawn(move || {
        let results: Result<Vec<u32>, TaskError> =
            Map::in_process(&*inner, MapOptions::new(), |n: u32| n * n, 0..50).collect();
        results.unwrap().len()
    });
    assert_eq!(mapped.result().unwrap(), 50);
}

/// The wait that closes a circle of waits panics in its task and names the chain; everybody's future ends.
pub fn a_circle_of_waits_is_named_and_broken<B: Backend<Executor: InProcess>>(backend: &B) {
    type Slot = Arc<Mutex<mpsc::Receiver<Future<()>>>>;
    fn waits_for(slot: &Slot) {
        let future = slot.lock().unwrap().recv().unwrap();
        future.wait();
        // A failure of the other is what this test looks for in the other's future.
        drop(future.error().map(ToString::to_string));
    }
    let executor = backend.make(2);
    let (to_first, first_gets) = mpsc::channel();
    let (to_second, second_gets) = mpsc::channel();
    let (first_slot, second_slot): (Slot, Slot) = (Arc::new(Mutex::new(first_gets)), Arc::new(Mutex::new(second_gets)));
    let (tell, hear) = mpsc::channel();
    let note = |which: &'static str| {
        let tell = tell.clone();
        move |outcome: Result<&(), &TaskError>| tell.send((which, outcome.err().map(ToString::to_string))).unwrap()
    };
    let first = executor.spawn(move || waits_for(&first_slot));
    let second = executor.spawn(move || waits_for(&second_slot));
    first.add_done_callback(note("first"));
    second.add_done_callback(note("second"));
    to_first.send(second).unwrap();
    to_second.send(first).unwrap();
    let ends = [hear.recv().unwrap(), hear.recv().unwrap()];
    let failures: Vec<&String> = ends.iter().filter_map(|(_, failure)| failure.as_ref()).collect();
    assert_eq!(failures.len(), 1, "the circle is broken at one place: {ends:?}");
    assert!(failures[0].contains("would never end"), "{failures:?}");
}

/// A wait for the future in its own callback could never end: it panics there, which is contained.
pub fn waiting_in_ones_own_callback_is_contained<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    let (give, take) = mpsc::channel::<Future<u32>>();
    let (go, wait) = mpsc::channel::<()>();
    let (tell, hear) = mpsc::channel();
    let future = executor.spawn(move || wait.recv().map_or(0, |()| 5));
    future.add_done_callback(move |_| {
        let me = take.recv().unwrap();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| me.wait()));
        tell.send((me, outcome.is_err())).unwrap();
    });
    give.send(future).unwrap();
    go.send(()).unwrap();
    let (future, panicked) = hear.recv().unwrap();
    assert!(panicked);
    assert_eq!(future.result().unwrap(), 5);
}

/// A callback may wait for another task of the same executor.
pub fn a_callback_waits_for_another_task<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = Arc::new(backend.make(1));
    let inner = executor.clone();
    let (tell, hear) = mpsc::channel();
    let future = executor.spawn(|| 2);
    future.add_done_callback(move |outcome| {
        let two = outcome.map_or(0, |two| *two);
        tell.send(inner.spawn(move || two * 3).result().unwrap()).unwrap();
    });
    assert_eq!(hear.recv().unwrap(), 6);
    assert_eq!(future.result().unwrap(), 2);
}

/// S-05. Pebble `stop_stopped_function`: a shutdown in a task doesn't wait for the task.
pub fn a_task_shuts_its_executor_down<B: Backend<Executor: InProcess>>(backend: &B) {
    for how in [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(crate::LIMIT)] {
        let executor = Arc::new(backend.make(1));
        let inner = executor.clone();
        let report = executor.spawn(move || inner.shutdown(how)).result().unwrap();
        assert!(report.still_running >= 1, "the task itself still ran: {report:?}");
        assert!(executor.spawn(|| ()).error().is_some(), "after {how:?} nothing is taken");
    }
}

/// S-05: the executor's last owner may be one of its own tasks.
pub fn a_task_drops_its_executor<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = Arc::new(backend.make(1));
    let (give, take) = mpsc::channel::<Arc<B::Executor>>();
    let future = executor.spawn(move || drop(take.recv().unwrap()));
    let behind = executor.spawn(|| 7);
    give.send(executor).unwrap();
    future.result().unwrap();
    assert_eq!(behind.result().unwrap(), 7);
}

/// X-30, L2: a task that waits for a queued one which somebody cancels meanwhile hears of it.
pub fn a_nested_wait_hears_of_a_cancel<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = Arc::new(backend.make(1));
    let inner = executor.clone();
    let outcome = executor.spawn(move || {
        let nested = inner.spawn(|| 5);
        assert!(nested.cancel());
        nested.result()
    });
    assert!(matches!(outcome.result().unwrap(), Err(TaskError::Cancelled)));
}
