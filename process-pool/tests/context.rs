//! What goes along with a task to another process, beyond what every backend promises. The hook is registered in the
//! workers by the initializer, since a test has no `main` of its own.

mod common;

use std::cell::Cell;

use common::{Death, Diary, Pen, bounded};
use concurrent_futures_process_pool::context::{self, Captured, ContextHook};
use concurrent_futures_process_pool::{MapOptions, ProcessPool, TaskOptions, set_report_hook, worker_entry};

worker_entry!();

thread_local!(static REQUEST: Cell<u64> = const { Cell::new(0) });

struct Hook;

struct Request(u64);

impl ContextHook for Hook {
    fn name(&self) -> &'static str {
        "request"
    }

    fn capture(&self) -> Option<Box<dyn Captured>> {
        let request = REQUEST.get();
        (request > 0).then(|| Box::new(Request(request)) as Box<dyn Captured>)
    }

    fn decode(&self, bytes: &[u8]) -> Option<Box<dyn Captured>> {
        // Large ones are padded.
        Some(Box::new(Request(u64::from_le_bytes(*bytes.first_chunk()?))))
    }
}

impl Captured for Request {
    fn around(&self, run: &mut dyn FnMut()) {
        let before = REQUEST.replace(self.0);
        run();
        REQUEST.set(before);
    }

    fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = self.0.to_le_bytes().to_vec();
        if self.0 == LARGE {
            bytes.resize(1 << 20, 0);
        }
        Some(bytes)
    }
}

const LARGE: u64 = 999;

fn register() {
    context::register(Hook);
}

fn pool() -> ProcessPool {
    register();
    ProcessPool::builder().max_workers(1).initializer(|()| register(), ()).build().unwrap()
}

fn request(_: u64) -> u64 {
    REQUEST.get()
}

#[test]
fn a_second_attempt_has_the_same_context() {
    bounded(|| {
        let pool = pool();
        let die_once = |pen: Pen| {
            pen.write(REQUEST.get());
            if std::fs::read_to_string(pen.path()).unwrap().lines().count() == 1 {
                Death::Abort.die();
            }
            REQUEST.get()
        };
        let diary = Diary::new();
        REQUEST.set(3);
        let future = pool.submit_with(TaskOptions::new().retries(1), die_once, diary.pen());
        REQUEST.set(4);
        assert_eq!(future.result().unwrap(), 3);
        assert_eq!(diary.entries(), [3, 3]);
    });
}

/// What is taken back from a worker and sent to another is a job of its own, of the same map.
#[test]
fn what_is_left_of_a_chunk_has_the_context_of_its_map() {
    bounded(|| {
        let pool = pool();
        let die_at_five = |n: u64| {
            if n == 5 {
                Death::Abort.die();
            }
            REQUEST.get()
        };
        REQUEST.set(6);
        let map = pool.map_with(MapOptions::new().chunk_size(20), die_at_five, 0..40);
        REQUEST.set(0);
        let results: Vec<_> = map.collect();
        for (n, result) in results.into_iter().enumerate() {
            assert_eq!(result.ok(), (n != 5).then_some(6), "item {n}");
        }
    });
}

#[test]
fn a_large_context_crosses_and_a_small_one_behind_it() {
    bounded(|| {
        let pool = pool();
        for n in [LARGE, 1, LARGE] {
            REQUEST.set(n);
            let futures: Vec<_> = (0..3).map(|n| pool.submit(request, n)).collect();
            futures.into_iter().for_each(|future| assert_eq!(future.result().unwrap(), n));
        }
    });
}

#[test]
fn a_worker_that_lacks_the_hook_says_so_once_and_runs_the_task_without() {
    bounded(|| {
        register();
        let diary = Diary::new();
        let report_to = |pen: Pen| {
            set_report_hook(move |report| {
                assert!(report.to_string().contains("the context hook `request` is missing"), "{report}");
                pen.write(1);
            });
        };
        let pool = ProcessPool::builder().max_workers(1).initializer(report_to, diary.pen()).build().unwrap();
        REQUEST.set(7);
        for n in 0..3 {
            assert_eq!(pool.submit(request, n).result().unwrap(), 0);
        }
        assert_eq!(diary.entries(), [1]);
    });
}
