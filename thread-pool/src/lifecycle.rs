//! **The end of a pool**: shutdown in all its forms, and breaking down.
//!
//! ```text
//!   ┌──────┐  any shutdown, Drop,   ┌─────────┐  the last worker left   ┌───────┐
//!   │ OPEN │ ─────────────────────► │ CLOSING │ ──────────────────────► │ ENDED │
//!   └──────┘  break_down            └─────────┘                         └───────┘
//!                                        │  kill: the grace is over          ▲
//!                                        └───────────────────────────────────┘
//!                                           what still runs is given up
//! ```
//!
//! No arrow goes back, and each step may be taken by several callers at once.
//!
//! - *Closing* closes the queue and its room, and wakes every parked worker and blocked submitter. Workers run what is
//!   left in the queue and leave; `cancel_pending`, `kill` and `break_down` empty it first. A `kill_after` is a kill that the
//!   timer makes. With the first
//!   two a running chunk begins nothing further.
//! - *Ended*: a caller that waits returns, at the latest when its `within` is over. Nobody who is inside a task or a
//!   callback waits: he would wait for himself, or for somebody who waits for him.
//! - Whoever ends tasks of others here leaves their callbacks to [`callbacks`](crate::callbacks): one that blocks keeps
//!   nobody from ending the rest.
//!
//! Promises: **D1** a job that was taken runs, or is cancelled by a shutdown that says so, or fails with the reason;
//! **D2** after a complete shutdown no thread of the pool is left; **D3** no shutdown waits longer than `within`;
//! **D4** no callback keeps another task from its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use concurrent_futures_core::sync::{AtomicBool, Condvar, Mutex, Ordering, fence, thread};
use concurrent_futures_core::worker::{self, RunningJobs};
use concurrent_futures_core::{
    Abandoned, Escalation, Job, JobHandle, Reason, Rejected, Shutdown, ShutdownMode, ShutdownReport, Tally, TaskId,
};

use crate::shared::{Shared, due_in};

#[derive(Default)]
pub(crate) struct Lifecycle {
    state: Mutex<State>,
    changed: Condvar,
    /// Whether what waits is cancelled, in running chunks too.
    cancels_pending: AtomicBool,
    /// Whether anybody has shut the pool down, by the pool or by a handle: then dropping it waits no more.
    was_shut_down: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Why the pool takes nothing any more, if that isn't a shutdown.
    broken: Option<Rejected>,
    has_given_up: bool,
    /// Tasks that submitting threads run themselves, since the queue was full.
    in_callers: Vec<JobHandle>,
    /// The threads that end futures from outside of their tasks, or run the callbacks of those.
    ending: Vec<thread::ThreadId>,
}

/// A task that runs in a submitting thread: a drain waits for it too, and a kill reaches it.
pub(crate) struct InCaller<'a>(&'a Lifecycle, TaskId);

impl Drop for InCaller<'_> {
    fn drop(&mut self) {
        self.0.state.lock().in_callers.retain(|task| task.id() != self.1);
        self.0.changed.notify_all();
    }
}

/// The calling thread ends futures of others: a drain waits for it too, and nobody joins it meanwhile.
pub(crate) struct Ending<'a>(&'a Lifecycle);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let us = thread::current().id();
        let mut state = self.0.state.lock();
        let place = state.ending.iter().position(|thread| *thread == us);
        place.map(|place| state.ending.swap_remove(place));
        drop(state);
        self.0.changed.notify_all();
    }
}

impl Lifecycle {
    pub(crate) fn enter_caller(&self, task: JobHandle) -> InCaller<'_> {
        let id = task.id();
        self.state.lock().in_callers.push(task);
        InCaller(self, id)
    }

    pub(crate) fn enter_ending(&self) -> Ending<'_> {
        self.state.lock().ending.push(thread::current().id());
        Ending(self)
    }

    /// Whether the calling thread ends futures: whoever it calls must not wait for it.
    fn is_ending_here(&self) -> bool {
        self.state.lock().ending.contains(&thread::current().id())
    }

    pub(crate) fn was_shut_down(&self) -> bool {
        self.was_shut_down.load(Ordering::Relaxed)
    }

    /// What a submit is told after the queue was closed.
    pub(crate) fn refusal(&self) -> Rejected {
        self.state.lock().broken.clone().unwrap_or_else(|| Rejected::new(Reason::ShutDown))
    }

    /// Whether running chunks must begin nothing further.
    pub(crate) fn cancels_pending(&self) -> bool {
        self.cancels_pending.load(Ordering::Relaxed)
    }

    /// Something that a waiting shutdown looks at has changed.
    pub(crate) fn note_change(&self) {
        drop(self.state.lock());
        self.changed.notify_all();
    }
}

