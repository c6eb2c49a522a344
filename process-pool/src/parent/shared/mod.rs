//! **The queue**: which jobs wait, which workers have nothing to do, and how many there may be.
//!
//! ```text
//!   submit ──► an idle worker and a light job: straight to it
//!          └─► queue ◄── given back: by a dead worker, by a busy one for an idle one
//!                │
//!                ├─ somebody is idle:                he is woken, and takes from the queue
//!                ├─ somebody searches:               he takes from the queue next
//!                └─ nobody does, and there is room:  a worker is started
//!
//!          sent something        has answered everything      its last result is released
//!   idle ──────────────────► busy ────────────────────► searching ────────────────► looks at the queue
//! ```
//!
//! - **Q1** No job waits while a worker is idle, or while another may be started, but for those of Q4.
//! - **Q2** There are never more worker processes than `max_workers`, those that start or end included.
//! - **Q3** Jobs begin in the order of their submission, as far as several workers have an order; one that is given back
//!   goes to the front.
//! - **Q4** A worker announces that it searches *before* its last result is released. So whoever the result wakes leaves his
//!   next job to it, and submitting and waiting in a loop uses exactly one worker. No more than one job is left to each, and
//!   to none that doesn't look soon: then somebody else is called.
//!
//! What calls somebody else for a job that was left: its worker where it takes none; the end of the worker where it dies; and
//! the warden, where the supervisor is held up by a waker or a destructor.

mod next;
mod searching;
mod staff;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Instant;

use concurrent_futures_core::room::{Permit, Room};
use concurrent_futures_core::sync::{Condvar, Mutex, MutexGuard};
use concurrent_futures_core::worker::{self, CompletionSink};
use concurrent_futures_core::{Job, JobHandle, Reason, Rejected, Stats, Tally, TaskError, TaskId, WhenFull};

pub(crate) use next::Next;
use searching::Searching;
pub(crate) use staff::back_off;

use super::callbacks::Callbacks;
use super::counters::Counters;
#[cfg(feature = "log")]
use super::logs::Logs;
use super::payload::Payload;
use super::process::Starting;
use super::shutdown::Lifecycle;
use super::supervisor::{self, cancelled};
use super::waiting::{Held, Waiting};
use super::warden::Warden;
use super::worker::Worker;
use crate::builder::ProcessPoolBuilder;

/// What a pool, its handles and its threads share.
pub(crate) struct Shared {
    pub(crate) options: ProcessPoolBuilder,
    pub(crate) name: String,
    pub(crate) max_workers: usize,
    pub(crate) counters: Counters,
    pub(crate) callbacks: Arc<Callbacks>,
    pub(crate) warden: Arc<Warden>,
    pub(crate) lifecycle: Lifecycle,
    #[cfg(feature = "log")]
    pub(crate) logs: Arc<Logs>,
    state: Mutex<State>,
    /// Something in the state, or in the numbers, has changed: for those who wait for the end.
    changed: Condvar,
    room: Option<(Arc<Room>, WhenFull)>,
}

/// Who is there, and what waits.
#[derive(Default)]
pub(crate) struct State {
    queue: VecDeque<Waiting>,
    idle: Vec<Arc<Worker>>,
    /// None of them is among the idle.
    searching: Searching,
    workers: Vec<Arc<Worker>>,
    /// Workers that have not said hello, and their processes as soon as there are any.
    starting: Vec<(usize, Option<Starting>)>,
    next_number: usize,
    /// Starts that failed since one succeeded.
    failed_starts: u32,
    broken: Option<Rejected>,
    threads: Vec<thread::JoinHandle<()>>,
    /// Threads that wait for `changed`.
    sleepers: usize,
    is_closed: bool,
    cancels_waiting: bool,
    is_killed: bool,
}

impl State {
    fn live(&self) -> usize {
        self.workers.len() + self.starting.len()
    }
}

