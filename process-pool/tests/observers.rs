//! What an observer is told. X-52, P-88.

mod common;

use common::{AT_ONCE, Event, Recorder, SEGFAULT, bounded, die, final_stats, pass, square};
use concurrent_futures_conformance::Gatekeeper;
use concurrent_futures_process_pool::{
    MapOptions, Observer, ProcessPool, Shutdown, Tally, TaskId, WhenFull, worker_entry,
};
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

worker_entry!();

#[test]
fn an_observer_is_told_of_each_step_in_order() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = ProcessPool::builder().max_workers(1).observer(recorder.clone()).build().unwrap();
        let future = pool.submit(square, 3);
        let id = future.id();
        future.result().unwrap();
        pool.submit(die, SEGFAULT).result().unwrap_err();
        final_stats(&pool);
        let events = recorder.events();
        let of_first: Vec<&Event> = events
            .iter()
            .filter(|event| match event {
                Event::Submitted(first, _) | Event::Started(first, _) | Event::Finished(first, _) => *first == id,
                _ => false,
            })
            .collect();
        assert!(
            matches!(of_first[..], [Event::Submitted(_, 1), Event::Started(_, 0), Event::Finished(_, tally)]
                if tally.returned == 1),
            "{of_first:?}"
        );
        let up = events.iter().filter(|event| matches!(event, Event::Up(_))).count();
        let down = events.iter().filter(|event| matches!(event, Event::Down(_))).count();
        assert_eq!(up, down);
    });
}

#[test]
fn x52_every_task_that_an_observer_hears_of_ends_once() {
    bounded(|| {
        let recorder = Recorder::default();
        let pool = ProcessPool::builder().max_workers(2).observer(recorder.clone()).build().unwrap();
        let task = |n: u64| match n % 50 {
            7 => SEGFAULT.die(),
            9 => panic!("nine"),
            _ => n,
        };
        let results: Vec<_> = pool.map_with(MapOptions::new().chunk_size(20), task, 0..200).collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 192);
        final_stats(&pool);
        assert_eq!((recorder.submitted(), recorder.tally().total()), (200, 200));
    });
}

/// Also where it ends in the queue, or doesn't come so far.
#[test]
fn x52_what_never_runs_ends_for_an_observer_too() {
    bounded(|| {
        for end in [Shutdown::drain(), Shutdown::cancel_pending(), Shutdown::kill(AT_ONCE)] {
            let recorder = Recorder::default();
            let builder = ProcessPool::builder().max_workers(1).max_pending(4, WhenFull::Reject);
            let pool = builder.observer(recorder.clone()).build().unwrap();
            let keeper = Gatekeeper::new();
            let running = pool.submit(pass, (keeper.gate(), 1));
            keeper.await_arrivals(1);
            let futures: Vec<_> = (0..6).map(|n| pool.submit(square, n)).collect();
            assert!(futures[1].cancel() && futures[5].error().is_some());
            pool.submit(|_: Secret| (), Secret).result().unwrap_err();
            pool.shutdown(end.within(AT_ONCE));
            pool.submit(square, 9).result().unwrap_err();
            keeper.open();
            running.wait();
            let stats = final_stats(&pool);
            assert_eq!(
                recorder.tally(),
                Tally {
                    returned: stats.finished as usize,
                    failed: stats.failed as usize,
                    cancelled: stats.cancelled as usize,
                }
            );
            assert_eq!((recorder.submitted(), recorder.tally().total()), (9, 9), "{:?}", recorder.events());
        }
    });
}

/// Can't be written.
#[derive(Deserialize)]
struct Secret;

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("a secret"))
    }
}

/// An observer that panics hurts nobody.
#[test]
fn an_observer_that_panics_hurts_nobody() {
    struct Panics;
    impl Observer for Panics {
        fn submitted(&self, _: TaskId, _: usize) {
            panic!("submitted")
        }
        fn started(&self, _: TaskId, _: usize) {
            panic!("started")
        }
        fn finished(&self, _: TaskId, _: concurrent_futures_process_pool::Tally) {
            panic!("finished")
        }
        fn worker_up(&self, _: usize) {
            panic!("up")
        }
        fn worker_down(&self, _: usize) {
            panic!("down")
        }
    }
    bounded(|| {
        concurrent_futures_process_pool::set_report_hook(|_| ());
        let pool = ProcessPool::builder().max_workers(1).observer(Panics).build().unwrap();
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
        pool.submit(die, SEGFAULT).result().unwrap_err();
        assert_eq!(pool.submit(square, 4).result().unwrap(), 16);
        final_stats(&pool);
    });
}
