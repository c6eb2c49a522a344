//! What the machine itself needs: no pool can be faster.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

use crate::case::{Case, Stopwatch};
use crate::contestant::{Contestant, Role};
use crate::workloads::RoundTrip;

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

/// Wakes a parked thread and parks until it answers: on Linux two futex calls on each side.
#[must_use]
pub fn park_ping_pong(trips: RoundTrip) -> Contestant {
    Contestant::new("floor: park and unpark", Role::Floor, move || {
        let mut partner: Option<ParkedPartner> = None;
        trips.of(move || partner.get_or_insert_with(|| ParkedPartner::of(thread::current())).trip())
    })
}

/// The same through a condition variable.
#[must_use]
pub fn condvar_ping_pong(trips: RoundTrip) -> Contestant {
    Contestant::new("floor: condition variable", Role::Floor, move || {
        let partner = CondvarPartner::new();
        trips.of(move || partner.trip())
    })
}

struct ParkedPartner {
    ball: Arc<Ball>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Ball {
    is_there: AtomicBool,
    is_over: AtomicBool,
}

impl ParkedPartner {
    fn of(caller: Thread) -> Self {
        let ball = Arc::new(Ball::default());
        let there = ball.clone();
        let thread = thread::spawn(move || {
            while !there.is_over.load(Ordering::Acquire) {
                if there.is_there.load(Ordering::Acquire) {
                    there.is_there.store(false, Ordering::Release);
                    caller.unpark();
                } else {
                    thread::park();
                }
            }
        });
        Self { ball, thread: Some(thread) }
    }

    fn trip(&self) {
        self.ball.is_there.store(true, Ordering::Release);
        self.unpark();
        while self.ball.is_there.load(Ordering::Acquire) {
            thread::park();
        }
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for ParkedPartner {
    fn drop(&mut self) {
        self.ball.is_over.store(true, Ordering::Release);
        self.unpark();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct CondvarPartner {
    side: Arc<(Mutex<Side>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Here,
    There,
    Over,
}

impl CondvarPartner {
    fn new() -> Self {
        let side = Arc::new((Mutex::new(Side::Here), Condvar::new()));
        let there = side.clone();
        let thread = thread::spawn(move || {
            let (side, moved) = &*there;
            let mut at = side.lock().expect("nobody panics");
            while *at != Side::Over {
                if *at == Side::There {
                    *at = Side::Here;
                    moved.notify_all();
                }
                at = moved.wait_while(at, |at| *at == Side::Here).expect("nobody panics");
            }
        });
        Self { side, thread: Some(thread) }
    }

    fn trip(&self) {
        let (side, moved) = &*self.side;
        let mut at = side.lock().expect("nobody panics");
        *at = Side::There;
        moved.notify_all();
        drop(moved.wait_while(at, |at| *at == Side::There).expect("nobody panics"));
    }
}

impl Drop for CondvarPartner {
    fn drop(&mut self) {
        let (side, moved) = &*self.side;
        *side.lock().expect("nobody panics") = Side::Over;
        moved.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