/// What is to be done outside the lock.
enum Move {
    Nothing,
    Wake(Arc<Worker>),
    WatchSearches,
    Hire(usize),
}

impl Shared {
    pub(crate) fn new(options: ProcessPoolBuilder, name: String, max_workers: usize) -> Arc<Self> {
        let room = options.max_pending.map(|(tasks, when_full)| (Room::new(tasks), when_full));
        Arc::new(Self {
            callbacks: Callbacks::new(&name),
            options,
            name,
            max_workers,
            counters: Counters::default(),
            warden: Arc::default(),
            lifecycle: Lifecycle::default(),
            #[cfg(feature = "log")]
            logs: Arc::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
            room,
        })
    }

    pub(crate) fn callbacks(&self) -> Arc<dyn CompletionSink> {
        self.callbacks.clone()
    }

    /// Takes a job, or refuses it.
    pub(crate) fn execute(self: &Arc<Self>, job: Job) {
        self.execute_in(job, None);
    }

    /// As [`execute`](Self::execute), into room that was taken before, if it was.
    pub(crate) fn execute_in(self: &Arc<Self>, job: Job, permit: Option<Permit>) {
        let (id, tasks) = (job.id(), job.tasks());
        self.counters.submit(tasks);
        self.options.observer.tell(|observer| observer.submitted(id, tasks));
        if let Some(refusal) = self.refusal() {
            return self.end_unbegun(&job.handle(), tasks, refusal);
        }
        let payload = match Payload::of(&job) {
            Ok(payload) => payload,
            Err(error) => return self.end_unbegun(&job.handle(), tasks, error),
        };
        // Those that could not be encoded have failed.
        self.count(id, Tally { failed: tasks - payload.tasks(), ..Tally::default() });
        if payload.tasks() == 0 {
            return;
        }
        let permit = match permit.map_or_else(|| self.permit(payload.tasks()), |permit| Ok(Some(permit))) {
            Ok(permit) => permit,
            Err(error) => return self.end_unbegun(&job.handle(), payload.tasks(), error),
        };
        let mut waiting = Waiting::new(job, payload);
        if let (Some(permit), Held::Fresh(job)) = (permit, &waiting.held) {
            job.hold(permit);
            waiting.takes_room = true;
        }
        self.enqueue(waiting);
    }

    /// How many tasks are taken now without blocking or refusing.
    pub(crate) fn capacity(&self) -> Option<usize> {
        self.room.as_ref().map(|(room, _)| room.left())
    }

    pub(crate) fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>> {
        self.room.as_ref().map_or(Poll::Ready(None), |(room, _)| room.poll_left(context).map(Some))
    }

    pub(crate) fn room(&self) -> Option<&Arc<Room>> {
        self.room.as_ref().map(|(room, _)| room)
    }

    /// Whether the calling thread may wait for room: not one that makes room itself.
    pub(crate) fn may_block() -> bool {
        !supervisor::is_on_one() && !worker::is_inside_task()
    }

    /// Ends a job that had not begun, and so many tasks of which had not ended.
    fn end_unbegun(&self, job: &JobHandle, tasks: usize, why: impl Into<TaskError>) {
        if !job.fail_then(why, |tally| self.count(job.id(), tally)) {
            // Somebody else has ended it: that was a cancel, which nobody has counted.
            self.count(job.id(), cancelled(tasks));
        }
        self.note_change();
    }

    /// Ends a job that waits for another attempt; whoever has ended it before has counted it.
    fn end_begun(&self, job: &JobHandle, why: impl Into<TaskError>) {
        job.fail_then(why, |tally| self.count(job.id(), tally));
        self.note_change();
    }

    /// Counts tasks that have ended elsewhere than with a worker, and tells the observer.
    pub(crate) fn count(&self, id: TaskId, tally: Tally) {
        if tally.total() > 0 {
            self.counters.end(tally);
            self.options.observer.tell(|observer| observer.finished(id, tally));
        }
    }

