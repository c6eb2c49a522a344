//! **Who works, who searches, who sleeps**: the idle and wake protocol of a pool.
//!
//! ```text
//!                     summon: spawn                    found_work               block    ┌─────────┐
//!        (no thread) ───────────────► ┌───────────┐ ─────────────────► ┌──────┐ ───────► │ BLOCKED │
//!             ▲                       │ SEARCHING │                    │      │ ◄─────── └─────────┘
//!             │ leave: closed         └───────────┘ ◄───────────────── │ BUSY │ unblock
//!             ├──────────────────────  │         ▲       search        │      │ run_late ┌─────────┐
//!             │                   park │         │ summon: wake        │      │ ───────► │  LATE   │
//!             │ retire: kept alive     ▼         │ recheck             └──────┘ ◄─────── └─────────┘
//!             │ long enough       ┌──────────────────┐                    │     come_back
//!             └────────────────── │      PARKED      │ ◄──────────────────┘
//!                                 └──────────────────┘    park_surplus
//! ```
//!
//! A new worker that has an initializer to run is *starting* meanwhile, between the two arrows of `summon: spawn`: it
//! doesn't search, so others are called for what it can't take yet.
//!
//! *Late* is a worker whose task runs on after its deadline, or that of its map, has ended its future; perhaps for ever. It
//! may block meanwhile, and one that is blocked may grow late: it counts as late then, once.
//!
//! *Active* workers are those that are neither parked nor absent, which is blocked or late; at most `max_workers` are.
//! Whoever wants work done ([`summon`](Roster::summon)) claims the worker himself: he counts it as searching before it
//! wakes or starts, so that ten submits wake one worker and not ten. That one, when it has found work, summons the next if
//! there is more.
//!
//! All counts change under one lock. A submit only reads [`calls`](Roster::calls), a flag that says whether a summons
//! could do anything: somebody may be activated, and nobody searches.
//!
//! Promises (tests carry these numbers):
//!
//! - **R1** No lost wake-up: a job that was pushed is found by a worker that searches, or its push summons one.
//!   The submitter does *push; fence; read `calls`*; the worker that goes to sleep does *write `calls`; fence; look at the
//!   queue*. Both fences are SeqCst, so at least one of the two sees the other's write. The same pair stands behind
//!   `found_work`, `block` and `run_late`, which are followed by a look at the queue too.
//! - **R2** At most `max_workers` workers are active, except right after an `unblock` or a `come_back`; a surplus worker
//!   parks before it takes another job.
//! - **R3** A worker announces that it searches *before* the result of its task is released. So whoever the result wakes
//!   finds it searching, and submitting and waiting in a loop uses exactly one thread.
//! - **R4** A worker leaves only when the queue is closed and empty, or when it claims its own place among the parked.
//! - **R5** A late worker gives its place up before anybody hears that its task is late, and comes back before it takes
//!   another job. At most `max_blocked` absent workers have given their place up. Beyond that one that would block is
//!   refused, and one that grows late keeps its place, until another is absent no more: which of the absent ones it is
//!   that counts doesn't matter. So there are never more than `max_workers + max_blocked` threads.
//!
//! What wakes a parked worker if everybody else is dead: nothing needs to; closing the pool wakes all.

use std::sync::Arc;

use concurrent_futures_core::sync::{AtomicBool, Mutex, Ordering};
use concurrent_futures_core::worker::{Attention, BlockLimit};

use crate::absence::{Absence, TimedTask};
use crate::parker::Parker;

pub(crate) struct Roster {
    counts: Mutex<Counts>,
    /// Whether a summons could activate somebody. Written under the lock.
    calls: AtomicBool,
    /// Raised where a worker has been parked for a while, and for good where chunks must stop.
    attention: Attention,
    /// Whether a worker has been parked for a while. Written under the lock.
    hungry: AtomicBool,
    /// Whether more workers are active than may be. Written under the lock.
    surplus: AtomicBool,
    max_workers: usize,
}

