//! The bound of a bounded queue: how many tasks may wait, and what a submit does when that many do.
//!
//! Each waiting job [holds](crate::Job::hold) a [`Permit`] for its tasks. It is dropped as soon as the task starts, is
//! cancelled or failed, so a cancelled task makes room at once though it still stands in the queue. The module is public
//! for the pools of this workspace and hidden, since it is no part of the interface; [`WhenFull`] is.

use std::sync::Arc;

use crate::sync::{Condvar, Mutex};

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
    waiting: usize,
    is_closed: bool,
}

/// Room for some tasks, given back on drop.
#[derive(Debug)]
#[must_use = "dropping it gives the room back"]
pub struct Permit {
    room: Arc<Room>,
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
        self.limit.saturating_sub(self.state.lock().taken)
    }

    /// Takes room if there is enough. A job of more tasks than there can ever be room for enters an empty room.
    pub fn try_enter(self: &Arc<Self>, tasks: usize) -> Option<Permit> {
        let mut state = self.state.lock();
        self.fits(&state, tasks).then(|| self.take(&mut state, tasks))
    }

    /// Takes room whether there is any or not.
    pub fn force_enter(self: &Arc<Self>, tasks: usize) -> Permit {
        self.take(&mut self.state.lock(), tasks)
    }

    /// Waits for room. `None` if the room was closed: nobody is let in any more.
    ///
    /// What ends the wait: a task that starts or is cancelled, or the pool's shutdown, which closes the room.
    pub fn enter(self: &Arc<Self>, tasks: usize) -> Option<Permit> {
        let mut state = self.state.lock();
        while !state.is_closed && !self.fits(&state, tasks) {
            state.waiting += 1;
            state = self.changed.wait(state);
            state.waiting -= 1;
        }
        (!state.is_closed).then(|| self.take(&mut state, tasks))
    }

    /// Lets nobody in any more, and wakes who waits.
    pub fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn fits(&self, state: &State, tasks: usize) -> bool {
        state.taken + tasks <= self.limit || state.taken == 0
    }

    fn take(self: &Arc<Self>, state: &mut State, tasks: usize) -> Permit {
        state.taken += tasks;
        Permit { room: self.clone(), tasks }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.room.state.lock();
        state.taken -= self.tasks;
        let somebody_waits = state.waiting > 0;
        drop(state);
        if somebody_waits {
            self.room.changed.notify_all();
        }
    }
}