    pub(crate) fn refusal(&self) -> Option<Rejected> {
        let state = self.state.lock();
        state.broken.clone().or_else(|| state.is_closed.then(|| Rejected::new(Reason::ShutDown)))
    }

    /// Room for some tasks, where there is a bound.
    ///
    /// # Blocking
    ///
    /// Where the pool was told to; what ends it stands at [`Room::enter`]. Never on a thread that makes room itself.
    fn permit(&self, tasks: usize) -> Result<Option<Permit>, Rejected> {
        let Some((room, when_full)) = &self.room else { return Ok(None) };
        let may_block = Self::may_block();
        match (room.try_enter(tasks), when_full) {
            (Some(permit), _) => Ok(Some(permit)),
            (None, WhenFull::Block) if may_block => {
                let closed = || self.refusal().unwrap_or_else(|| Rejected::new(Reason::ShutDown));
                room.enter(tasks).map(Some).ok_or_else(closed)
            }
            (None, WhenFull::Block) => Ok(Some(room.force_enter(tasks))),
            (None, _) => Err(Rejected::new(Reason::QueueFull { limit: room.limit() })),
        }
    }

    fn enqueue(self: &Arc<Self>, waiting: Waiting) {
        let mut state = self.state.lock();
        let refusal = state.broken.clone().or_else(|| state.is_closed.then(|| Rejected::new(Reason::ShutDown)));
        if let Some(refusal) = refusal {
            drop(state);
            return self.fail_waiting(waiting, refusal);
        }
        if state.queue.is_empty()
            && waiting.is_light()
            && let Some(worker) = state.idle.pop()
        {
            // Its lane is taken before this lock is let go, or its supervisor could find it empty and call it idle again.
            let lane = worker.lane.lock();
            drop(state);
            if let Err(back) = worker.send_into(lane, vec![waiting], self.quota(&worker)) {
                // It has closed meanwhile, and so may the pool have: nobody waits for a job that is in our hands.
                back.into_iter().for_each(|waiting| self.enqueue(waiting));
            }
            return;
        }
        state.queue.push_back(waiting);
        self.act(state);
    }

    /// Puts jobs to the front of the queue, in their order. They were taken before, so nobody refuses them for a shutdown;
    /// a kill or a broken pool ends them.
    pub(crate) fn give_back(self: &Arc<Self>, jobs: Vec<Waiting>) {
        if jobs.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        if let Some(refusal) = state.broken.clone() {
            drop(state);
            return jobs.into_iter().for_each(|waiting| self.fail_waiting(waiting, refusal.clone()));
        }
        if state.cancels_waiting {
            drop(state);
            return jobs.into_iter().for_each(|waiting| self.cancel_waiting(waiting));
        }
        let count = jobs.len();
        jobs.into_iter().rev().for_each(|waiting| state.queue.push_front(waiting));
        self.act(state);
        // Each may keep somebody else busy.
        (1..count).for_each(|_| self.act(self.state.lock()));
    }

    /// Q1: wakes somebody idle, or starts somebody, as long as there is work for him that is not left to who searches (Q4).
    fn act(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let next = if state.queue.is_empty() || state.broken.is_some() {
            Move::Nothing
        } else if let Some(worker) = state.idle.pop() {
            Move::Wake(worker)
        } else if state.live() >= self.max_workers {
            Move::Nothing
        } else if state.queue.len() <= state.searching.len() {
            if state.searching.leave_one() { Move::WatchSearches } else { Move::Nothing }
        } else {
            let number = state.next_number;
            state.next_number += 1;
            state.starting.push((number, None));
            Move::Hire(number)
        };
        drop(state);
        match next {
            Move::Nothing => {}
            Move::Wake(worker) => worker.wake(),
            Move::WatchSearches => self.watch_searches(),
            Move::Hire(number) => self.hire(number),
        }
    }

