//! Where futures that several are waited for arrive when they are done: in the order of completion, each in O(1).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::AnyFuture;
use crate::blocking_wait;
use crate::callback;
use crate::sync::{Condvar, Mutex};
use crate::watch::{Watch, Watcher};

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

    /// Blocks until `wake_when` is met, or until the deadline: `Some(None)` is one too far away to express.
    ///
    /// What ends the wait if everybody else is dead: each watched future's producer decides an outcome when it
    /// vanishes, which tells us.
    #[track_caller]
    pub(crate) fn wait(&self, wake_when: WakeWhen, deadline: Option<Option<Instant>>) {
        callback::pay_debts();
        if wake_when.is_met(&self.shared.state.lock()) {
            return;
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
}

impl Watch for Shared {
    fn released(&self, index: usize, failed: bool) {
        let mut state = self.state.lock();
        state.arrived.push_back(index);
        state.failed |= failed;
        let wake = state.wake_when.is_some_and(|wake_when| wake_when.is_met(&state));
        drop(state);
        if wake {
            self.enough.notify_one();
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
