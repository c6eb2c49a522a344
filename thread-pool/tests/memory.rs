//! What a task costs in memory, and what an idle pool costs in time.
//!
//! A binary of its own, since it counts every allocation of the process; its tests take turns.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]
#![deny(unsafe_code)]

mod common;

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::{bounded, hold, pool};
use concurrent_futures_thread_pool::context::{self, Captured, ContextHook};
use concurrent_futures_thread_pool::{Shutdown, TaskOptions, ThreadPool};

#[expect(unsafe_code, reason = "an allocator can't be written without")]
mod counting {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicUsize, Ordering};

    static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
    static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);

    struct Counting;

    #[global_allocator]
    static GLOBAL: Counting = Counting;

    // SAFETY: everything is done by the system's allocator; counting neither allocates nor unwinds.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            LIVE_BYTES.fetch_add(layout.size(), Ordering::Relaxed);
            // SAFETY: the caller's contract is handed on as it is.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
            LIVE_BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
            // SAFETY: the caller's contract is handed on as it is; `memory` came from `System`, as all memory does here.
            unsafe { System.dealloc(memory, layout) }
        }

        unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            LIVE_BYTES.fetch_add(new_size, Ordering::Relaxed);
            LIVE_BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
            // SAFETY: the caller's contract is handed on as it is; `memory` came from `System`, as all memory does here.
            unsafe { System.realloc(memory, layout, new_size) }
        }
    }

    pub(super) fn allocations() -> usize {
        ALLOCATIONS.load(Ordering::Relaxed)
    }

    pub(super) fn live_bytes() -> usize {
        LIVE_BYTES.load(Ordering::Relaxed)
    }
}

use counting::{allocations, live_bytes};

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the test runner allocates meanwhile, and what grows once.
const SMALL: usize = 200;

/// A pool whose thread runs, and whose queue has grown.
fn warm_pool() -> ThreadPool {
    let pool = pool(1);
    (0..100_u64).for_each(|n| assert_eq!(pool.submit(|n: u64| n, n).result().unwrap(), n));
    pool
}

#[test]
fn a_task_costs_one_allocation_and_its_result_none() {
    bounded(|| {
        let _turn = turn();
        let pool = warm_pool();
        let before = allocations();
        for n in 0..10_000_u64 {
            assert_eq!(pool.submit(|n: u64| n + 1, n).result().unwrap(), n + 1);
        }
        let taken = allocations() - before;
        assert!((10_000..=10_000 + SMALL).contains(&taken), "{taken} allocations for 10,000 tasks");

        let before = allocations();
        for n in 0..10_000_u64 {
            assert_eq!(pool.submit(|n: u64| n.to_string(), n % 10).result().unwrap().len(), 1);
        }
        let taken = allocations() - before;
        assert!((20_000..=20_000 + SMALL).contains(&taken), "{taken} for 10,000 tasks that allocate once themselves");
    });
}

/// H4
#[test]
fn a_context_hook_that_captures_nothing_costs_no_allocation() {
    struct Empty;
    impl ContextHook for Empty {
        fn name(&self) -> &'static str {
            "empty"
        }
        fn capture(&self) -> Option<Box<dyn Captured>> {
            None
        }
    }
    bounded(|| {
        let _turn = turn();
        context::register(Empty);
        let pool = warm_pool();
        let before = allocations();
        for n in 0..10_000_u64 {
            assert_eq!(pool.submit(|n: u64| n + 1, n).result().unwrap(), n + 1);
        }
        let taken = allocations() - before;
        assert!((10_000..=10_000 + SMALL).contains(&taken), "{taken} allocations for 10,000 tasks");
    });
}

#[test]
fn tasks_of_a_burst_cost_one_allocation_each() {
    bounded(|| {
        let _turn = turn();
        let pool = warm_pool();
        let mut futures = Vec::with_capacity(10_000);
        let before = allocations();
        futures.extend((0..10_000_u64).map(|n| pool.submit(|n: u64| n, n)));
        let sum: u64 = futures.drain(..).map(|future| future.result().unwrap()).sum();
        let taken = allocations() - before;
        assert_eq!(sum, 49_995_000);
        assert!((10_000..=10_000 + SMALL).contains(&taken), "{taken} allocations for 10,000 tasks");
    });
}

