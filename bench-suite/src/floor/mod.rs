//! What the machine itself needs: no pool can be faster.

mod ping_pong;
mod starts;
mod transport;

pub use ping_pong::{condvar_ping_pong, park_ping_pong, spin_ping_pong};
pub use starts::{process_start, thread_start};
pub use transport::{channel_of_bytes, copy};

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::case::{Case, Stopwatch};
use crate::contestant::{Contestant, Role};

/// What a pending task with a small closure takes up: two counts, state, result or closure, type.
const TASK_BYTES: usize = 96;

/// Allocates tasks, queues them, drops them, on one thread: the memory traffic of a burst.
#[must_use]
pub fn memory(tasks: usize, repeats: usize) -> Contestant {
    Contestant::new("floor: allocate, queue, drop", Role::Floor, move || memory_case(tasks, repeats))
}

fn memory_case(tasks: usize, repeats: usize) -> Case {
    struct Task([u64; TASK_BYTES / 8 - 2]); // an Arc adds two words
    Case::new(tasks * repeats, (0..tasks as u64).sum::<u64>() * repeats as u64, move || {
        let mut sum = 0;
        let watch = Stopwatch::start();
        for _ in 0..repeats {
            let mut queue = VecDeque::new();
            let kept: Vec<Arc<Task>> = (0..tasks as u64)
                .map(|n| {
                    let task = Arc::new(Task([n; TASK_BYTES / 8 - 2]));
                    queue.push_back(task.clone());
                    task
                })
                .collect();
            while let Some(task) = queue.pop_front() {
                sum += black_box(&task).0[0];
            }
            drop(kept);
        }
        (watch.stop(tasks * repeats), sum)
    })
}

/// Allocates tasks and queues them, keeping them: what a submit does at least. The drop isn't timed.
#[must_use]
pub fn allocate_and_queue(tasks: usize) -> Contestant {
    Contestant::new("floor: allocate and queue", Role::Floor, move || {
        let mut above = None;
        Case::new(tasks, tasks as u64, move || {
            let mut queue = VecDeque::new();
            let mut kept = Vec::with_capacity(tasks);
            let watch = Stopwatch::start();
            for number in 0..tasks as u64 {
                let task = Arc::new([number; TASK_BYTES / 8 - 2]);
                queue.push_back(task.clone());
                kept.push(task);
            }
            let sample = watch.stop(tasks);
            // What lies above them keeps the allocator from giving their pages back, as in a program that does other things.
            let _ = above.get_or_insert_with(|| Box::new([0_u8; TASK_BYTES]));
            (sample, black_box(queue).len() as u64)
        })
    })
}

/// `malloc` and `free` of one task at a time.
#[must_use]
pub fn malloc(times: usize) -> Contestant {
    primitive("floor: malloc and free", times, || |_| drop(black_box(Box::new([0_u8; TASK_BYTES]))))
}

/// Reading the clock.
#[must_use]
pub fn clock(times: usize) -> Contestant {
    primitive("floor: read the clock", times, || {
        |_| {
            black_box(Instant::now());
        }
    })
}

/// An atomic addition that nobody disputes.
#[must_use]
pub fn counter(times: usize) -> Contestant {
    primitive("floor: atomic addition", times, || {
        let counter = AtomicU64::new(0);
        move |n| {
            counter.fetch_add(n, Ordering::SeqCst);
        }
    })
}

/// So many calls of an operation.
fn primitive<Operation>(name: &str, times: usize, make: impl Fn() -> Operation + 'static) -> Contestant
where
    Operation: FnMut(u64) + 'static,
{
    Contestant::new(name, Role::Floor, move || {
        let mut operation = make();
        Case::new(times, times as u64, move || {
            let watch = Stopwatch::start();
            (0..times as u64).for_each(&mut operation);
            (watch.stop(times), times as u64)
        })
    })
}
