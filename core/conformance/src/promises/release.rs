//! What is dropped when: captures, and results that only this process can hold. For executors in this process. Needs
//! workers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Weak};

use concurrent_futures_core::{InProcess, SpawnExt};

use crate::Backend;

/// Says when it is dropped.
struct Token {
    gone: Sender<&'static str>,
    name: &'static str,
}

impl Drop for Token {
    fn drop(&mut self) {
        // Nobody listens any more where the test has ended.
        let _ = self.gone.send(self.name);
    }
}

/// Makes a closure capture the whole token, not only its name.
fn name_length(token: &Token) -> usize {
    token.name.len()
}

/// E-14, P-27. CPython `test_no_stale_references`, `test_ressources_gced_in_workers`: what a task captured is dropped with
/// its end, though the future is kept, or was dropped long ago.
pub fn captures_are_dropped_with_the_task<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    let (gone, hear) = mpsc::channel();
    let kept = Token { gone: gone.clone(), name: "of a kept future" };
    let dropped = Token { gone: gone.clone(), name: "of a dropped future" };
    let future = executor.spawn(move || name_length(&kept));
    assert_eq!(hear.recv().unwrap(), "of a kept future");
    executor.spawn(move || name_length(&dropped)).detach();
    assert_eq!(hear.recv().unwrap(), "of a dropped future");
    assert_eq!(future.result().unwrap(), 16);
}

/// E-14: what a waiter sees includes that the captures are gone.
pub fn captures_are_gone_when_the_wait_ends<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    for _ in 0..50 {
        let captured = Arc::new(());
        let alive: Weak<()> = Arc::downgrade(&captured);
        let future = executor.spawn(move || Arc::strong_count(&captured));
        future.wait();
        assert!(alive.upgrade().is_none(), "the task has ended, and holds what it captured");
        assert_eq!(future.result().unwrap(), 1);
    }
}

/// A cancel drops the captures at once, before any worker meets the task.
pub fn a_cancel_drops_the_captures_at_once<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    let (go, wait) = mpsc::channel::<()>();
    let busy = executor.spawn(move || wait.recv().is_ok());
    let captured = Arc::new(());
    let alive = Arc::downgrade(&captured);
    let waiting = executor.spawn(move || drop(captured));
    assert!(waiting.cancel());
    assert!(alive.upgrade().is_none());
    drop(go);
    busy.result().unwrap();
}

/// E-15: a result that nobody wants is dropped.
pub fn an_unwanted_result_is_dropped<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(1);
    let (gone, hear) = mpsc::channel();
    drop(executor.spawn(move || Token { gone, name: "result" }));
    assert_eq!(hear.recv().unwrap(), "result");
}

/// Loky `call_item_gc_crash_or_exit`: a destructor that panics is contained, wherever it runs.
pub fn a_panicking_destructor_hurts_nobody<B: Backend<Executor: InProcess>>(backend: &B) {
    struct Grenade(Arc<AtomicUsize>);
    impl Drop for Grenade {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("a destructor panics, as this test wants it");
        }
    }
    let executor = backend.make(1);
    let exploded = Arc::new(AtomicUsize::new(0));
    let (go, wait) = mpsc::channel::<()>();
    let busy = executor.spawn(move || wait.recv().is_ok());
    let captured = Grenade(exploded.clone());
    let cancelled = executor.spawn(move || captured.0.load(Ordering::SeqCst));
    assert!(cancelled.cancel(), "its capture panics on the way");
    let result = exploded.clone();
    drop(executor.spawn(move || Grenade(result)));
    drop(go);
    busy.result().unwrap();
    assert_eq!(executor.spawn(|| 5).result().unwrap(), 5, "the executor works on");
    while exploded.load(Ordering::SeqCst) < 2 {
        std::thread::yield_now();
    }
}

/// L2, F-17: closures raced with their cancels run at most once, and not at all where cancel said so.
pub fn a_cancelled_closure_never_runs<B: Backend<Executor: InProcess>>(backend: &B) {
    let executor = backend.make(2);
    for round in 0..2000 {
        let runs = Arc::new(AtomicUsize::new(0));
        let count = runs.clone();
        let future = executor.spawn(move || count.fetch_add(1, Ordering::SeqCst));
        if round % 2 == 0 {
            std::hint::spin_loop();
        }
        let cancelled = future.cancel();
        future.wait();
        let expected = usize::from(!cancelled);
        assert_eq!((future.cancelled(), runs.load(Ordering::SeqCst)), (cancelled, expected), "round {round}");
    }
}
