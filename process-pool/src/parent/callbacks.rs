//! The thread that runs done callbacks, so that no supervisor ever waits for user code. It starts with the first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use concurrent_futures_core::TaskId;
use concurrent_futures_core::sync::{Condvar, Mutex};
use concurrent_futures_core::worker::{Completion, CompletionQueue, CompletionSink, run_completions_of};

/// Completions whose callbacks are still to be run.
#[derive(Default)]
pub(crate) struct Callbacks {
    name: String,
    desk: Mutex<Desk>,
    changed: Condvar,
    /// Ourselves, for the thread.
    me: std::sync::Weak<Callbacks>,
}

#[derive(Default)]
struct Desk {
    waiting: VecDeque<Completion>,
    thread: Option<thread::JoinHandle<()>>,
    /// Something arrived, or somebody called `wake`.
    has_changed: bool,
    /// The thread has something to do, or may get something.
    is_serving: bool,
    is_stopped: bool,
}

impl Callbacks {
    pub(crate) fn new(name: &str) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            name: format!("{name}_callbacks"),
            desk: Mutex::default(),
            changed: Condvar::new(),
            me: me.clone(),
        })
    }

    /// Lets the thread end once everything was run.
    pub(crate) fn stop(&self) {
        self.desk.lock().is_stopped = true;
        self.changed.notify_all();
    }

    /// Waits until everything was run, after [`stop`](Self::stop), and joins the thread. False if the time is over first:
    /// what callbacks do may take long. On the thread itself it only starts the end.
    pub(crate) fn join(&self, deadline: Option<Instant>) -> bool {
        let mut desk = self.desk.lock();
        while desk.is_serving
            && desk.thread.as_ref().is_some_and(|thread| thread.thread().id() != thread::current().id())
        {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
            desk = self.changed.wait_maybe_until(desk, deadline);
        }
        let thread = desk.thread.take();
        drop(desk);
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            // Core contains the panics of callbacks.
            let _ = thread.join();
        }
        true
    }

    /// What ends the wait: a completion, or `stop`, which the end of the pool calls.
    fn serve(self: &Arc<Self>) {
        let _guard = run_completions_of(self.clone());
        let mut desk = self.desk.lock();
        loop {
            if let Some(completion) = desk.waiting.pop_front() {
                drop(desk);
                completion.run();
                desk = self.desk.lock();
            } else if desk.is_stopped {
                desk.is_serving = false;
                drop(desk);
                return self.changed.notify_all();
            } else {
                desk = self.changed.wait(desk);
            }
        }
    }
}

impl CompletionSink for Callbacks {
    fn accept(&self, completion: Completion) {
        let mut desk = self.desk.lock();
        if desk.is_stopped && !desk.is_serving {
            // Nobody would come any more.
            drop(desk);
            return completion.run();
        }
        if desk.thread.is_none() {
            let Some(me) = self.me.upgrade() else { return drop(desk) };
            match thread::Builder::new().name(self.name.clone()).spawn(move || me.serve()) {
                Ok(thread) => (desk.thread, desk.is_serving) = (Some(thread), true),
                Err(_) => {
                    // Late and on the wrong thread is better than never.
                    drop(desk);
                    return completion.run();
                }
            }
        }
        desk.waiting.push_back(completion);
        desk.has_changed = true;
        drop(desk);
        self.changed.notify_all();
    }
}

impl CompletionQueue for Callbacks {
    fn take(&self, wanted: &dyn Fn(TaskId) -> bool) -> Option<Completion> {
        let mut desk = self.desk.lock();
        let place = desk.waiting.iter().position(|completion| wanted(completion.id()))?;
        desk.waiting.remove(place)
    }

    fn wait(&self, deadline: Option<Instant>) {
        let mut desk = self.desk.lock();
        while !std::mem::take(&mut desk.has_changed) {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return;
            }
            desk = self.changed.wait_maybe_until(desk, deadline);
        }
    }

    fn wake(&self) {
        self.desk.lock().has_changed = true;
        self.changed.notify_all();
    }
}