impl Shared {
    /// OPEN → CLOSING → ENDED, as `how` says.
    pub(crate) fn shut_down(self: &Arc<Self>, how: Shutdown) -> ShutdownReport {
        self.lifecycle.was_shut_down.store(true, Ordering::Relaxed);
        self.close();
        match how.mode() {
            ShutdownMode::CancelPending => self.cancel_pending(),
            ShutdownMode::Kill { grace } => self.kill(grace),
            // Drain: the workers run what was taken.
            _ => {}
        }
        if let Some(later) = how.escalation() {
            self.kill_later(later);
        }
        if !worker::is_inside_task() && !self.lifecycle.is_ending_here() {
            self.wait_for_end(how.wait_limit());
        }
        self.report()
    }

    /// OPEN → CLOSING, since no worker can work: what waits is rejected, and so is what comes.
    pub(crate) fn break_down(self: &Arc<Self>, why: &Rejected) {
        self.lifecycle.state.lock().broken.get_or_insert_with(|| why.clone());
        self.close();
        self.end_pending(|job| self.refuse(job, why.clone()));
    }

    fn close(&self) {
        self.queue.close();
        if let Some((room, _)) = &self.room {
            room.close();
        }
        for parker in self.roster.claim_all() {
            parker.unpark();
        }
    }

    /// Cancels what waits: in the queue, and behind the running task of a chunk.
    pub(crate) fn cancel_pending(self: &Arc<Self>) {
        self.lifecycle.cancels_pending.store(true, Ordering::Relaxed);
        // Pairs with the fence of `enqueue_part`: one of the two finds a part that comes at this moment.
        fence(Ordering::SeqCst);
        self.roster.stop_chunks();
        self.end_pending(|job| self.cancel(job));
    }

    /// Empties the queue.
    pub(crate) fn end_pending(self: &Arc<Self>, end: impl Fn(Job)) {
        let _deferred = self.defer_callbacks();
        while let Some(job) = self.queue.pop() {
            end(job);
        }
        // Another shutdown may wait for the queue to be empty, and no worker has to come by any more.
        self.lifecycle.note_change();
    }

    /// Kills what has not ended by then. What ends the timer: the end of the pool.
    fn kill_later(self: &Arc<Self>, later: Escalation) {
        let shared = Arc::downgrade(self);
        let kill = move || {
            if let Some(shared) = shared.upgrade() {
                shared.kill(later.grace);
            }
        };
        if self.timer.at(due_in(later.after), &self.name, None, kill).is_err() {
            // Without a timer nobody would end it in time.
            self.kill(later.grace);
        }
    }

    fn kill(self: &Arc<Self>, grace: Duration) {
        self.cancel_pending();
        for running in self.running_jobs() {
            running.request_stop(self.id);
        }
        self.in_callers().iter().for_each(JobHandle::request_stop);
        let shared = Arc::downgrade(self);
        let give_up = move || {
            if let Some(shared) = shared.upgrade() {
                shared.give_up();
            }
        };
        if grace.is_zero() || self.timer.at(due_in(grace), &self.name, None, give_up).is_err() {
            // Without a timer the grace can't be granted; a kill that never ends would be worse.
            self.give_up();
        }
    }

    /// CLOSING → ENDED: what still runs is given up, its threads are left behind.
    fn give_up(self: &Arc<Self>) {
        let _ending = self.lifecycle.enter_ending();
        let _deferred = self.defer_callbacks();
        self.cancel_pending();
        let in_workers = self.running_jobs().into_iter().flat_map(|running| running.give_up(self.id));
        for handle in in_workers.chain(self.in_callers()) {
            let count = |tally: Tally| self.count_abandoned(handle.id(), tally);
            handle.fail_then(Abandoned::new("its pool was killed while it ran"), count);
        }
        self.lifecycle.state.lock().has_given_up = true;
        self.lifecycle.note_change();
    }

