//! What a pool's handles and workers share: how a job gets in, and who is called for it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use concurrent_futures_core::room::{Permit, Room};
use concurrent_futures_core::sync::{Mutex, Ordering, fence, thread};
use concurrent_futures_core::worker::{self, ExecutorId, RunningJobs};
use concurrent_futures_core::{
    DeadlineExceeded, DeadlineOf, Initializer, Interrupt, Job, JobHandle, ObserverSlot, Reason, Rejected, RunHooks,
    Skipped, Started, State, Stats, Tally, TaskError, TaskId, WhenFull,
};
use crossbeam_utils::CachePadded;

use crate::absence::{Absence, TimedTask};
use crate::builder::ThreadPoolBuilder;
use crate::callbacks::Callbacks;
use crate::counters::Counters;
use crate::lifecycle::Lifecycle;
use crate::queue::Queue;
use crate::roster::{FailedSpawn, Roster, Summons};
use crate::timer::Timer;
use crate::worker_thread::Worker;

pub(crate) struct Shared {
    pub(crate) id: ExecutorId,
    pub(crate) name: String,
    pub(crate) max_workers: usize,
    pub(crate) stack_size: usize,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) initializer: Option<Initializer>,
    pub(crate) observer: ObserverSlot,
    pub(crate) queue: Queue,
    pub(crate) roster: CachePadded<Roster>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) room: Option<(Arc<Room>, WhenFull)>,
    pub(crate) timer: Timer,
    pub(crate) callbacks: Callbacks,
    pub(crate) counters: Counters,
    pub(crate) threads: Mutex<BTreeMap<usize, Thread>>,
}

/// One worker's thread, as the others see it.
pub(crate) struct Thread {
    pub(crate) handle: Option<thread::JoinHandle<()>>,
    pub(crate) running: Option<RunningJobs>,
    absence: Arc<Absence>,
    /// Whether it has done all its work, and is about to end.
    pub(crate) has_left: bool,
}

impl Shared {
    pub(crate) fn new(options: ThreadPoolBuilder) -> Self {
        let max_workers = options.max_workers.unwrap_or(1);
        Self {
            id: ExecutorId::next(),
            name: options.thread_name_prefix.unwrap_or_default(),
            max_workers,
            stack_size: options.stack_size,
            keep_alive: options.keep_alive,
            initializer: options.initializer,
            observer: options.observer,
            queue: Queue::new(options.queue),
            roster: CachePadded::new(Roster::new(max_workers, options.max_blocked)),
            lifecycle: Lifecycle::default(),
            room: options.max_pending.map(|(limit, when_full)| (Room::new(limit), when_full)),
            timer: Timer::default(),
            callbacks: Callbacks::default(),
            counters: Counters::default(),
            threads: Mutex::new(BTreeMap::new()),
        }
    }

    /// Takes a job in, or fails its future.
    pub(crate) fn execute(self: &Arc<Self>, job: Job) {
        let tasks = job.tasks();
        self.counters.submit(tasks);
        self.observer.tell(|observer| observer.submitted(job.id(), tasks));
        job.bind(self.id);
        match &self.room {
            None => self.enqueue(job),
            Some((room, when_full)) => self.enter(room, *when_full, job),
        }
    }

    /// Takes a job in, into room that was taken before.
    pub(crate) fn execute_in(self: &Arc<Self>, job: Job, permit: Permit) {
        self.counters.submit(job.tasks());
        self.observer.tell(|observer| observer.submitted(job.id(), job.tasks()));
        job.bind(self.id);
        job.hold(permit);
        self.enqueue(job);
    }

