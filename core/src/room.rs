//! **The bound of a bounded queue**: how many tasks may wait, and who comes in next when that many do.
//!
//! ```text
//!                       there is room, and nobody in line
//!   try_enter ──────────────────────────────────────────────► Permit ── the task starts, is cancelled or fails ──► gone
//!                                                               ▲                                                   │
//!   enter, Place::poll ──► line ──► admitted ───────────────────┘  ◄── as many as fit, from the front ──────────────┘
//!                            │         │ the Place is dropped: the room goes to the next
//!                            ▼         ▼
//!                          closed: nobody is let in any more, and all are woken
//! ```
//!
//! Each waiting job [holds](crate::Job::hold) a [`Permit`] for its tasks. It is dropped as soon as the task starts, is
//! cancelled or failed, so a cancelled task makes room at once though it still stands in the queue. The module is public
//! for the pools of this workspace and hidden, since it is no part of the interface; [`WhenFull`] is.
//!
//! - **O1** Whoever waits comes in in the order in which he came, threads and wakers in one line; nobody passes them by.
//! - **O2** Room that nobody takes goes to the next: by the drop of a permit, or of a place that was admitted.
//! - **O3** Closing wakes all who wait, and none of them gets in.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::report;
use crate::sync::{Condvar, Mutex, MutexGuard};

/// What a submit does when `max_pending` tasks wait already. A task waits until a worker has begun it, also while a
/// worker is being started for it.
///
/// ```
/// use concurrent_futures_core::WhenFull;
///
/// fn is_patient(when_full: WhenFull) -> bool {
///     when_full == WhenFull::Block
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The submit blocks until there is room. One from the pool's own tasks never blocks: it is let in.
    Block,
    /// The future fails with [`Rejected`](crate::Rejected).
    Reject,
    /// The submitting thread runs the task itself.
    CallerRuns,
}

/// How many tasks may wait.
#[derive(Debug)]
pub struct Room {
    limit: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    is_closed: bool,
    /// Who waits, the first one in front.
    line: VecDeque<Waiting>,
    /// Who was let in and has not noticed: the room is taken already.
    admitted: Vec<u64>,
    next_ticket: u64,
    /// Threads that sleep.
    sleepers: usize,
    /// Of who wants to know whether there is room, without standing in line.
    curious: Vec<Waker>,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    tasks: usize,
    /// None of a thread, and of who has not been polled.
    waker: Option<Waker>,
}

/// Room for some tasks, given back on drop.
#[derive(Debug)]
#[must_use = "dropping it gives the room back"]
pub struct Permit {
    room: Arc<Room>,
    tasks: usize,
}

/// A place in the line, for who polls. Dropping it leaves the line.
#[derive(Debug)]
pub struct Place {
    room: Arc<Room>,
    /// None once it has been left.
    ticket: Option<u64>,
    tasks: usize,
}

