//! Closures: what only an executor in this process can run. Needs workers.

use std::num::ParseIntError;
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use concurrent_futures_core::{Future, InProcess, Map, MapOptions, SpawnExt, TaskError, TaskOptions, task};

use crate::Backend;

/// A closure may capture anything that can be sent, and give anything back.
pub fn a_closure_captures_and_gives_anything<B: Backend<Executor: InProcess>>(backend: &B) {
    struct Opaque(Box<dyn Fn(u32) -> u32 + Send>);
    let executor = backend.make(1);
    let captured = Opaque(Box::new(|n| n + 1));
    let future = executor.spawn(move || Opaque(Box::new(move |n| captured.0(n) * 2)));
    assert_eq!(future.result().unwrap().0(4), 10);
}

/// E-23: `dyn InProcess` spawns as well.
pub fn closures_run_behind_a_pointer<B: Backend<Executor: InProcess + 'static>>(backend: &B) {
    let shared: Arc<dyn InProcess> = Arc::new(backend.make(1));
    let here = String::from("here");
    assert_eq!(shared.spawn(move || here.len()).result().unwrap(), 4);
}

/// The tasks of an executor in this process see the caller's memory.
pub fn tasks_share_memory_with_the_caller<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(2);
    let meeting = Arc::new(Barrier::new(3));
    let futures: Vec<Future<bool>> = (0..2)
        .map(|_| {
            let meeting = meeting.clone();
            executor.spawn(move || meeting.wait().is_leader())
        })
        .collect();
    let leader = meeting.wait().is_leader();
    let leaders = futures.into_iter().filter(|future| *future.get().unwrap()).count() + usize::from(leader);
    assert_eq!(leaders, 1);
}

/// A failure keeps the very error: it can be downcast.
pub fn a_failure_keeps_the_very_error<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.spawn_fallible(|| "x".parse::<u32>());
    match future.result() {
        Err(TaskError::Failed(failed)) => assert!(failed.error().is::<ParseIntError>(), "{failed:?}"),
        other => panic!("it should have failed: {other:?}"),
    }
}

/// T-18: a panic keeps its payload, once.
pub fn a_panic_keeps_its_payload<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    let future: Future<()> = executor.spawn(|| std::panic::panic_any(4711_u64));
    match future.result() {
        Err(TaskError::Panicked(panicked)) => {
            let payload = panicked.take_payload().expect("it stayed in this process");
            assert_eq!(payload.downcast_ref::<u64>(), Some(&4711));
            assert!(panicked.take_payload().is_none(), "there is one payload");
        }
        other => panic!("it should have panicked: {other:?}"),
    }
}

/// A label reaches the task, and its future has the same id.
pub fn a_closure_knows_its_task<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    let future = executor.spawn_with(TaskOptions::new().label("census"), || {
        let task = task::current();
        (task.id(), task.label())
    });
    let id = future.id();
    assert_eq!(future.result().unwrap(), (Some(id), Some("census".to_owned())));
}

/// M3: `map` of a closure, with the errors of the closure.
pub fn a_map_of_a_closure_is_a_map<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(2);
    let offset = 10;
    let sums: Result<Vec<i32>, _> = Map::in_process(&executor, MapOptions::new(), move |n| n + offset, 0..50).collect();
    assert_eq!(sums.unwrap(), (10..60).collect::<Vec<i32>>());
    let parse = |text: &'static str| text.parse::<u8>();
    let parsed: Vec<_> =
        Map::in_process_fallible(&executor, MapOptions::new().chunk_size(2), parse, ["1", "x", "3"].into_iter())
            .collect();
    assert!(matches!(parsed[1], Err(TaskError::Failed(_))));
    assert_eq!(parsed.into_iter().filter_map(Result::ok).collect::<Vec<u8>>(), [1, 3]);
}

/// L4, F-46, F-48: callbacks run in the order of their addition, on the thread that ended the task.
pub fn callbacks_run_in_order_where_the_task_ended<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    let (go, wait) = mpsc::channel::<()>();
    let future = executor.spawn(move || {
        wait.recv().unwrap();
        thread::current().id()
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    for n in 0..10 {
        let told = told.clone();
        future.add_done_callback(move |_| told.lock().unwrap().push((n, thread::current().id())));
    }
    go.send(()).unwrap();
    let worker = future.result().unwrap();
    let expected: Vec<_> = (0..10).map(|n| (n, worker)).collect();
    assert_eq!(*told.lock().unwrap(), expected);
}

/// L4: a callback that is added while the others run is told too, before anybody who waits.
pub fn a_callback_added_meanwhile_is_told<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    let (go, wait) = mpsc::channel::<()>();
    let (in_callback, hear_callback) = mpsc::channel::<()>();
    let (added, hear_added) = mpsc::channel::<()>();
    let future = executor.spawn(move || wait.recv().unwrap());
    future.add_done_callback(move |_| {
        in_callback.send(()).unwrap();
        hear_added.recv().unwrap();
    });
    go.send(()).unwrap();
    hear_callback.recv().unwrap();
    assert!(!future.done(), "it is done after its callbacks");
    let (tell, hear) = mpsc::channel();
    let here = thread::current().id();
    future.add_done_callback(move |_| tell.send(thread::current().id()).unwrap());
    added.send(()).unwrap();
    future.wait();
    assert_ne!(hear.try_recv().unwrap(), here, "it is told where the others are, and before the waiter");
}

/// F-54: a chain of completions, each in the callback of the one before, doesn't grow the stack.
pub fn a_long_chain_of_callbacks_does_not_grow_the_stack<B: Backend<Executor: InProcess>>(backend: &B) {
    use concurrent_futures_core::Promise;

    let executor = backend.make(1);
    let (first, mut last) = Promise::<u32>::new();
    let mut futures = Vec::new();
    for _ in 0..20_000 {
        let (next, future) = Promise::<u32>::new();
        let running = next.start().expect("nobody cancels it");
        last.add_done_callback(move |outcome| running.complete(outcome.map_or(0, |n| n + 1)));
        futures.push(std::mem::replace(&mut last, future));
    }
    executor.spawn(move || first.start().expect("nobody cancels it").complete(0)).result().unwrap();
    assert_eq!(last.result().unwrap(), 20_000);
}
