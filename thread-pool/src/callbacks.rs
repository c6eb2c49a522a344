//! The threads that run the done callbacks of what no worker ends: what is late, killed, cancelled or refused together
//! with others.
//!
//! Whoever ends such tasks, the timer first of all, has others to end, so he leaves their callbacks here. The first to come
//! starts a thread, which runs one after the other and ends when none is left. If one takes longer than [`PATIENCE`]
//! while others wait, another thread comes to their help: so each future ends, whatever the callbacks of the others
//! wait for.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use concurrent_futures_core::sync::{Mutex, thread};
use concurrent_futures_core::worker::{self, Completion, CompletionSink, DeferGuard};

use crate::lifecycle::is_finished;
use crate::shared::{Shared, due_in};

/// A callback that takes longer doesn't keep the others waiting.
const PATIENCE: Duration = Duration::from_millis(10);

#[derive(Default)]
pub(crate) struct Callbacks {
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    waiting: VecDeque<Completion>,
    /// Threads that run completions, or are about to start.
    runners: usize,
    /// How many completions were ever begun.
    begun: u64,
    /// Whether the timer is asked to look after what waits.
    is_watched: bool,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Callbacks {
    /// Whether none waits or runs.
    pub(crate) fn are_over(&self) -> bool {
        // A runner leaves only when none waits.
        self.desk.lock().runners == 0
    }

    /// The threads, to be joined once all [are over](Self::are_over).
    pub(crate) fn take_threads(&self) -> Vec<thread::JoinHandle<()>> {
        std::mem::take(&mut self.desk.lock().threads)
    }

    /// Begins the next one; tells a runner to leave if there is none.
    fn next(&self) -> Option<Completion> {
        let mut desk = self.desk.lock();
        let next = desk.waiting.pop_front();
        match next {
            Some(_) => desk.begun += 1,
            None => desk.runners -= 1,
        }
        next
    }
}

/// Where a thread leaves callbacks.
struct Sink(Arc<Shared>);

impl CompletionSink for Sink {
    fn accept(&self, completion: Completion) {
        let shared = &self.0;
        let mut desk = shared.callbacks.desk.lock();
        desk.waiting.push_back(completion);
        let is_first = desk.runners == 0;
        let is_unwatched = !is_first && !std::mem::replace(&mut desk.is_watched, true);
        let begun = desk.begun;
        desk.runners += usize::from(is_first);
        drop(desk);
        if is_first && shared.start_runner().is_err() {
            // Late and on the wrong thread is better than never.
            shared.run_callbacks();
        } else if is_unwatched {
            shared.watch_callbacks(begun);
        }
    }
}

impl Shared {
    /// Leaves the callbacks of what the calling thread ends to the pool's threads for them, until the guard is dropped.
    pub(crate) fn defer_callbacks(self: &Arc<Self>) -> DeferGuard {
        worker::defer_callbacks(Arc::new(Sink(self.clone())))
    }

    /// Starts the thread of a runner that is counted already.
    fn start_runner(self: &Arc<Self>) -> io::Result<()> {
        let shared = self.clone();
        let name = format!("{}_callbacks", self.name);
        // Under the lock, so that whoever finds that it is over finds its handle too.
        let mut desk = self.callbacks.desk.lock();
        desk.threads.push(thread::Builder::new().name(name).spawn(move || shared.run_callbacks())?);
        Ok(())
    }

    fn run_callbacks(self: &Arc<Self>) {
        // Wakers, which run here too, must not wait for this thread.
        let ending = self.lifecycle.enter_ending();
        while let Some(completion) = self.callbacks.next() {
            completion.run();
        }
        drop(ending);
        self.join_runners();
        self.lifecycle.note_change();
    }

    /// Joins those that have ended before.
    fn join_runners(&self) {
        let mut desk = self.callbacks.desk.lock();
        let (over, left) = std::mem::take(&mut desk.threads).into_iter().partition(is_finished);
        desk.threads = left;
        drop(desk);
        let over: Vec<thread::JoinHandle<()>> = over;
        for thread in over {
            // Core contains the panics of callbacks.
            let _ = thread.join();
        }
    }

    /// Has the timer look after a while whether any has begun since `begun` had.
    fn watch_callbacks(self: &Arc<Self>, begun: u64) {
        let shared = Arc::downgrade(self);
        let look = move || {
            if let Some(shared) = shared.upgrade() {
                shared.help_callbacks(begun);
            }
        };
        if self.timer.at(due_in(PATIENCE), &self.name, None, look).is_err() {
            self.callbacks.desk.lock().is_watched = false;
        }
    }

    /// One more runner if none has begun since.
    fn help_callbacks(self: &Arc<Self>, begun_before: u64) {
        let mut desk = self.callbacks.desk.lock();
        desk.is_watched = !desk.waiting.is_empty();
        let (is_watched, begun) = (desk.is_watched, desk.begun);
        let helps = is_watched && begun == begun_before;
        desk.runners += usize::from(helps);
        drop(desk);
        if helps && self.start_runner().is_err() {
            // The next look tries again.
            self.callbacks.desk.lock().runners -= 1;
        }
        if is_watched {
            self.watch_callbacks(begun);
        }
    }
}
