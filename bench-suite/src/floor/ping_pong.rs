//! Two threads that wake each other.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle, Thread};

use crate::contestant::{Contestant, Role};
use crate::workloads::RoundTrip;

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

/// The same without any system call: two threads that spin. It needs two cores, and is as slow as the scheduler on one.
#[must_use]
pub fn spin_ping_pong(trips: RoundTrip) -> Contestant {
    Contestant::new("floor: spinning", Role::Floor, move || {
        let partner = SpinningPartner::new();
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

struct SpinningPartner {
    ball: Arc<Ball>,
    thread: Option<JoinHandle<()>>,
}

impl SpinningPartner {
    fn new() -> Self {
        let ball = Arc::new(Ball::default());
        let there = ball.clone();
        let thread = thread::spawn(move || {
            while !there.is_over.load(Ordering::Acquire) {
                if there.is_there.load(Ordering::Acquire) {
                    there.is_there.store(false, Ordering::Release);
                }
                spin_loop();
            }
        });
        Self { ball, thread: Some(thread) }
    }

    fn trip(&self) {
        self.ball.is_there.store(true, Ordering::Release);
        while self.ball.is_there.load(Ordering::Acquire) {
            spin_loop();
        }
    }
}

impl Drop for SpinningPartner {
    fn drop(&mut self) {
        self.ball.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
