//! **The queue**: which jobs wait, which workers have nothing to do, and how many there may be.
//!
//! ```text
//!   submit ──► an idle worker and a light job: straight to it
//!          └─► queue ◄── given back: by a dead worker, by a busy one for an idle one
//!                │
//!                ├─ somebody is idle:              he is woken, and takes from the queue
//!                └─ nobody is, and there is room:  a worker is started
//! ```
//!
//! - **Q1** No job waits while a worker is idle, or while another may be started.
//! - **Q2** There are never more worker processes than `max_workers`, those that start or end included.
//! - **Q3** Jobs begin in the order of their submission, as far as several workers have an order; one that is given back
//!   goes to the front.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures_core::room::{Permit, Room};
use concurrent_futures_core::sync::{Condvar, Mutex, MutexGuard};
use concurrent_futures_core::worker::{self, CompletionSink};
use concurrent_futures_core::{Job, Reason, Rejected, Skipped, Stats, TaskError, WhenFull};

use super::callbacks::Callbacks;
use super::counters::Counters;
use super::lane;
use super::payload::Payload;
use super::process::Starting;
use super::shutdown::Lifecycle;
use super::supervisor;
use super::waiting::{Held, Waiting};
use super::warden::Warden;
use super::worker::Worker;
use crate::builder::ProcessPoolBuilder;
use crate::start_failure::StartFailure;