impl Room {
    /// Room for so many tasks.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, state: Mutex::new(State::default()), changed: Condvar::new() })
    }

    /// How many tasks may wait.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many more tasks may wait now.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left_of(&self.state.lock())
    }

    /// As [`left`](Self::left); if there is no room, whoever polls is woken when there may be, or the room is closed.
    pub fn poll_left(&self, context: &Context<'_>) -> Poll<usize> {
        // Cloning and dropping a waker is foreign code, so both happen outside the lock.
        let waker = context.waker().clone();
        let mut state = self.state.lock();
        let left = self.left_of(&state);
        if left > 0 || state.is_closed {
            drop(state);
            report::discard(waker);
            return Poll::Ready(left);
        }
        // One that polls again and again is noted once.
        let known = state.curious.iter_mut().find(|known| known.will_wake(&waker));
        let stale = match known {
            Some(known) => Some(std::mem::replace(known, waker)),
            None => {
                state.curious.push(waker);
                None
            }
        };
        drop(state);
        report::discard(stale);
        Poll::Pending
    }

    /// Takes room if there is enough, and nobody waits for it. A job of more tasks than there can ever be room for enters an
    /// empty room.
    pub fn try_enter(self: &Arc<Self>, tasks: usize) -> Option<Permit> {
        let mut state = self.state.lock();
        (state.line.is_empty() && self.fits(&state, tasks)).then(|| self.take(&mut state, tasks))
    }

    /// Takes room whether there is any or not.
    pub fn force_enter(self: &Arc<Self>, tasks: usize) -> Permit {
        self.take(&mut self.state.lock(), tasks)
    }

    /// Waits for room. `None` if the room was closed: nobody is let in any more.
    ///
    /// What ends the wait: a task that starts or is cancelled, or the pool's shutdown, which closes the room.
    pub fn enter(self: &Arc<Self>, tasks: usize) -> Option<Permit> {
        let mut place = self.place(tasks);
        let mut state = self.state.lock();
        loop {
            if let Some(outcome) = place.look(&mut state) {
                return outcome;
            }
            state.sleepers += 1;
            state = self.changed.wait(state);
            state.sleepers -= 1;
        }
    }

    /// A place at the end of the line.
    #[must_use]
    pub fn place(self: &Arc<Self>, tasks: usize) -> Place {
        let mut state = self.state.lock();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.line.push_back(Waiting { ticket, tasks, waker: None });
        self.admit(state);
        Place { room: self.clone(), ticket: Some(ticket), tasks }
    }

    /// Lets nobody in any more, and wakes who waits.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        let waiting = std::mem::take(&mut state.line);
        let wakers = waiting.into_iter().filter_map(|waiting| waiting.waker).chain(std::mem::take(&mut state.curious));
        let wakers: Vec<Waker> = wakers.collect();
        drop(state);
        self.changed.notify_all();
        wakers.into_iter().for_each(wake);
    }

    fn left_of(&self, state: &State) -> usize {
        if state.line.is_empty() { self.limit.saturating_sub(state.taken) } else { 0 }
    }

    fn fits(&self, state: &State, tasks: usize) -> bool {
        state.taken + tasks <= self.limit || state.taken == 0
    }

    fn take(self: &Arc<Self>, state: &mut State, tasks: usize) -> Permit {
        state.taken += tasks;
        Permit { room: self.clone(), tasks }
    }

    /// Lets in who fits, from the front (O1), and tells them.
    fn admit(&self, mut state: MutexGuard<'_, State>) {
        let mut wakers = Vec::new();
        let mut is_anybody_in = false;
        while !state.is_closed
            && let Some(first) = state.line.front()
            && self.fits(&state, first.tasks)
            && let Some(first) = state.line.pop_front()
        {
            state.taken += first.tasks;
            state.admitted.push(first.ticket);
            wakers.extend(first.waker);
            is_anybody_in = true;
        }
        if !state.curious.is_empty() && self.left_of(&state) > 0 {
            wakers.append(&mut state.curious);
        }
        let somebody_sleeps = is_anybody_in && state.sleepers > 0;
        drop(state);
        if somebody_sleeps {
            self.changed.notify_all();
        }
        wakers.into_iter().for_each(wake);
    }

    fn give_back(&self, mut state: MutexGuard<'_, State>, tasks: usize) {
        state.taken -= tasks;
        self.admit(state);
    }
}

fn wake(waker: Waker) {
    report::contain("a waker", || waker.wake());
}

impl Place {
    /// Whether it is in: a permit, or nothing if the room was closed. Whoever polls is woken when that is decided.
    pub fn poll(&mut self, context: &Context<'_>) -> Poll<Option<Permit>> {
        let fresh = context.waker().clone();
        let room = self.room.clone();
        let mut state = room.state.lock();
        let outcome = self.look(&mut state);
        let ours = state.line.iter_mut().find(|waiting| Some(waiting.ticket) == self.ticket);
        let stale = match ours {
            Some(waiting) => waiting.waker.replace(fresh),
            None => Some(fresh),
        };
        drop(state);
        report::discard(stale);
        outcome.map_or(Poll::Pending, Poll::Ready)
    }

    /// How it has ended, once it has.
    fn look(&mut self, state: &mut State) -> Option<Option<Permit>> {
        let Some(ticket) = self.ticket else { return Some(None) };
        if let Some(at) = state.admitted.iter().position(|admitted| *admitted == ticket) {
            state.admitted.swap_remove(at);
            self.ticket = None;
            // The room is taken already.
            return Some(Some(Permit { room: self.room.clone(), tasks: self.tasks }));
        }
        if state.is_closed {
            self.ticket = None;
            return Some(None);
        }
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut state = self.room.state.lock();
        if let Some(at) = state.admitted.iter().position(|admitted| *admitted == ticket) {
            state.admitted.swap_remove(at);
            return self.room.give_back(state, self.tasks);
        }
        let at = state.line.iter().position(|waiting| waiting.ticket == ticket);
        let left = at.and_then(|at| state.line.remove(at));
        // Those behind may fit where it did not.
        self.room.admit(state);
        report::discard(left);
    }
}