    /// Waits for ENDED. What ends the wait: the last worker that leaves, the end of a kill's grace, or the limit.
    fn wait_for_end(&self, limit: Option<Duration>) {
        let deadline = limit.map(due_in);
        let mut state = self.lifecycle.state.lock();
        while !state.has_given_up
            && (self.roster.headcount().total > 0 || !self.queue.is_empty() || !self.is_quiet_outside(&state))
        {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return;
            }
            state = self.lifecycle.changed.wait_maybe_until(state, deadline);
        }
        drop(state);
        self.join_threads();
    }

    /// Waits until the threads are gone, thread-locals destroyed. Where some were given up, in a task or in foreign code
    /// around it, only those are waited for that have left their work.
    fn join_threads(&self) {
        let all_have_left = self.roster.headcount().total == 0;
        let nobody_runs = all_have_left && self.is_quiet_outside(&self.lifecycle.state.lock());
        let mut handles: Vec<thread::JoinHandle<()>> = Vec::new();
        self.threads.lock().retain(|_, thread| {
            let over = all_have_left || thread.has_left;
            if over {
                handles.extend(thread.handle.take());
            }
            !over
        });
        if nobody_runs {
            handles.extend(self.callbacks.take_threads());
        }
        for handle in handles {
            if handle.thread().id() != thread::current().id() {
                // A worker contains every panic of a task; should it die of its own, there is nothing left to join.
                let _ = handle.join();
            }
        }
        if nobody_runs {
            self.timer.stop();
        }
    }

    /// Whether nobody runs a task, or ends one, besides the workers.
    fn is_quiet_outside(&self, state: &State) -> bool {
        state.in_callers.is_empty() && state.ending.is_empty() && self.callbacks.are_over()
    }

    fn report(&self) -> ShutdownReport {
        let stats = self.stats();
        let mut report = ShutdownReport::default();
        report.abandoned = self.counters.abandoned();
        // A kill that goes on meanwhile counts what it gives up before it counts it as failed.
        report.finished = (stats.finished + stats.failed).saturating_sub(report.abandoned);
        report.cancelled = stats.cancelled;
        report.still_pending = stats.pending;
        let in_workers: usize = self.running_jobs().iter().map(|running| running.handles_of(self.id).len()).sum();
        report.still_running = in_workers + self.in_callers().len();
        report
    }

    fn running_jobs(&self) -> Vec<RunningJobs> {
        self.threads.lock().values().filter_map(|thread| thread.running.clone()).collect()
    }

    fn in_callers(&self) -> Vec<JobHandle> {
        self.lifecycle.state.lock().in_callers.clone()
    }

    /// A worker's thread has begun.
    pub(crate) fn register(&self, number: usize, running: RunningJobs) {
        if let Some(thread) = self.threads.lock().get_mut(&number) {
            thread.running = Some(running);
        }
    }

    /// A worker's thread is about to end. Its handle stays to be joined: by a shutdown, or by the next that ends.
    pub(crate) fn note_worker_left(&self, number: usize) {
        let mut threads = self.threads.lock();
        if let Some(thread) = threads.get_mut(&number) {
            thread.running = None;
            thread.has_left = true;
        }
        let over: Vec<usize> = threads
            .iter()
            .filter(|(other, thread)| **other != number && thread.handle.as_ref().is_some_and(is_finished))
            .map(|(other, _)| *other)
            .collect();
        let over: Vec<_> = over.iter().filter_map(|other| threads.remove(other)?.handle).collect();
        drop(threads);
        // They have left before, but their thread-locals may still be on their way out: whoever joins this thread has
        // waited for those as well.
        for handle in over {
            let _ = handle.join();
        }
        self.lifecycle.note_change();
    }
}

#[cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]
pub(crate) fn is_finished(handle: &thread::JoinHandle<()>) -> bool {
    handle.is_finished()
}

/// The model checkers' handles can't be asked; the shutdown joins them.
#[cfg(any(concurrent_futures_loom, concurrent_futures_shuttle))]
pub(crate) fn is_finished(_handle: &thread::JoinHandle<()>) -> bool {
    false
}