    /// Takes a job into a bounded queue.
    fn enter(self: &Arc<Self>, room: &Arc<Room>, when_full: WhenFull, job: Job) {
        let tasks = job.tasks();
        let permit = match (room.try_enter(tasks), when_full) {
            (Some(permit), _) => Some(permit),
            // Refused below, with the reason why nothing is taken any more: that it is full as well helps nobody.
            (None, WhenFull::Reject | WhenFull::CallerRuns) if self.queue.is_closed() => None,
            (None, WhenFull::Reject) => {
                return self.refuse(job, Rejected::new(Reason::QueueFull { limit: room.limit() }));
            }
            (None, WhenFull::CallerRuns) if worker::can_nest(self.id) => return self.run_in_caller(job),
            // Tasks that submit have nested as deep as the stack allows.
            (None, WhenFull::CallerRuns) => Some(room.force_enter(tasks)),
            (None, WhenFull::Block) if worker::is_worker_of(self.id) => Some(room.force_enter(tasks)),
            // On another pool's worker, a spare takes over meanwhile; where none may, it blocks all the same.
            (None, WhenFull::Block) => worker::blocking(|| room.enter(tasks)).unwrap_or_else(|(_, enter)| enter()),
        };
        if let Some(permit) = permit {
            job.hold(permit);
        }
        self.enqueue(job);
    }

    fn enqueue(self: &Arc<Self>, job: Job) {
        match self.queue.push(job) {
            Ok(()) => self.call_for_work(),
            Err(job) => self.refuse(job, self.lifecycle.refusal()),
        }
    }

    /// Puts a part of a running chunk where other workers find it.
    pub(crate) fn enqueue_part(self: &Arc<Self>, job: Job) {
        job.bind(self.id);
        self.queue.push_part(job);
        // Pairs with the fence of a shutdown: either it finds the part, or we see that it has been here.
        fence(Ordering::SeqCst);
        if self.lifecycle.cancels_pending() {
            return self.cancel_pending();
        }
        self.call_for_work();
    }

    /// After a push: makes sure that somebody finds the job.
    fn call_for_work(self: &Arc<Self>) {
        // The fence of R1: the push before it, the read of `calls` behind it.
        fence(Ordering::SeqCst);
        if self.roster.calls() {
            self.summon();
        }
    }

    /// After a worker has become busy, blocked or late: makes sure that somebody finds what else there is.
    pub(crate) fn pass_on(self: &Arc<Self>) {
        // The fence of R1: the write of `calls` before it, the look at the queue behind it.
        fence(Ordering::SeqCst);
        if !self.queue.is_empty() && self.roster.calls() {
            self.summon();
        }
    }

    fn summon(self: &Arc<Self>) {
        match self.roster.summon(|| self.queue.len()) {
            Summons::Nobody => {}
            Summons::Wake(parker) => parker.unpark(),
            Summons::Spawn(number) => {
                if let Err(error) = self.spawn(number) {
                    self.spawn_failed(error);
                }
            }
        }
    }

    fn spawn(self: &Arc<Self>, number: usize) -> io::Result<()> {
        let worker = Worker::new(self.clone(), number);
        let absence = worker.absence();
        let name = format!("{}_{number}", self.name);
        // Under the lock, so that the thread finds its entry when it registers.
        let mut threads = self.threads.lock();
        let handle = thread::Builder::new().name(name).stack_size(self.stack_size).spawn(move || worker.work())?;
        threads.insert(number, Thread { handle: Some(handle), running: None, absence, has_left: false });
        Ok(())
    }

    /// Another worker will run what waits, when it is done with its task; if there is none, what waits fails.
    fn spawn_failed(self: &Arc<Self>, error: io::Error) {
        match self.roster.spawn_failed() {
            FailedSpawn::Wake(parker) => return parker.unpark(),
            FailedSpawn::OthersWork => return,
            FailedSpawn::NobodyLeft => {}
        }
        // The fence of R1: who read `calls` before the claim was given back has pushed before this look at the queue.
        fence(Ordering::SeqCst);
        let text = format!("no worker thread could be started in the pool {}: {error}", self.name);
        let rejected = Rejected::broken(text, Some(Arc::new(error)));
        self.end_pending(|job| self.refuse(job, rejected.clone()));
    }