    /// How many tasks a worker may be offered at once.
    pub(crate) fn quota(&self, worker: &Worker) -> usize {
        let done = worker.record.tasks.load(std::sync::atomic::Ordering::Relaxed);
        self.options.max_tasks_per_worker.map_or(usize::MAX, |most| most.saturating_sub(done as usize).max(1))
    }

    /// Whether what has not begun is cancelled instead of run.
    pub(crate) fn cancels_waiting(&self) -> bool {
        self.state.lock().cancels_waiting
    }

    /// Whether the pool was told to kill its workers.
    pub(crate) fn is_killed(&self) -> bool {
        self.state.lock().is_killed
    }

    /// Ends a job that waits.
    fn fail_waiting(&self, waiting: Waiting, why: Rejected) {
        let tasks = waiting.tasks();
        match waiting.held {
            Held::Fresh(job) => self.end_unbegun(&job.handle(), tasks, why),
            Held::Begun(job) => self.end_begun(&job.handle(), why),
            Held::Over(_) => {}
        }
    }

    /// Ends a job that is not to run.
    pub(crate) fn cancel_waiting(&self, waiting: Waiting) {
        let tasks = waiting.tasks();
        match waiting.held {
            Held::Fresh(job) => {
                // It ends so now, or has before. Counted first, so that whoever has the result finds it counted.
                self.count(job.id(), cancelled(tasks));
                job.cancel();
                self.note_change();
            }
            Held::Begun(job) => self.end_begun(&job.handle(), TaskError::Cancelled),
            Held::Over(_) => {}
        }
    }

    /// Takes no new jobs; gives those that wait if they are not to run.
    pub(crate) fn close(&self, cancels_waiting: bool, is_kill: bool) -> VecDeque<Waiting> {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.cancels_waiting |= cancels_waiting;
        state.is_killed |= is_kill;
        let idle = std::mem::take(&mut state.idle);
        let waiting = if cancels_waiting { std::mem::take(&mut state.queue) } else { VecDeque::new() };
        drop(state);
        if let Some((room, _)) = &self.room {
            room.close();
        }
        // They look, find nothing, and leave.
        idle.iter().for_each(|worker| worker.wake());
        waiting
    }

    /// The workers, and those that have not said hello.
    pub(crate) fn everybody(&self) -> (Vec<Arc<Worker>>, Vec<Starting>) {
        let state = self.state.lock();
        (state.workers.clone(), state.starting.iter().filter_map(|(_, how_far)| how_far.clone()).collect())
    }

    /// Whether nothing runs, waits, or is there any more.
    pub(crate) fn is_over(&self, state: &State) -> bool {
        state.is_closed && state.live() == 0 && state.queue.is_empty()
    }

    /// Sleeps until something has changed, or the deadline.
    pub(crate) fn sleep<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, State> {
        state.sleepers += 1;
        state = self.changed.wait_maybe_until(state, deadline);
        state.sleepers -= 1;
        state
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The threads of supervisors, to be joined.
    pub(crate) fn take_threads(&self) -> Vec<thread::JoinHandle<()>> {
        std::mem::take(&mut self.state.lock().threads)
    }

    /// The last one out stops the warden and the callbacks.
    pub(crate) fn end_if_over(&self) {
        if self.is_over(&self.state.lock()) {
            self.warden.stop();
            self.callbacks.stop();
        }
        self.note_change();
    }

    /// Tells those who wait for the end.
    pub(crate) fn note_change(&self) {
        // Under the lock, so that nobody misses it between his look and his sleep. To notify nobody costs a system call.
        let somebody_sleeps = self.state.lock().sleepers > 0;
        if somebody_sleeps {
            self.changed.notify_all();
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::new(self.max_workers);
        stats.finished = self.counters.returned();
        stats.failed = self.counters.failed();
        stats.cancelled = self.counters.cancelled();
        stats.submitted = self.counters.submitted();
        let state = self.state.lock();
        stats.workers = state.live();
        stats.idle = state.idle.len();
        stats.pending = state.queue.iter().map(Waiting::tasks).sum();
        stats
    }
}