#[derive(Default)]
struct Counts {
    total: usize,
    searching: usize,
    /// Workers that run their initializer, which is foreign code: each takes a job afterwards.
    starting: usize,
    /// Those that are late as well are among the late ones.
    blocked: usize,
    late: usize,
    /// How many absent workers give their place up.
    max_blocked: usize,
    /// The most recently parked last: it is woken first, since its caches are warm.
    parked: Vec<Arc<Parker>>,
    next_number: usize,
    /// Running chunks are to begin nothing further.
    stops_chunks: bool,
}

/// What a summons has decided; the caller carries it out with no lock held.
#[must_use]
pub(crate) enum Summons {
    /// Nobody is needed, or nobody may be activated.
    Nobody,
    /// This worker was claimed: wake it.
    Wake(Arc<Parker>),
    /// A place was claimed: start worker number so and so in it, or give it back with `spawn_failed`.
    Spawn(usize),
}

/// What becomes of a claim that could not be carried out.
#[must_use]
pub(crate) enum FailedSpawn {
    /// This worker has taken the claim over: wake it.
    Wake(Arc<Parker>),
    /// Somebody works, and looks at the queue when he is done.
    OthersWork,
    /// Nobody is left who could ever run what waits.
    NobodyLeft,
}

/// How many workers there are of each kind, for `stats`.
pub(crate) struct Headcount {
    pub(crate) total: usize,
    pub(crate) idle: usize,
    pub(crate) blocked: usize,
    pub(crate) late: usize,
}

impl Roster {
    pub(crate) fn new(max_workers: usize, max_blocked: usize) -> Self {
        Self {
            counts: Mutex::new(Counts { max_blocked, ..Counts::default() }),
            calls: AtomicBool::new(true),
            attention: Attention::default(),
            hungry: AtomicBool::new(false),
            surplus: AtomicBool::new(false),
            max_workers,
        }
    }

    /// Whether a summons could activate somebody. Read it after a push and a SeqCst fence (R1).
    pub(crate) fn calls(&self) -> bool {
        self.calls.load(Ordering::Relaxed)
    }

    /// The flag that running chunks look at.
    pub(crate) fn attention(&self) -> &Attention {
        &self.attention
    }

    /// Whether a worker has had nothing to do for a while.
    pub(crate) fn is_hungry(&self) -> bool {
        self.hungry.load(Ordering::Relaxed)
    }

    /// Whether a worker that has ended its task must not take another one (R2).
    pub(crate) fn has_surplus(&self) -> bool {
        self.surplus.load(Ordering::Relaxed)
    }

    /// There may be work: claims a worker to search for it, if there is and one may be activated.
    ///
    /// `waiting` says how many jobs wait, and is asked under the lock: a worker that took the job after the caller looked
    /// has passed [`found_work`](Self::found_work) since, or still counts as searching (R3). For each of them that is
    /// still initialising, one job is spoken for, unless a worker is parked and can have it now, or as many are absent:
    /// an initializer may wait for the very job.
    pub(crate) fn summon(&self, waiting: impl FnOnce() -> usize) -> Summons {
        let mut counts = self.counts.lock();
        if counts.searching > 0 || counts.active() >= self.max_workers {
            return Summons::Nobody;
        }
        let spoken_for = if counts.parked.is_empty() { counts.starting.saturating_sub(counts.absent()) } else { 0 };
        if waiting() <= spoken_for {
            return Summons::Nobody;
        }
        counts.searching += 1;
        let summons = match counts.parked.pop() {
            Some(parker) => Summons::Wake(parker),
            None => {
                counts.total += 1;
                counts.next_number += 1;
                Summons::Spawn(counts.next_number - 1)
            }
        };
        self.publish(&counts);
        summons
    }

    /// A claimed place could not be filled: whoever parked meanwhile, relying on this search, searches instead.
    pub(crate) fn spawn_failed(&self) -> FailedSpawn {
        let mut counts = self.counts.lock();
        counts.total -= 1;
        let parked = counts.parked.pop();
        if parked.is_none() {
            counts.searching -= 1;
        }
        self.publish(&counts);
        match parked {
            Some(parker) => FailedSpawn::Wake(parker),
            None if counts.active() == 0 => FailedSpawn::NobodyLeft,
            None => FailedSpawn::OthersWork,
        }
    }