    /// Fails a job's future; a job that was cancelled meanwhile counts as that.
    pub(crate) fn refuse(&self, job: Job, why: impl Into<TaskError>) {
        let (id, tasks) = (job.id(), job.tasks());
        match job.refuse(why) {
            Ok(()) => self.count(id, Tally { failed: tasks, ..Tally::default() }),
            Err(skipped) => self.count_skipped(id, tasks, skipped),
        }
    }

    /// Cancels a job that waits.
    pub(crate) fn cancel(&self, job: Job) {
        let (id, tasks) = (job.id(), job.tasks());
        if job.cancel() {
            self.count(id, Tally { cancelled: tasks, ..Tally::default() });
        }
    }

    fn run_in_caller(self: &Arc<Self>, job: Job) {
        let (id, tasks) = (job.id(), job.tasks());
        // On a worker of ours it is among the tasks that the worker runs.
        let is_outside = !worker::is_worker_of(self.id);
        let _in_caller = is_outside.then(|| self.lifecycle.enter_caller(job.handle()));
        // Looked at after the entry, so that a shutdown either finds the task or keeps it from beginning.
        if self.queue.is_closed() {
            return self.refuse(job, self.lifecycle.refusal());
        }
        if let Err(skipped) = job.run_with(&mut Accounts::in_caller(self, id)) {
            self.count_skipped(id, tasks, skipped);
        }
    }

    /// Ends the future of a task when its deadline passes; its thread runs on, and a worker is late then.
    fn watch_deadline(
        self: &Arc<Self>,
        due: Instant,
        handle: JobHandle,
        timed: Option<Arc<TimedTask>>,
    ) -> io::Result<()> {
        let (shared, task) = (Arc::downgrade(self), handle.clone());
        let end = move || {
            // Whoever runs it holds the pool.
            let Some(shared) = shared.upgrade() else { return };
            let options = handle.options();
            let limit = options.deadline_limit().unwrap_or_default();
            let error = DeadlineExceeded::new(DeadlineOf::Task, limit, options.label_text());
            shared.end_late(&handle, error.into(), timed.as_deref());
        };
        self.timer.at(due, &self.name, Some(task), end)
    }

    /// As [`watch_deadline`](Self::watch_deadline), of a part of a map, whose consumer says when.
    fn stop_with_its_map(self: &Arc<Self>, task: &Started<'_>, timed: Option<Arc<TimedTask>>) -> Result<(), TaskError> {
        let (shared, handle) = (Arc::downgrade(self), task.handle());
        task.stop_with(move |interrupt| {
            if let (Interrupt::Abort { .. }, Some(shared)) = (interrupt, shared.upgrade()) {
                shared.end_late(&handle, TaskError::Cancelled, timed.as_deref());
            }
        })
    }

    /// Ends the future of a task that runs on; its worker gives up its place before anybody hears of it (R5).
    fn end_late(self: &Arc<Self>, handle: &JobHandle, error: TaskError, timed: Option<&TimedTask>) {
        if handle.state().is_none_or(State::is_done) {
            return;
        }
        let _ending = self.lifecycle.enter_ending();
        let _deferred = self.defer_callbacks();
        handle.fail_then(error, |tally| {
            if let Some(timed) = timed {
                self.roster.run_late(timed);
                self.pass_on();
            }
            self.count(handle.id(), tally);
        });
    }

    /// The absence of the worker whose thread this is.
    fn absence_here(&self) -> Option<Arc<Absence>> {
        if !worker::is_worker_of(self.id) {
            return None;
        }
        let us = thread::current().id();
        let threads = self.threads.lock();
        let is_ours = |thread: &&Thread| thread.handle.as_ref().is_some_and(|handle| handle.thread().id() == us);
        threads.values().find(is_ours).map(|thread| thread.absence.clone())
    }

