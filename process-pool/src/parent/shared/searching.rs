//! Which workers are about to look at the queue (Q4).

use std::sync::Arc;
use std::time::Duration;

use super::Shared;

/// Workers whose last result is being released. What waits is left to them, a job to each.
#[derive(Debug, Default)]
pub(super) struct Searching {
    workers: Vec<Search>,
    /// Somebody comes to see whether they have looked.
    is_watched: bool,
}

#[derive(Debug)]
struct Search {
    number: usize,
    /// It was on already when somebody came to see.
    is_late: bool,
}

/// Who searches has so long before somebody comes to see, and as long again: more than the system lets a thread wait for a
/// core. Only code of the user's takes longer, a waker or a destructor.
const LONG_ENOUGH: Duration = Duration::from_millis(50);

impl Searching {
    /// How many jobs may be left to them.
    pub(super) fn len(&self) -> usize {
        self.workers.len()
    }

    fn begin(&mut self, number: usize) {
        self.workers.push(Search { number, is_late: false });
    }

    /// The worker looks, or is gone. False if it didn't search, or others were called in its place.
    pub(super) fn end(&mut self, number: usize) -> bool {
        let place = self.workers.iter().position(|search| search.number == number);
        place.map(|place| self.workers.swap_remove(place)).is_some()
    }

    /// A job is left to them. Tells whether the caller must see to it that somebody comes to see.
    pub(super) fn leave_one(&mut self) -> bool {
        !std::mem::replace(&mut self.is_watched, true)
    }

    /// Somebody comes to see. Tells how many don't count any more.
    fn give_up_late(&mut self) -> usize {
        self.is_watched = false;
        let before = self.workers.len();
        self.workers.retain(|search| !search.is_late);
        self.workers.iter_mut().for_each(|search| search.is_late = true);
        before - self.workers.len()
    }
}

impl Shared {
    /// A worker has answered everything: its supervisor looks at the queue as soon as it has released the last result.
    pub(crate) fn announce_search(&self, number: usize) {
        self.state.lock().searching.begin(number);
    }

    /// Sees to it that what was left to those who search doesn't wait for one that doesn't come.
    pub(super) fn watch_searches(self: &Arc<Self>) {
        let shared = Arc::downgrade(self);
        self.warden.after(LONG_ENOUGH, move || {
            if let Some(shared) = shared.upgrade() {
                shared.look_after_searches();
            }
        });
    }

    /// Calls others in the place of those who are late, and comes again as long as something is left to somebody.
    pub(crate) fn look_after_searches(self: &Arc<Self>) {
        let late = self.state.lock().searching.give_up_late();
        (0..late.max(1)).for_each(|_| self.act(self.state.lock()));
    }
}