    /// SEARCHING → STARTING: foreign code comes first. The caller then looks whether there is work for others (R1).
    pub(crate) fn begin_start(&self) {
        let mut counts = self.counts.lock();
        counts.searching -= 1;
        counts.starting += 1;
        self.publish(&counts);
    }

    /// STARTING → SEARCHING.
    pub(crate) fn end_start(&self) {
        let mut counts = self.counts.lock();
        counts.starting -= 1;
        counts.searching += 1;
        self.publish(&counts);
    }

    /// BUSY → SEARCHING, before a result is released (R3).
    pub(crate) fn search(&self) {
        let mut counts = self.counts.lock();
        counts.searching += 1;
        self.publish(&counts);
    }

    /// SEARCHING → BUSY. The caller then looks whether there is more work and summons (R1).
    pub(crate) fn found_work(&self) {
        let mut counts = self.counts.lock();
        counts.searching -= 1;
        self.publish(&counts);
    }

    /// SEARCHING → PARKED. The caller then looks at the queue once more, and takes itself back if there is work (R1).
    pub(crate) fn park(&self, parker: &Arc<Parker>) {
        let mut counts = self.counts.lock();
        counts.searching -= 1;
        counts.parked.push(parker.clone());
        self.publish(&counts);
    }

    /// BUSY → PARKED, if more workers are active than may be.
    pub(crate) fn park_surplus(&self, parker: &Arc<Parker>) -> bool {
        let mut counts = self.counts.lock();
        let is_surplus = counts.active() > self.max_workers;
        if is_surplus {
            counts.parked.push(parker.clone());
            self.publish(&counts);
        }
        is_surplus
    }

    /// PARKED → SEARCHING, by the worker itself. False if somebody claimed it: its token is on the way.
    pub(crate) fn recheck(&self, parker: &Arc<Parker>) -> bool {
        let mut counts = self.counts.lock();
        let taken_back = counts.take_back(parker);
        if taken_back {
            counts.searching += 1;
            self.publish(&counts);
        }
        taken_back
    }

    /// PARKED → gone, by the worker itself after its keep-alive, or as a spare that isn't needed any more. False if
    /// somebody claimed it, or it was to go as a spare and other spares have gone already.
    pub(crate) fn retire(&self, parker: &Arc<Parker>, even_if_no_spare: bool) -> bool {
        let mut counts = self.counts.lock();
        if !even_if_no_spare && !counts.has_spares(self.max_workers) {
            return false;
        }
        let taken_back = counts.take_back(parker);
        if taken_back {
            counts.total -= 1;
            self.publish(&counts);
        }
        taken_back
    }

    /// SEARCHING → gone: the queue is closed and empty.
    pub(crate) fn leave(&self) {
        let mut counts = self.counts.lock();
        counts.total -= 1;
        counts.searching -= 1;
        self.publish(&counts);
    }

    /// SEARCHING → gone, while the pool ends, if more workers are active than may be: the others drain the queue.
    pub(crate) fn leave_if_surplus(&self) -> bool {
        let mut counts = self.counts.lock();
        let is_surplus = counts.active() > self.max_workers;
        if is_surplus {
            counts.total -= 1;
            counts.searching -= 1;
            self.publish(&counts);
        }
        is_surplus
    }

    /// Notes that a parked worker has waited for a while. False if it is parked no more.
    pub(crate) fn grow_hungry(&self, parker: &Arc<Parker>) -> bool {
        let counts = self.counts.lock();
        let is_parked = counts.parked.iter().any(|parked| Arc::ptr_eq(parked, parker));
        if is_parked {
            parker.set_hungry(true);
            self.publish(&counts);
        }
        is_parked
    }

    /// BUSY → BLOCKED, or LATE as before. The caller then looks whether there is work and summons (R1).
    pub(crate) fn block(&self, absence: &Absence) -> Result<(), BlockLimit> {
        let mut counts = self.counts.lock();
        let others = counts.absent() - usize::from(absence.is_late());
        if others >= counts.max_blocked {
            return Err(BlockLimit { max_blocked: counts.max_blocked });
        }
        counts.change(absence, || absence.set_blocked(true));
        self.publish(&counts);
        Ok(())
    }

