//! What is submitted: tasks that do what they are told, however bad it is.

use std::hint::black_box;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures_process_pool::{Bytes, ProcessPool, task};
use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::ledger;

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Fast,
    Slow,
    Panics,
    Exits,
    Segfaults,
    Aborts,
    OverflowsItsStack,
    TakesMuch,
    GivesMuch,
    ArgumentCantBeWritten,
    ArgumentCantBeRead,
    ResultCantBeWritten,
    ResultCantBeRead,
    Hangs,
    NestsAPool,
    DiesOnce,
}

impl Kind {
    pub(crate) const ALL: [Self; 16] = [
        Self::Fast,
        Self::Slow,
        Self::Panics,
        Self::Exits,
        Self::Segfaults,
        Self::Aborts,
        Self::OverflowsItsStack,
        Self::TakesMuch,
        Self::GivesMuch,
        Self::ArgumentCantBeWritten,
        Self::ArgumentCantBeRead,
        Self::ResultCantBeWritten,
        Self::ResultCantBeRead,
        Self::Hangs,
        Self::NestsAPool,
        Self::DiesOnce,
    ];

    /// Whether its process dies by it.
    pub(crate) fn is_deadly(self) -> bool {
        matches!(self, Self::Exits | Self::Segfaults | Self::Aborts | Self::OverflowsItsStack)
    }

    /// Whether an argument or a result doesn't cross.
    pub(crate) fn is_undecodable(self) -> bool {
        use Kind::{ArgumentCantBeRead, ArgumentCantBeWritten, ResultCantBeRead, ResultCantBeWritten};
        matches!(self, ArgumentCantBeWritten | ArgumentCantBeRead | ResultCantBeWritten | ResultCantBeRead)
    }
}

/// The argument of a task.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    /// Decides on sizes and durations.
    pub(crate) salt: u64,
    copied: Vec<u8>,
    attached: Bytes,
    trap: Trap,
}

/// The result of a task.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) number: u64,
    copied: Vec<u8>,
    attached: Bytes,
    trap: Trap,
}

impl Order {
    pub(crate) fn new(number: u64, kind: Kind, salt: u64) -> Self {
        let (copied, attached) = if kind == Kind::TakesMuch { load(salt) } else { Default::default() };
        let trap = match kind {
            Kind::ArgumentCantBeWritten => Trap::CantBeWritten,
            Kind::ArgumentCantBeRead => Trap::CantBeRead,
            _ => Trap::None,
        };
        Self { number, kind, salt, copied, attached, trap }
    }

    /// Whether this is what came back for it.
    pub(crate) fn is_answered_by(number: u64, kind: Kind, salt: u64, reply: &Reply) -> bool {
        let expected = if kind == Kind::GivesMuch { load(salt) } else { Default::default() };
        reply.number == number && (&reply.copied, &reply.attached) == (&expected.0, &expected.1)
    }
}

/// The task.
pub(crate) fn run(order: Order) -> Reply {
    let attempt = task::current().attempt();
    ledger::note(order.number, attempt, false);
    act(&order, attempt);
    let (copied, attached) = if order.kind == Kind::GivesMuch { load(order.salt) } else { Default::default() };
    let trap = match order.kind {
        Kind::ResultCantBeWritten => Trap::CantBeWritten,
        Kind::ResultCantBeRead => Trap::CantBeRead,
        _ => Trap::None,
    };
    ledger::note(order.number, attempt, true);
    Reply { number: order.number, copied, attached, trap }
}

/// The exit code of a task that ends its process.
pub(crate) const CODE: i32 = 3;

fn act(order: &Order, attempt: u32) {
    match order.kind {
        Kind::Slow if order.salt.is_multiple_of(2) => compute_for(Duration::from_micros(order.salt % 2000)),
        Kind::Slow => rest_for(Duration::from_millis(order.salt % 20)),
        Kind::Panics => panic!("as ordered"),
        Kind::Exits => process::exit(CODE),
        Kind::Segfaults => die_by(Signal::SEGV),
        Kind::Aborts => process::abort(),
        Kind::OverflowsItsStack => drop(black_box(overflow(0))),
        Kind::DiesOnce if attempt == 1 => die_by(Signal::KILL),
        Kind::TakesMuch => assert!((&order.copied, &order.attached) == (&load(order.salt).0, &load(order.salt).1)),
        Kind::Hangs => hang(),
        Kind::NestsAPool => nest(order.salt),
        _ => {}
    }
}

fn compute_for(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Is as slow as somebody who waits for a disk.
fn rest_for(time: Duration) {
    let begin = Instant::now();
    while let Some(left) = time.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) {
        thread::park_timeout(left);
    }
}

fn hang() {
    loop {
        thread::park();
    }
}

/// Rust's own handler takes the first signal for a fault and returns, to see it again.
fn die_by(signal: Signal) {
    loop {
        let _ = kill_process(getpid(), signal);
    }
}

#[expect(unconditional_recursion, reason = "as ordered")]
fn overflow(depth: u64) -> u64 {
    black_box([depth; 64])[0] + overflow(black_box(depth + 1))
}

fn nest(salt: u64) {
    let pool = ProcessPool::new(1 + salt as usize % 2).expect("a pool in a worker");
    let futures: Vec<_> = (0..salt % 5).map(|n| pool.submit(|n: u64| n * n, n)).collect();
    let sum: u64 = futures.into_iter().map(|future| future.result().expect("a nested task")).sum();
    assert_eq!(sum, (0..salt % 5).map(|n| n * n).sum());
}

/// A load of up to four megabytes: in the frame, or beside it.
fn load(salt: u64) -> (Vec<u8>, Bytes) {
    let bytes = |most: u64| -> Vec<u8> { (0..salt % most).map(|at| (at ^ salt) as u8).collect() };
    if salt & (1 << 40) == 0 { (bytes(1 << 20), Bytes::new()) } else { (Vec::new(), bytes(4 << 20).into()) }
}

/// A part that doesn't cross.
#[derive(Debug)]
enum Trap {
    None,
    CantBeWritten,
    CantBeRead,
}

impl Serialize for Trap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_bool(true),
            Self::CantBeRead => serializer.serialize_bool(false),
            Self::CantBeWritten => Err(ser::Error::custom("it can't be written, as ordered")),
        }
    }
}

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if bool::deserialize(deserializer)? {
            Ok(Self::None)
        } else {
            Err(de::Error::custom("it can't be read, as ordered"))
        }
    }
}