#[test]
fn a_pending_task_takes_at_most_96_bytes_its_place_in_the_queue_included() {
    const TASKS: usize = 100_000;
    bounded(|| {
        let _turn = turn();
        let pool = warm_pool();
        let held = hold(&pool);
        let mut futures = Vec::with_capacity(TASKS);
        let before = live_bytes();
        futures.extend((0..TASKS as u64).map(|n| pool.submit(|n: u64| n, n)));
        let taken = live_bytes() - before;
        assert!(taken <= 96 * TASKS, "{} bytes each", taken as f64 / TASKS as f64);
        held.release();
        assert!(futures.into_iter().map(|future| future.result().unwrap()).eq(0..TASKS as u64));
    });
}

#[test]
fn what_a_pool_took_is_given_back() {
    bounded(|| {
        let _turn = turn();
        let round = || {
            let pool = pool(2);
            let futures: Vec<_> = (0..10_000_u64).map(|n| pool.submit(|n: u64| n, n)).collect();
            assert!(futures.into_iter().all(|future| future.result().is_ok()));
            assert!(pool.map(|n: u64| n, 0..10_000).all(|item| item.is_ok()));
            assert!(pool.shutdown(Shutdown::drain()).is_complete());
        };
        round();
        let before = live_bytes();
        (0..10).for_each(|_| round());
        let kept = live_bytes().saturating_sub(before);
        assert!(kept < 64 * 1024, "{kept} bytes are left behind by ten pools");
    });
}

#[test]
fn a_scope_that_lasts_keeps_nothing_of_tasks_that_have_ended() {
    bounded(|| {
        let _turn = turn();
        let pool = warm_pool();
        pool.scope(|scope| {
            let before = live_bytes();
            (0..20_000).for_each(|_| scope.spawn(|| ()).result().unwrap());
            let kept = live_bytes().saturating_sub(before);
            assert!(kept < 64 * 1024, "{kept} bytes are kept");
        });
    });
}

#[test]
fn a_distant_deadline_keeps_nothing_of_tasks_that_have_ended() {
    bounded(|| {
        let _turn = turn();
        let pool = warm_pool();
        let options = TaskOptions::new().deadline(Duration::from_secs(3_600));
        let before = live_bytes();
        (0..20_000).for_each(|_| pool.spawn_with(options.clone(), || ()).result().unwrap());
        // A task that is late ends after the timer has seen all others.
        let (tx, rx) = std::sync::mpsc::channel::<()>();
        let late = pool.spawn_with(TaskOptions::new().deadline(Duration::ZERO), move || rx.recv().is_err());
        assert!(late.error().is_some());
        drop((tx, late));
        let kept = live_bytes().saturating_sub(before);
        assert!(kept < 512 * 1024, "{kept} bytes are kept");
    });
}

/// User and system time of the whole process, in ticks of the clock, of which there are 100 in a second.
#[cfg(target_os = "linux")]
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux shows the times of a process");
    // The name in parentheses may contain anything; the times are the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')').expect("the name is in parentheses");
    fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum()
}

#[cfg(target_os = "linux")]
#[test]
fn an_idle_pool_uses_no_time() {
    bounded(|| {
        let _turn = turn();
        let pool = pool(4);
        let held: Vec<_> = (0..4).map(|_| hold(&pool)).collect();
        held.into_iter().for_each(common::Held::release);
        let idle = || pool.stats().idle == 4;
        while !idle() {
            std::thread::yield_now();
        }
        let before = ticks();
        // Nobody notifies: this is 200 ms in which nothing is to be done.
        let guard = Mutex::new(());
        let _ = Condvar::new().wait_timeout(guard.lock().unwrap(), Duration::from_millis(200));
        let used = ticks() - before;
        assert!(idle() && used <= 1, "{used} ticks of 10 ms");
    });
}
