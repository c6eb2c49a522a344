//! What dropping a pool does, whoever drops it, and what becomes of its handles. E-16, E-17, E-03.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use common::{Door, Recorder, assert_adds_up, assert_shut_down, bounded, hold, pool, rejection};
use concurrent_futures_thread_pool::{Future, Reason, Shutdown, TaskError, ThreadPool};

const AT_ONCE: Duration = Duration::ZERO;

/// E-17 and E-16; CPython `test_del_shutdown` and `test_context_manager_shutdown`.
#[test]
fn e17_dropping_the_pool_waits_for_what_was_submitted() {
    bounded(|| {
        let futures: Vec<_> = {
            let pool = pool(2);
            (0..50_u64).map(|number| pool.spawn(move || number)).collect()
        };
        assert!(futures.iter().all(Future::done));
        assert!(futures.into_iter().map(|future| future.result().unwrap()).eq(0..50));
    });
}

/// A task that runs until another future is done, which is queued behind it: only a cancel can end both.
fn runs_until_the_next_is_cancelled(pool: &ThreadPool) -> (Future<()>, Arc<Future<()>>) {
    let slot: Arc<OnceLock<Arc<Future<()>>>> = Arc::default();
    let queued_behind = slot.clone();
    let (begin, begun) = channel();
    let running = pool.spawn(move || {
        begin.send(()).unwrap();
        while !queued_behind.get().is_some_and(|queued| queued.done()) {
            thread::yield_now();
        }
    });
    begun.recv().unwrap();
    let queued = Arc::new(pool.spawn(|| ()));
    assert!(slot.set(queued.clone()).is_ok());
    (running, queued)
}

#[test]
fn dropping_the_pool_while_a_panic_unwinds_cancels_what_waits() {
    bounded(|| {
        let mut futures = None;
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let pool = pool(1);
            futures = Some(runs_until_the_next_is_cancelled(&pool));
            panic!("unwinds through the pool");
        }));
        assert!(unwound.is_err());
        let (running, queued) = futures.unwrap();
        assert!(running.done(), "what runs is waited for");
        running.result().unwrap();
        assert!(queued.cancelled());
    });
}

#[test]
fn on_drop_says_how_the_pool_ends() {
    bounded(|| {
        let build = |how| ThreadPool::builder().max_workers(1).on_drop(how).build().unwrap();
        let cancels = build(Shutdown::cancel_pending());
        let (running, queued) = runs_until_the_next_is_cancelled(&cancels);
        drop(cancels);
        assert!(running.done() && queued.cancelled());

        let kills = build(Shutdown::kill(AT_ONCE));
        let held = hold(&kills);
        drop(kills);
        assert!(matches!(held.future().error(), Some(TaskError::Abandoned(_))));

        let patient = build(Shutdown::drain().kill_after(Duration::from_millis(10), AT_ONCE));
        let held = hold(&patient);
        drop(patient);
        assert!(matches!(held.future().error(), Some(TaskError::Abandoned(_))));

        let leaves = build(Shutdown::drain().within(AT_ONCE));
        let held = hold(&leaves);
        let queued = leaves.spawn(|| 5);
        drop(leaves);
        assert!(held.future().running());
        held.release();
        assert_eq!(queued.result().unwrap(), 5);
    });
}

#[test]
fn after_an_explicit_shutdown_the_drop_waits_no_more() {
    bounded(|| {
        let pool = pool(1);
        let held = hold(&pool);
        pool.shutdown(Shutdown::drain().within(AT_ONCE));
        drop(pool);
        assert!(held.future().running());
        held.release();
    });
}

/// S-05: who is inside a task waits for nobody's end, for it may be he who is waited for.
#[test]
fn a_pool_dropped_inside_a_task_of_another_only_starts_its_end() {
    bounded(|| {
        let outer = pool(1);
        let (give, take) = channel();
        let drops = outer.spawn(move || {
            let inner = pool(1);
            let held = hold(&inner);
            let queued = inner.spawn(|| 5);
            drop(inner);
            give.send((held, queued)).unwrap();
        });
        drops.result().unwrap();
        let (held, queued) = take.recv().unwrap();
        assert!(held.future().running());
        held.release();
        assert_eq!(queued.result().unwrap(), 5);
    });
}

#[test]
fn a_pool_whose_last_owner_is_its_own_task_ends_without_hanging() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = Arc::new(ThreadPool::builder().max_workers(1).observer(recorder.clone()).build().unwrap());
        let (go, going) = channel::<()>();
        let own = pool.clone();
        let last = pool.spawn(move || {
            going.recv().unwrap_err();
            drop(own);
            7
        });
        drop(pool);
        drop(go);
        assert_eq!(last.result().unwrap(), 7);
        recorder.await_departures(1);
    });
}

#[test]
fn a_pool_whose_last_owner_is_an_unwanted_result_ends_without_hanging() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = Arc::new(ThreadPool::builder().max_workers(1).observer(recorder.clone()).build().unwrap());
        let (go, going) = channel::<()>();
        let own = pool.clone();
        pool.spawn(move || {
            going.recv().unwrap_err();
            own
        })
        .detach();
        let queued = pool.spawn(|| 8);
        drop(pool);
        drop(go);
        assert_eq!(queued.result().unwrap(), 8);
        recorder.await_departures(1);
    });
}

#[test]
fn a_pool_whose_last_owner_is_a_rejected_task_ends_without_hanging() {
    bounded(|| {
        let recorder = Recorder::default();
        let door = Door::default();
        let inner = door.clone();
        let initializer = move || {
            inner.pass();
            Err("unfit")
        };
        let pool = ThreadPool::builder().max_workers(1).initializer(initializer).observer(recorder.clone());
        let pool = Arc::new(pool.build().unwrap());
        let own = pool.clone();
        let rejected = pool.spawn(move || drop(own));
        drop(pool);
        door.open();
        assert!(matches!(rejection(&rejected.result().unwrap_err()), Reason::Broken(_)));
        recorder.await_departures(1);
    });
}

/// E-03; CPython `test_run_after_shutdown`.
#[test]
fn e03_a_handle_outlives_its_pool_and_is_refused() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        assert_eq!(handle.spawn(|| 1).result().unwrap(), 1);
        drop(pool);
        assert_shut_down(&handle.spawn(|| 1).result().unwrap_err());
        assert_eq!(handle.stats().workers, 0);
        assert!(handle.shutdown(Shutdown::drain()).is_complete());
        assert_adds_up(handle.stats());
    });
}

#[test]
fn while_the_pool_is_dropped_its_tasks_go_on_and_what_they_submit_is_refused() {
    bounded(|| {
        let pool = pool(1);
        let handle = pool.handle();
        let (begin, begun) = channel();
        let refused = pool.spawn(move || {
            begin.send(()).unwrap();
            loop {
                if let Err(error) = handle.spawn(|| ()).result() {
                    return error;
                }
            }
        });
        begun.recv().unwrap();
        drop(pool);
        assert_shut_down(&refused.result().unwrap());
    });
}
