//! Where futures that several are waited for arrive when they are done: in the order of completion, each in O(1).

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
#[cfg(feature = "stream")]
use std::task::{Context, Poll};
use std::time::Instant;

use super::AnyFuture;
use crate::blocking_wait;
use crate::callback;
use crate::report;
use crate::sync::{Condvar, Mutex};
use crate::task::TaskId;
use crate::watch::{Watch, Watcher};
use crate::worker::{self, CompletionQueue};

/// A list of arrivals, shared with every future that is watched.
pub(crate) struct Arrivals {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    enough: Condvar,
}

#[derive(Default)]
struct State {
    /// The numbers of the futures that are done and were not taken.
    arrived: VecDeque<usize>,
    failed: bool,
    /// What the one thread that waits needs; nobody is woken before.
    wake_when: Option<WakeWhen>,
    /// Where it waits, if it runs the completions of others.
    queue: Option<Arc<dyn CompletionQueue>>,
    /// Of who polls instead of waiting; woken by the next arrival.
    waker: Option<Waker>,
}

/// What a waiting thread needs to see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WakeWhen {
    /// So many arrivals ...
    pub(crate) arrived: usize,
    /// ... or one that failed.
    pub(crate) on_failure: bool,
}

impl WakeWhen {
    fn is_met(self, state: &State) -> bool {
        state.arrived.len() >= self.arrived || self.on_failure && state.failed
    }
}

impl Arrivals {
    pub(crate) fn new() -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::new(State::default()), enough: Condvar::new() }) }
    }

    /// Lets `future` arrive as `index`: now if it is done, else when it is.
    pub(crate) fn watch(&self, future: &impl AnyFuture, index: usize) {
        let task = future.watched().0;
        let watch: Arc<dyn Watch> = self.shared.clone();
        if let Err(watcher) = task.watch(Watcher { watch, index }) {
            watcher.tell(future.failed());
        }
    }

    /// Lets `future` never arrive, if it hasn't.
    pub(crate) fn unwatch(&self, future: &impl AnyFuture) {
        let watch: Arc<dyn Watch> = self.shared.clone();
        future.watched().0.unwatch(&watch);
    }

    /// The next arrival; `None` if nothing has arrived.
    pub(crate) fn take(&self) -> Option<usize> {
        self.shared.state.lock().arrived.pop_front()
    }

    /// The next arrival; whoever polls is woken by it.
    #[cfg(feature = "stream")]
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<usize> {
        callback::pay_debts();
        // Cloning and dropping a waker is foreign code, so both happen outside the lock (L6).
        let fresh = context.waker().clone();
        let mut state = self.shared.state.lock();
        if let Some(index) = state.arrived.pop_front() {
            drop(state);
            report::discard(fresh);
            return Poll::Ready(index);
        }
        let stale = state.waker.replace(fresh);
        drop(state);
        report::discard(stale);
        Poll::Pending
    }

    /// Blocks until `wake_when` is met, or until the deadline: `Some(None)` is one too far away to express. On a thread
    /// that runs the completions of others, it runs those of the futures that `is_watched` names.
    ///
    /// What ends the wait if everybody else is dead: each watched future's producer decides an outcome when it
    /// vanishes, which tells us.
    #[track_caller]
    pub(crate) fn wait(
        &self,
        wake_when: WakeWhen,
        deadline: Option<Option<Instant>>,
        is_watched: &dyn Fn(TaskId) -> bool,
    ) {
        callback::pay_debts();
        if wake_when.is_met(&self.shared.state.lock()) {
            return;
        }
        if let Some(queue) = worker::queue() {
            return self.shared.wait_at(&queue, wake_when, deadline.flatten(), is_watched);
        }
        blocking_wait::block(deadline.is_some(), || self.shared.wait(wake_when, deadline.flatten()));
    }
}

impl Shared {
    fn wait(&self, wake_when: WakeWhen, deadline: Option<Instant>) {
        let mut state = self.state.lock();
        while !wake_when.is_met(&state) {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                break;
            }
            state.wake_when = Some(wake_when);
            state = self.enough.wait_maybe_until(state, deadline);
        }
        state.wake_when = None;
    }

    /// As [`wait`](Self::wait), on the thread that runs the completions of `queue`.
    fn wait_at(
        &self,
        queue: &Arc<dyn CompletionQueue>,
        wake_when: WakeWhen,
        deadline: Option<Instant>,
        is_watched: &dyn Fn(TaskId) -> bool,
    ) {
        self.expect(Some(wake_when), Some(queue.clone()));
        worker::wait_at(&**queue, deadline, is_watched, || wake_when.is_met(&self.state.lock()));
        self.expect(None, None);
    }

    fn expect(&self, wake_when: Option<WakeWhen>, queue: Option<Arc<dyn CompletionQueue>>) {
        let mut state = self.state.lock();
        state.wake_when = wake_when;
        let previous = std::mem::replace(&mut state.queue, queue);
        drop(state);
        drop(previous);
    }
}

impl Watch for Shared {
    fn released(&self, index: usize, failed: bool) {
        let mut state = self.state.lock();
        state.arrived.push_back(index);
        state.failed |= failed;
        let wake = state.wake_when.is_some_and(|wake_when| wake_when.is_met(&state));
        let queue = if wake { state.queue.clone() } else { None };
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            report::contain("a waker", || waker.wake());
        }
        match queue {
            Some(queue) => queue.wake(),
            None if wake => self.enough.notify_one(),
            None => {}
        }
    }
}

#[cfg(all(test, not(any(concurrent_futures_loom, concurrent_futures_shuttle))))]
mod tests {
    use std::sync::Arc;

    use super::Arrivals;
    use crate::promise::Promise;

    #[test]
    fn a_future_forgets_who_waits_no_more() {
        let (_promise, future) = Promise::<()>::new();
        let arrivals = Arrivals::new();
        arrivals.watch(&future, 0);
        assert_eq!(Arc::strong_count(&arrivals.shared), 2);
        arrivals.unwatch(&future);
        assert_eq!(Arc::strong_count(&arrivals.shared), 1, "waits that time out pile up in the future");
    }
}