    pub(crate) fn count(&self, id: TaskId, tally: Tally) {
        if tally.total() == 0 {
            return;
        }
        self.counters.end(tally);
        self.observer.tell(|observer| observer.finished(id, tally));
    }

    pub(crate) fn count_abandoned(&self, id: TaskId, tally: Tally) {
        self.counters.abandon(tally.total());
        self.count(id, tally);
    }

    pub(crate) fn count_skipped(&self, id: TaskId, tasks: usize, skipped: Skipped) {
        if skipped == Skipped::Cancelled {
            self.count(id, Tally { cancelled: tasks, ..Tally::default() });
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let headcount = self.roster.headcount();
        let mut stats = Stats::default();
        stats.max_workers = self.max_workers;
        stats.workers = headcount.total;
        stats.idle = headcount.idle;
        stats.blocked = headcount.blocked;
        stats.late = headcount.late;
        stats.pending = self.queue.len();
        let totals = self.counters.totals();
        stats.submitted = totals.submitted;
        stats.finished = totals.returned;
        stats.failed = totals.failed;
        stats.cancelled = totals.cancelled;
        stats
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        self.room.as_ref().map(|(room, _)| room.left())
    }

    pub(crate) fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>> {
        self.room.as_ref().map_or(Poll::Ready(None), |(room, _)| room.poll_left(context).map(Some))
    }
}

/// Keeps the accounts of a task that runs in this pool.
pub(crate) struct Accounts<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    id: TaskId,
    /// The worker that runs it; none where a submitting thread does.
    worker: Option<(usize, &'a Arc<Absence>)>,
    /// The task while it runs, if it has a deadline.
    timed: Option<Arc<TimedTask>>,
}

impl<'a> Accounts<'a> {
    pub(crate) fn on_worker(shared: &'a Arc<Shared>, id: TaskId, worker: (usize, &'a Arc<Absence>)) -> Self {
        Self { shared, id, worker: Some(worker), timed: None }
    }

    fn in_caller(shared: &'a Arc<Shared>, id: TaskId) -> Self {
        Self { shared, id, worker: None, timed: None }
    }

    /// That of the worker whose thread this is, if it is one: a submitter that runs its task itself may be.
    fn absence(&self) -> Option<Arc<Absence>> {
        match self.worker {
            Some((_, absence)) => Some(absence.clone()),
            None => self.shared.absence_here(),
        }
    }

    /// The task has returned: if it was late, its worker comes back.
    fn come_back(&mut self) {
        if let Some(timed) = self.timed.take() {
            self.shared.roster.come_back(&timed);
        }
    }
}

impl RunHooks for Accounts<'_> {
    fn started(&mut self, task: &Started<'_>) -> Result<(), TaskError> {
        if let Some((worker, _)) = self.worker {
            self.shared.observer.tell(|observer| observer.started(self.id, worker));
        }
        let (due, is_stopped_with_its_map) = (task.deadline(), task.is_stopped_with_its_map());
        if due.is_none() && !is_stopped_with_its_map {
            return Ok(());
        }
        self.timed = self.absence().map(TimedTask::new).map(Arc::new);
        if is_stopped_with_its_map {
            self.shared.stop_with_its_map(task, self.timed.clone())?;
        }
        let Some(due) = due else { return Ok(()) };
        // Without a timer nobody would end the future: rather no result than one that comes when it likes.
        self.shared.watch_deadline(due, task.handle(), self.timed.clone()).map_err(|error| {
            let text = format!("the thread that watches deadlines could not be started: {error}");
            Rejected::broken(text, Some(Arc::new(error))).into()
        })
    }

    fn before_release(&mut self, tally: Tally) {
        self.come_back();
        self.shared.count(self.id, tally);
    }
}

impl Drop for Accounts<'_> {
    fn drop(&mut self) {
        self.come_back();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").field("name", &self.name).field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Now and `timeout`; far in the future where the clock can't express it.
pub(crate) fn due_in(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or_else(|| now + Duration::from_secs(u32::MAX.into()))
}