/// What a pool, its handles and its threads share.
pub(crate) struct Shared {
    pub(crate) options: ProcessPoolBuilder,
    pub(crate) name: String,
    pub(crate) max_workers: usize,
    pub(crate) counters: Counters,
    pub(crate) callbacks: Arc<Callbacks>,
    pub(crate) warden: Arc<Warden>,
    pub(crate) lifecycle: Lifecycle,
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
        let (id, tasks) = (job.id(), job.tasks());
        self.counters.submit(tasks);
        self.options.observer.tell(|observer| observer.submitted(id, tasks));
        if let Some(refusal) = self.refusal() {
            return self.refuse(job, tasks, refusal);
        }
        let payload = match Payload::of(&job) {
            Ok(payload) => payload,
            Err(error) => return self.refuse(job, tasks, error),
        };
        // Those that could not be encoded have failed.
        self.counters.fail(tasks - payload.tasks());
        if payload.tasks() == 0 {
            return;
        }
        let permit = match self.permit(payload.tasks()) {
            Ok(permit) => permit,
            Err(error) => return self.refuse(job, payload.tasks(), error),
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

    /// Refuses a job, so many tasks of which have not ended.
    fn refuse(&self, job: Job, tasks: usize, why: impl Into<TaskError>) {
        match job.refuse(why) {
            Ok(()) | Err(Skipped::Elsewhere) => self.counters.fail(tasks),
            Err(Skipped::Cancelled) => self.counters.cancel(tasks),
        }
        self.note_change();
    }

    fn refusal(&self) -> Option<Rejected> {
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
        let may_block = !supervisor::is_on_one() && !worker::is_inside_task();
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
                self.give_back(back);
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
        jobs.into_iter().rev().for_each(|waiting| state.queue.push_front(waiting));
        self.act(state);
    }

    /// Q1: wakes somebody idle, or starts somebody, as long as there is work for him.
    fn act(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let next = if state.queue.is_empty() || state.broken.is_some() {
            Move::Nothing
        } else if let Some(worker) = state.idle.pop() {
            Move::Wake(worker)
        } else if state.live() < self.max_workers {
            let number = state.next_number;
            state.next_number += 1;
            state.starting.push((number, None));
            Move::Hire(number)
        } else {
            Move::Nothing
        };
        drop(state);
        match next {
            Move::Nothing => {}
            Move::Wake(worker) => worker.wake(),
            Move::Hire(number) => self.hire(number),
        }
    }

    fn hire(self: &Arc<Self>, number: usize) {
        let shared = self.clone();
        let builder = thread::Builder::new().name(format!("{}_{number}", self.name));
        match builder.spawn(move || supervisor::supervise(&shared, number)) {
            Ok(thread) => {
                let mut state = self.state.lock();
                let (over, threads) = state.threads.drain(..).partition(thread::JoinHandle::is_finished);
                state.threads = threads;
                state.threads.push(thread);
                drop(state);
                let over: Vec<thread::JoinHandle<()>> = over;
                over.into_iter().for_each(|thread| drop(thread.join()));
            }
            Err(error) => self.note_no_thread(number, error),
        }
    }

    /// No thread could be started: with other workers the jobs wait for those; without any they would wait for ever.
    fn note_no_thread(&self, number: usize, error: std::io::Error) {
        let mut state = self.state.lock();
        state.starting.retain(|(other, _)| *other != number);
        let stranded = if state.live() == 0 { std::mem::take(&mut state.queue) } else { VecDeque::new() };
        drop(state);
        let why = Rejected::broken("no thread could be started for a worker", Some(Arc::new(error)));
        stranded.into_iter().for_each(|waiting| self.fail_waiting(waiting, why.clone()));
        self.end_if_over();
    }

    /// How many tasks a worker may be offered at once.
    pub(crate) fn quota(&self, worker: &Worker) -> usize {
        let done = worker.record.tasks.load(std::sync::atomic::Ordering::Relaxed);
        self.options.max_tasks_per_worker.map_or(usize::MAX, |most| most.saturating_sub(done as usize).max(1))
    }

    /// How far a supervisor has come with a start. False if nobody wants the worker any more.
    pub(crate) fn note_starting(&self, number: usize, how_far: Starting) -> bool {
        let mut state = self.state.lock();
        let is_wanted = !state.is_killed;
        if let Some((_, place)) = state.starting.iter_mut().find(|(other, _)| *other == number) {
            *place = Some(how_far);
        }
        is_wanted
    }

    /// Ends a start that has not even given a process.
    pub(crate) fn end_spawning(&self, number: usize) {
        let state = self.state.lock();
        let ours = state.starting.iter().find(|(other, _)| *other == number);
        if let Some((_, Some(spawning @ Starting::Spawning(_)))) = ours {
            spawning.kill();
        }
    }

    /// A worker has said hello.
    pub(crate) fn note_ready(&self, worker: &Arc<Worker>) {
        let mut state = self.state.lock();
        state.starting.retain(|(number, _)| *number != worker.number);
        state.workers.push(worker.clone());
        state.failed_starts = 0;
        let is_killed = state.is_killed;
        drop(state);
        if is_killed {
            worker.kill(lane::KillReason::Shutdown);
        }
        self.options.observer.tell(|observer| observer.worker_up(worker.number));
    }

    /// A worker has been buried.
    pub(crate) fn note_left(self: &Arc<Self>, worker: &Arc<Worker>) {
        let mut state = self.state.lock();
        let is_another = |other: &Arc<Worker>| !Arc::ptr_eq(other, worker);
        state.workers.retain(is_another);
        state.idle.retain(is_another);
        self.act(state);
        self.options.observer.tell(|observer| observer.worker_down(worker.number));
        self.end_if_over();
    }

    /// A worker could not be started. Gives how long to wait before the next try, or `None` to give up: nobody needs it any
    /// more, or the pool is broken now.
    pub(crate) fn note_failed_start(self: &Arc<Self>, number: usize, failure: &StartFailure) -> Option<Duration> {
        let mut state = self.state.lock();
        state.failed_starts += 1;
        if let Some((_, process)) = state.starting.iter_mut().find(|(other, _)| *other == number) {
            *process = None;
        }
        let is_hopeless = failure.is_permanent() || state.failed_starts >= MOST_FAILED_STARTS;
        let nobody_waits = state.queue.is_empty() || state.is_killed || state.broken.is_some();
        if !is_hopeless && !nobody_waits {
            return Some(back_off(state.failed_starts));
        }
        state.starting.retain(|(other, _)| *other != number);
        if is_hopeless && !state.is_killed && state.broken.is_none() {
            drop(state);
            self.break_down(failure);
        } else {
            drop(state);
        }
        self.end_if_over();
        None
    }

    /// The pool can't work: everything that waits fails, with the first cause.
    fn break_down(&self, failure: &StartFailure) {
        let why = failure.rejection();
        let mut state = self.state.lock();
        state.broken.get_or_insert_with(|| why.clone());
        let (waiting, idle) = (std::mem::take(&mut state.queue), std::mem::take(&mut state.idle));
        drop(state);
        if let Some((room, _)) = &self.room {
            room.close();
        }
        idle.iter().for_each(|worker| worker.ask_to_leave());
        waiting.into_iter().for_each(|waiting| self.fail_waiting(waiting, why.clone()));
    }

    /// What a supervisor does next with its worker.
    pub(crate) fn next_for(&self, worker: &Arc<Worker>, room: lane::Room, is_due_to_leave: bool) -> Next {
        let mut state = self.state.lock();
        if room.is_idle && !worker.lane.lock().is_empty() {
            return Next::LookAgain;
        }
        let nothing_left = state.queue.is_empty() && (state.is_closed || state.broken.is_some());
        if room.is_idle && (is_due_to_leave || worker.must_leave() || nothing_left || state.is_killed) {
            state.idle.retain(|other| !Arc::ptr_eq(other, worker));
            return Next::Leave;
        }
        if is_due_to_leave || worker.must_leave() {
            return Next::Sleep;
        }
        let over = take_over(&mut state.queue);
        if !over.is_empty() {
            return Next::PassOver(over);
        }
        let jobs = take_jobs(&mut state.queue, room);
        if !jobs.is_empty() {
            state.idle.retain(|other| !Arc::ptr_eq(other, worker));
            return Next::Send(jobs);
        }
        if !room.is_idle {
            return Next::Sleep;
        }
        let was_idle = state.idle.iter().any(|other| Arc::ptr_eq(other, worker));
        if !was_idle {
            state.idle.push(worker.clone());
        }
        let others = state.workers.iter().filter(|other| !Arc::ptr_eq(other, worker)).cloned().collect();
        Next::Idle { others, since_now: !was_idle }
    }

    /// A worker has had nothing to do for too long: it leaves, unless it has got something meanwhile.
    pub(crate) fn dismiss_if_idle(&self, worker: &Arc<Worker>) {
        let mut state = self.state.lock();
        let idle = state.idle.len();
        state.idle.retain(|other| !Arc::ptr_eq(other, worker));
        let was_idle = state.idle.len() < idle;
        drop(state);
        if was_idle {
            worker.ask_to_leave();
        }
    }

    /// Whether what has not begun is cancelled instead of run.
    pub(crate) fn cancels_waiting(&self) -> bool {
        self.state.lock().cancels_waiting
    }

    /// Whether the pool was told to kill its workers.
    pub(crate) fn is_killed(&self) -> bool {
        self.state.lock().is_killed
    }

    /// Waits before another try to start a worker, unless the pool is closed meanwhile.
    pub(crate) fn pause(&self, delay: Duration) {
        let deadline = Instant::now() + delay;
        let mut state = self.state.lock();
        while !state.is_closed && Instant::now() < deadline {
            state = self.sleep(state, Some(deadline));
        }
    }

    /// Ends a job that waits.
    fn fail_waiting(&self, waiting: Waiting, why: Rejected) {
        let tasks = waiting.tasks();
        let count = |tally| self.counters.end(tally);
        if !waiting.handle().is_some_and(|handle| handle.fail_then(why, count)) {
            // Somebody else has ended it: in the queue that is a cancel.
            self.counters.cancel(tasks);
        }
        self.note_change();
    }

    /// Ends a job that is not to run. Its future may have ended before: of one that had not begun that was a cancel, which
    /// nobody has counted; of one that waits for another attempt whoever ended it has counted it.
    pub(crate) fn cancel_waiting(&self, waiting: Waiting) {
        let tasks = waiting.tasks();
        let counts = match waiting.held {
            Held::Fresh(job) => {
                job.cancel();
                true
            }
            Held::Begun(job) => job.fail(TaskError::Cancelled),
            Held::Over(_) => false,
        };
        if counts {
            self.counters.cancel(tasks);
        }
        self.note_change();
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

/// What a supervisor does next.
pub(crate) enum Next {
    /// Send these.
    Send(Vec<Waiting>),
    /// Count these, which were cancelled in the queue.
    PassOver(Vec<Waiting>),
    /// Measure the room anew: somebody has found the worker idle, and sent it something.
    LookAgain,
    /// Wait for what the worker has.
    Sleep,
    /// Wait for work, and perhaps take some off the others.
    Idle { others: Vec<Arc<Worker>>, since_now: bool },
    /// Let the worker end.
    Leave,
}

/// Takes from the front what was cancelled.
fn take_over(queue: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    std::iter::from_fn(|| queue.pop_front_if(|next| next.is_over())).collect()
}

/// Takes from the front what fits. A large job, and one in quarantine, goes alone to an idle worker.
fn take_jobs(queue: &mut VecDeque<Waiting>, room: lane::Room) -> Vec<Waiting> {
    let mut jobs = Vec::new();
    let mut bytes = 0;
    while let Some(next) = queue.front().filter(|_| jobs.len() < room.jobs) {
        let goes_alone = next.is_quarantined || !next.is_light();
        if goes_alone && !(room.is_idle && jobs.is_empty()) {
            break;
        }
        bytes += next.payload.size;
        if !jobs.is_empty() && bytes > LARGEST_FRAME || !room.is_idle && bytes > room.bytes {
            break;
        }
        jobs.extend(queue.pop_front());
        if goes_alone {
            break;
        }
    }
    jobs
}

/// Several jobs share a frame up to this size.
const LARGEST_FRAME: usize = 32 * 1024;

/// So many starts in a row may fail before the pool gives up.
const MOST_FAILED_STARTS: u32 = 5;

/// The first try comes at once, the next ones later and later.
fn back_off(failed: u32) -> Duration {
    match failed {
        0 | 1 => Duration::ZERO,
        more => Duration::from_millis(10) * 4_u32.saturating_pow(more - 2).min(100),
    }
}