    /// BLOCKED → BUSY, or LATE as before. There may be more active workers than `max_workers` now (R2).
    pub(crate) fn unblock(&self, absence: &Absence) {
        let mut counts = self.counts.lock();
        counts.change(absence, || absence.set_blocked(false));
        self.publish(&counts);
    }

    /// BUSY or BLOCKED → LATE, by whoever has ended the task's future, unless the task has returned meanwhile. The caller
    /// then looks whether there is work and summons (R1).
    pub(crate) fn run_late(&self, task: &TimedTask) {
        let mut counts = self.counts.lock();
        counts.change(task.absence(), || task.note_late());
        self.publish(&counts);
    }

    /// LATE → BUSY or BLOCKED, by the worker itself, unless another of its tasks is late. There may be more active workers
    /// than `max_workers` now (R2).
    pub(crate) fn come_back(&self, task: &TimedTask) {
        let mut counts = self.counts.lock();
        counts.change(task.absence(), || task.note_returned());
        self.publish(&counts);
    }

    /// Asks running chunks for their attention, for good.
    pub(crate) fn stop_chunks(&self) {
        let mut counts = self.counts.lock();
        counts.stops_chunks = true;
        self.publish(&counts);
    }

    /// PARKED → SEARCHING, all of them: the queue was closed.
    pub(crate) fn claim_all(&self) -> Vec<Arc<Parker>> {
        let mut counts = self.counts.lock();
        let parked = std::mem::take(&mut counts.parked);
        parked.iter().for_each(|parker| parker.set_hungry(false));
        counts.searching += parked.len();
        self.publish(&counts);
        parked
    }

    /// Whether the worker is one more than `max_workers`, even when nobody is blocked: a spare that was needed once.
    pub(crate) fn has_spares(&self) -> bool {
        self.counts.lock().has_spares(self.max_workers)
    }

    /// Whether somebody else works while this one is parked.
    pub(crate) fn somebody_works(&self) -> bool {
        self.counts.lock().active() > 0
    }

    pub(crate) fn headcount(&self) -> Headcount {
        let counts = self.counts.lock();
        let idle = counts.parked.len() + counts.searching;
        Headcount { total: counts.total, idle, blocked: counts.blocked, late: counts.late }
    }

    fn publish(&self, counts: &Counts) {
        let active = counts.active();
        self.calls.store(counts.searching == 0 && active < self.max_workers, Ordering::Relaxed);
        self.surplus.store(active > self.max_workers, Ordering::Relaxed);
        let hungry = counts.parked.iter().any(|parker| parker.is_hungry());
        let hungry = hungry && active < self.max_workers;
        self.hungry.store(hungry, Ordering::Relaxed);
        self.attention.set(hungry || counts.stops_chunks);
    }
}

impl Counts {
    fn active(&self) -> usize {
        self.total - self.parked.len() - self.absent().min(self.max_blocked)
    }

    fn absent(&self) -> usize {
        self.blocked + self.late
    }

    /// One that is late may never come back, so who stands in for it is no spare.
    fn has_spares(&self, max_workers: usize) -> bool {
        self.total - self.late > max_workers
    }

    /// Counts a worker as what `change` makes it.
    fn change(&mut self, absence: &Absence, change: impl FnOnce()) {
        if let Some(before) = self.kind(absence) {
            *before -= 1;
        }
        change();
        if let Some(after) = self.kind(absence) {
            *after += 1;
        }
    }

    /// Where an absent worker is counted.
    fn kind(&mut self, absence: &Absence) -> Option<&mut usize> {
        match (absence.is_late(), absence.is_blocked()) {
            (true, _) => Some(&mut self.late),
            (false, true) => Some(&mut self.blocked),
            (false, false) => None,
        }
    }

    fn take_back(&mut self, parker: &Arc<Parker>) -> bool {
        let Some(place) = self.parked.iter().position(|parked| Arc::ptr_eq(parked, parker)) else { return false };
        self.parked.remove(place);
        parker.set_hungry(false);
        true
    }
}

#[cfg(test)]
mod tests;
