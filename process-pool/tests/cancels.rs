//! Cancels that race with the worker that a task lies with. F-17, X-23.

mod common;

use std::sync::Arc;
use std::thread;

use common::{Diary, Pen, bounded, final_stats, pool};
use concurrent_futures_process_pool::worker_entry;

worker_entry!();

fn note((pen, n): (Pen, u64)) -> u64 {
    pen.write(n);
    n
}

/// A cancelled job leaves no result, so nothing but its passing tells that its place with the worker is free.
#[test]
fn f17_a_cancel_that_meets_the_worker_on_its_way_to_the_task_costs_no_worker() {
    bounded(|| {
        for _ in 0..20 {
            let pool = Arc::new(pool(3));
            let diary = Diary::new();
            let threads: Vec<_> = (0..8)
                .map(|thread| {
                    let (pool, pen) = (pool.clone(), diary.pen());
                    thread::spawn(move || {
                        let mut ran = Vec::new();
                        for n in thread * 1_000..thread * 1_000 + 10 {
                            let kept = pool.submit(note, (pen.clone(), 2 * n));
                            let dropped = pool.submit(note, (pen.clone(), 2 * n + 1));
                            let cancelled = dropped.cancel();
                            assert_eq!(dropped.result().is_err(), cancelled);
                            ran.push(kept.result().unwrap());
                            ran.extend((!cancelled).then_some(2 * n + 1));
                        }
                        ran
                    })
                })
                .collect();
            let mut ran: Vec<u64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
            ran.sort_unstable();
            final_stats(&pool);
            assert_eq!(diary.sorted(), ran, "each ran once, or was cancelled");
        }
    });
}