impl Permit {
    /// For how many tasks.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.room.give_back(self.room.state.lock(), self.tasks);
    }
}

#[cfg(all(test, not(any(concurrent_futures_loom, concurrent_futures_shuttle))))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::{Permit, Place, Room};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Somebody who waits, and how often he was woken.
    struct Waiter {
        place: Place,
        count: Arc<Count>,
    }

    impl Waiter {
        fn new(room: &Arc<Room>, tasks: usize) -> Self {
            let mut waiter = Self { place: room.place(tasks), count: Arc::default() };
            assert!(waiter.poll().is_pending());
            waiter
        }

        fn poll(&mut self) -> Poll<Option<Permit>> {
            let waker = Waker::from(self.count.clone());
            self.place.poll(&Context::from_waker(&waker))
        }

        fn woken(&self) -> usize {
            self.count.0.load(Ordering::Relaxed)
        }

        fn is_in(&mut self) -> Option<Permit> {
            match self.poll() {
                Poll::Ready(permit) => permit,
                Poll::Pending => None,
            }
        }
    }

    #[test]
    fn o1_who_came_first_comes_in_first_and_nobody_passes_by() {
        let room = Room::new(2);
        let (one, two) = (room.try_enter(1).unwrap(), room.try_enter(1).unwrap());
        let (mut first, mut second) = (Waiter::new(&room, 2), Waiter::new(&room, 1));
        drop(one);
        assert_eq!((first.woken(), second.woken()), (0, 0), "there is no room for two");
        assert!(room.try_enter(1).is_none() && room.left() == 0, "the room that there is belongs to who waits");
        drop(two);
        assert_eq!((first.woken(), second.woken()), (1, 0));
        let both = first.is_in().unwrap();
        assert!(second.poll().is_pending());
        drop(both);
        assert_eq!(second.woken(), 1);
        assert!(second.is_in().is_some() && room.left() == 2);
    }

    #[test]
    fn o2_room_that_nobody_takes_goes_to_the_next() {
        let room = Room::new(1);
        let held = room.try_enter(1).unwrap();
        let (first, second, mut third) = (Waiter::new(&room, 1), Waiter::new(&room, 1), Waiter::new(&room, 1));
        drop(second);
        drop(held);
        assert_eq!((first.woken(), third.woken()), (1, 0));
        // It was admitted, and doesn't want it any more.
        drop(first);
        assert_eq!(third.woken(), 1);
        drop(third.is_in().unwrap());
        assert_eq!(room.left(), 1);
    }

    #[test]
    fn o2_one_that_needs_much_and_leaves_lets_those_behind_in() {
        let room = Room::new(2);
        let _held = room.try_enter(1).unwrap();
        let (large, mut small) = (Waiter::new(&room, 2), Waiter::new(&room, 1));
        drop(large);
        assert!(small.woken() == 1 && small.is_in().is_some());
    }

    #[test]
    fn o3_a_close_wakes_all_and_lets_nobody_in() {
        let room = Room::new(1);
        let held = room.try_enter(1).unwrap();
        let (mut waiter, count) = (Waiter::new(&room, 1), Arc::<Count>::default());
        let waker = Waker::from(count.clone());
        assert!((0..3).all(|_| room.poll_left(&Context::from_waker(&waker)).is_pending()));
        room.close();
        assert_eq!((waiter.woken(), count.0.load(Ordering::Relaxed)), (1, 1), "each once");
        assert!(matches!(waiter.poll(), Poll::Ready(None)) && room.enter(1).is_none());
        drop(held);
        assert!(room.poll_left(&Context::from_waker(&waker)).is_ready());
    }

    #[test]
    fn who_only_looks_is_woken_when_there_is_room_behind_the_line() {
        let room = Room::new(1);
        let held = room.try_enter(1).unwrap();
        let (mut waiter, count) = (Waiter::new(&room, 1), Arc::<Count>::default());
        let waker = Waker::from(count.clone());
        assert!(room.poll_left(&Context::from_waker(&waker)).is_pending());
        drop(held);
        let permit = waiter.is_in().unwrap();
        assert_eq!(count.0.load(Ordering::Relaxed), 0, "the line comes first");
        drop(permit);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(matches!(room.poll_left(&Context::from_waker(&waker)), Poll::Ready(1)));
    }
}
