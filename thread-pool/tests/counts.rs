//! What observers and the counters are told, also where an initializer fails. X-52, T-07, T-19.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::time::Duration;

use common::{Door, Event, Recorder, assert_adds_up, bounded, hold, rejection};
use concurrent_futures_thread_pool::{
    MapOptions, Reason, Shutdown, Tally, TaskError, TaskOptions, ThreadPool, WhenFull,
};

/// T-07 with its unguarded case: cancelled tasks in the queue. CPython `test_initializer` with a failing one.
fn a_failing_initializer_rejects_everything(
    fail: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    cause: &str,
) {
    let door = Door::default();
    let inner = door.clone();
    let initializer = move || {
        inner.pass();
        fail()
    };
    let pool = ThreadPool::builder().max_workers(1).initializer(initializer).build().unwrap();
    let mut futures: Vec<_> = (0..6).map(|number| pool.spawn(move || number)).collect();
    door.await_arrivals(1);
    assert!(futures[1].cancel() && futures[5].cancel());
    let unwanted = futures.remove(3).cancel_on_drop();
    drop(unwanted);
    door.open();
    for future in futures {
        match future.result() {
            Err(TaskError::Cancelled) => {}
            Err(error) => {
                assert!(matches!(rejection(&error), Reason::Broken(why) if why.contains(cause)), "{error:?}");
            }
            Ok(number) => panic!("task {number} ran on a thread that was not initialised"),
        }
    }
    let late = pool.spawn(|| 1).result().unwrap_err();
    assert!(matches!(rejection(&late), Reason::Broken(why) if why.contains(cause)), "{late:?}");
    // E-04 and S-10: that it is broken comes before that it was shut down, and a kill finds nothing to do.
    assert!(pool.shutdown(Shutdown::drain()).is_complete());
    let later = pool.spawn(|| 1).result().unwrap_err();
    assert!(matches!(rejection(&later), Reason::Broken(why) if why.contains(cause)), "{later:?}");
    assert!(pool.shutdown(Shutdown::kill(Duration::ZERO)).is_complete());
    let stats = pool.stats();
    assert_eq!((stats.submitted, stats.failed, stats.cancelled, stats.workers), (8, 5, 3, 0));
}

#[test]
fn t07_an_initializer_that_fails_breaks_the_pool() {
    bounded(|| a_failing_initializer_rejects_everything(|| Err("no licence".into()), "no licence"));
}

#[test]
fn t07_an_initializer_that_panics_breaks_the_pool() {
    bounded(|| a_failing_initializer_rejects_everything(|| panic!("no colour"), "no colour"));
}

/// T-07. Mpi4py `initializer_error`, `…_del`, `…_nowait`: however a broken pool ends, it ends.
#[test]
fn t07_a_broken_pool_ends_like_any_other() {
    let ends: [fn(ThreadPool); 4] = [
        drop,
        |pool| assert!(pool.shutdown(Shutdown::drain()).is_complete()),
        |pool| _ = pool.shutdown(Shutdown::drain().within(Duration::ZERO)),
        |pool| _ = pool.shutdown(Shutdown::cancel_pending().within(Duration::ZERO)),
    ];
    bounded(move || {
        for end in ends {
            let pool = ThreadPool::builder().max_workers(2).initializer(|| Err("no licence")).build().unwrap();
            let future = pool.spawn(|| 1);
            end(pool);
            match future.result().unwrap_err() {
                TaskError::Cancelled => {}
                error => assert!(matches!(rejection(&error), Reason::Broken(_)), "{error:?}"),
            }
        }
    });
}

#[test]
fn an_observer_sees_each_task_from_its_submission_to_its_end() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = ThreadPool::builder().max_workers(1).observer(recorder.clone()).build().unwrap();
        let held = hold(&pool);
        let held_id = held.future().id();
        let returns = pool.spawn(|| 1);
        let panics = pool.spawn(|| panic!("seen"));
        let cancelled = pool.spawn(|| 2);
        assert!(cancelled.cancel());
        let mapped = pool.map_with(MapOptions::new().chunk_size(4), |n: u64| assert!(n != 2), 0..4);
        held.release();
        assert_eq!(mapped.filter(Result::is_err).count(), 1);
        let (returns_id, panics_id, cancelled_id) = (returns.id(), panics.id(), cancelled.id());
        returns.result().unwrap();
        panics.result().map(|(): ()| ()).unwrap_err();
        pool.shutdown(Shutdown::drain());

        let events = recorder.events();
        let place =
            |event: &Event| events.iter().position(|other| other == event).unwrap_or_else(|| panic!("{event:?}"));
        let one = |tally: fn(&mut Tally)| {
            let mut one = Tally::default();
            tally(&mut one);
            one
        };
        for (id, tally) in [
            (held_id, one(|tally| tally.returned = 1)),
            (returns_id, one(|tally| tally.returned = 1)),
            (panics_id, one(|tally| tally.failed = 1)),
        ] {
            let submitted = place(&Event::Submitted(id, 1));
            let (started, finished) = (place(&Event::Started(id, 0)), place(&Event::Finished(id, tally)));
            assert!(submitted < started && started < finished, "{events:?}");
        }
        place(&Event::Finished(cancelled_id, one(|tally| tally.cancelled = 1)));
        assert!(!events.contains(&Event::Started(cancelled_id, 0)), "a cancelled task never starts");
        let chunk = events.iter().find_map(|event| match event {
            Event::Submitted(id, 4) => Some(*id),
            _ => None,
        });
        place(&Event::Finished(chunk.expect("a chunk of four"), Tally { returned: 3, failed: 1, cancelled: 0 }));
        assert!(place(&Event::Up(0)) < place(&Event::Started(held_id, 0)));
        assert_eq!(events.last(), Some(&Event::Down(0)));
    });
}

/// X-52, map's chunks included.
#[test]
fn x52_every_submitted_task_is_counted_as_finished_failed_or_cancelled() {
    bounded(|| {
        let pool = ThreadPool::builder().max_workers(2).max_pending(2, WhenFull::Reject).build().unwrap();
        let (one, other) = (hold(&pool), hold(&pool));
        let queued = [pool.spawn(|| 1), pool.spawn(|| 2)];
        let rejected = pool.spawn(|| 3).result().unwrap_err();
        assert_eq!(rejection(&rejected), &Reason::QueueFull { limit: 2 });
        assert!(queued[0].cancel());
        one.release();
        other.release();
        let [cancelled, returned] = queued;
        assert!(cancelled.result().unwrap_err().is_cancelled());
        returned.result().unwrap();
        pool.submit_fallible(|text: &str| text.parse::<u8>(), "x").result().unwrap_err();
        let slow = TaskOptions::new().deadline(Duration::ZERO);
        let door = Door::default();
        let inner = door.clone();
        pool.spawn_with(slow, move || inner.pass()).result().unwrap_err();
        door.open();
        let failures = pool.map(|n: u64| assert!(n % 10 != 3), 0..1_000).filter(Result::is_err).count();
        assert_eq!(failures, 100);
        drop(pool.map(|n: u64| n, 0..1_000));
        pool.shutdown(Shutdown::drain());
        pool.spawn(|| 4).result().unwrap_err();
        assert_adds_up(pool.stats());
        let stats = pool.stats();
        // Full queue, the parse, the deadline, a hundred items, after the end.
        assert_eq!(stats.failed, 1 + 1 + 1 + 100 + 1, "{stats:?}");
    });
}
