//! What an observer is told. X-52, P-88.

mod common;

use common::{Event, Recorder, SEGFAULT, bounded, die, final_stats, square};
use concurrent_futures_process_pool::{MapOptions, Observer, ProcessPool, TaskId, worker_entry};

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
        let (mut submitted, mut ended) = (0, 0);
        for event in recorder.events() {
            match event {
                Event::Submitted(_, tasks) => submitted += tasks,
                Event::Finished(_, tally) => ended += tally.total(),
                _ => {}
            }
        }
        assert_eq!((submitted, ended), (200, 200));
    });
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
