//! Worker threads with one queue: what the executors that have workers share.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use concurrent_futures_core::portable::Encoded;
use concurrent_futures_core::sync::{Condvar, Mutex, deadline_after};
use concurrent_futures_core::worker::{self, BlockLimit, ExecutorId, RunningJobs};
use concurrent_futures_core::{
    Abandoned, Escalation, Job, JobHandle, Reason, Rejected, Shutdown, ShutdownMode, ShutdownReport, Stats, Tally,
};

use super::counts::Counts;
use super::member::Member;

/// A job in the queue, as bytes too where it is to cross.
pub(super) struct Order {
    pub(super) job: Job,
    pub(super) encoded: Option<Encoded>,
}

/// What an executor does with its jobs.
pub(super) trait Trade: Send + Sync + 'static {
    /// Which of the waiting orders is the next, by its place in the queue.
    fn pick(&self, waiting: usize) -> usize {
        let _ = waiting;
        0
    }

    /// Carries out an order. What is left uncounted at the end, also by a panic, counts as failed.
    fn work(&self, order: Order, desk: &Desk<'_>);

    /// Whether a wait inside a task may run a queued one in place.
    fn nests(&self) -> bool;
}

/// Where a trade says what became of its order.
pub(super) struct Desk<'a> {
    shared: &'a Shared,
    uncounted: std::cell::Cell<usize>,
}

impl Desk<'_> {
    pub(super) fn count(&self, tally: Tally) {
        self.uncounted.set(self.uncounted.get().saturating_sub(tally.total()));
        self.shared.count(tally);
    }

    /// Somebody else counts these.
    pub(super) fn leave(&self, tasks: usize) {
        self.uncounted.set(self.uncounted.get().saturating_sub(tasks));
    }

    /// Puts a part of the order back into the queue.
    pub(super) fn put_back(&self, job: Job) {
        self.leave(job.tasks());
        job.bind(self.shared.id);
        self.shared.state.lock().queue.push_back(Order { job, encoded: None });
        self.shared.work.notify_one();
        // Looked at after the push, so that a shutdown either finds the part or is found.
        if self.shared.cancels_waiting() {
            self.shared.cancel_waiting();
        }
    }

    /// Whether nothing further of a running chunk may begin.
    pub(super) fn cancels_waiting(&self) -> bool {
        self.shared.cancels_waiting()
    }
}

pub(super) struct Crew {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    id: ExecutorId,
    name: &'static str,
    max_workers: usize,
    trade: Box<dyn Trade>,
    state: Mutex<State>,
    /// There is an order, or nothing will come any more.
    work: Condvar,
    /// An order or a worker has ended.
    ended: Condvar,
}

struct State {
    queue: VecDeque<Order>,
    running: Vec<Running>,
    next_key: u64,
    is_open: bool,
    cancels_waiting: bool,
    is_killed: bool,
    workers: usize,
    blocked: usize,
    threads: Vec<JoinHandle<()>>,
    /// What runs on each worker, with what its waits run in place.
    members: Vec<RunningJobs>,
    counts: Counts,
}

struct Running {
    key: u64,
    handle: JobHandle,
    tasks: usize,
    given_up: bool,
}

/// How many workers may block at once.
const MAX_BLOCKED: usize = 256;

impl Crew {
    /// Starts `workers` threads; with none, every order is carried out by who gives it.
    ///
    /// # Panics
    ///
    /// If a thread can't be started.
    pub(super) fn new(name: &'static str, workers: usize, trade: impl Trade) -> Self {
        let shared = Arc::new(Shared {
            id: ExecutorId::next(),
            name,
            max_workers: workers,
            trade: Box::new(trade),
            state: Mutex::new(State {
                queue: VecDeque::new(),
                running: Vec::new(),
                next_key: 0,
                is_open: true,
                cancels_waiting: false,
                is_killed: false,
                workers: 0,
                blocked: 0,
                threads: Vec::new(),
                members: Vec::new(),
                counts: Counts::default(),
            }),
            work: Condvar::new(),
            ended: Condvar::new(),
        });
        for _ in 0..workers {
            shared.clone().hire(&mut shared.state.lock());
        }
        Self { shared }
    }

    pub(super) fn execute(&self, order: Order) {
        let tasks = order.job.tasks();
        if self.shared.trade.nests() {
            order.job.bind(self.shared.id);
        }
        let mut state = self.shared.state.lock();
        if !state.is_open {
            state.counts.refuse(tasks);
            drop(state);
            order.job.fail(Rejected::new(Reason::ShutDown));
            return;
        }
        state.counts.submitted += tasks as u64;
        state.queue.push_back(order);
        if self.shared.max_workers > 0 {
            drop(state);
            self.shared.work.notify_one();
        } else {
            let taken = state.take(0);
            drop(state);
            self.shared.carry_out(taken);
        }
    }

    /// Counts a job that was refused before it could be queued.
    pub(super) fn note_refused(&self, tasks: usize) {
        self.shared.state.lock().counts.refuse(tasks);
    }

    pub(super) fn is_open(&self) -> bool {
        self.shared.state.lock().is_open
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.shared.state.lock().is_open = false;
        self.shared.work.notify_all();
        match how.mode() {
            ShutdownMode::CancelPending => self.shared.cancel_waiting(),
            ShutdownMode::Kill { grace } => self.shared.kill(grace),
            _ => {}
        }
        if let Some(later) = how.escalation() {
            self.shared.clone().kill_later(later);
        }
        // Whoever waits inside a task or a callback might wait for himself.
        let limit = if worker::is_inside_task() { Some(Duration::ZERO) } else { how.wait_limit() };
        self.shared.wait_for_the_end(limit.map(deadline_after));
        self.shared.report()
    }

    /// What dropping the executor does: a drain, in an unwinding thread a harsher one, after a shutdown nothing.
    pub(super) fn close(&self) {
        if self.is_open() {
            self.shutdown(if thread::panicking() { Shutdown::cancel_pending() } else { Shutdown::drain() });
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let state = self.shared.state.lock();
        let mut stats = state.counts.stats();
        stats.max_workers = self.shared.max_workers.max(1);
        stats.workers = state.workers;
        stats.blocked = state.blocked;
        stats.idle = state.workers.saturating_sub(state.running.len());
        stats.pending = state.queue.iter().map(|order| order.job.tasks()).sum();
        stats
    }
}

impl State {
    /// Moves an order from the queue to the running ones.
    fn take(&mut self, place: usize) -> (u64, Order) {
        let order = self.queue.remove(place).expect("a trade picks among the orders that wait");
        let key = self.next_key;
        self.next_key += 1;
        let tasks = order.job.tasks();
        self.running.push(Running { key, handle: order.job.handle(), tasks, given_up: false });
        (key, order)
    }

    fn is_busy(&self) -> bool {
        !self.queue.is_empty() || self.running.iter().any(|running| !running.given_up)
    }

    fn given_up(&self) -> usize {
        self.running.iter().filter(|running| running.given_up).count()
    }
}

impl Shared {
    pub(super) fn id(&self) -> ExecutorId {
        self.id
    }

    pub(super) fn count(&self, tally: Tally) {
        self.state.lock().counts.add(tally);
    }

    pub(super) fn cancels_waiting(&self) -> bool {
        self.state.lock().cancels_waiting
    }

    /// A worker is about to wait: a spare one takes over.
    pub(super) fn block(self: &Arc<Self>) -> Result<(), BlockLimit> {
        let mut state = self.state.lock();
        if state.blocked == MAX_BLOCKED {
            return Err(BlockLimit { max_blocked: MAX_BLOCKED });
        }
        state.blocked += 1;
        if state.workers - state.blocked < self.max_workers && !state.is_killed {
            self.clone().hire(&mut state);
        }
        Ok(())
    }

    pub(super) fn unblock(&self) {
        self.state.lock().blocked -= 1;
        self.work.notify_all();
    }

    /// Starts one more worker.
    fn hire(self: Arc<Self>, state: &mut State) {
        let name = format!("{}-{}", self.name, state.threads.len());
        state.workers += 1;
        let thread = thread::Builder::new().name(name).spawn(move || self.serve()).expect("a worker thread starts");
        state.threads.push(thread);
    }

    /// The life of a worker.
    fn serve(self: Arc<Self>) {
        let member = Arc::new(Member::new(self.clone()));
        let guard = self.trade.nests().then(|| worker::enter(member));
        if let Some(guard) = &guard {
            self.state.lock().members.push(guard.running_jobs());
        }
        while let Some(taken) = self.next() {
            self.carry_out(taken);
        }
        self.state.lock().workers -= 1;
        self.ended.notify_all();
    }

    fn next(&self) -> Option<(u64, Order)> {
        let mut state = self.state.lock();
        loop {
            if state.workers - state.blocked > self.max_workers {
                // This wake-up may have been meant for one who stays.
                self.work.notify_all();
                return None;
            }
            if !state.queue.is_empty() {
                let place = self.trade.pick(state.queue.len());
                return Some(state.take(place));
            }
            // A task that still runs may put a part of itself back.
            if !state.is_open && state.running.is_empty() || state.is_killed {
                self.work.notify_all();
                return None;
            }
            state = self.work.wait(state);
        }
    }

    fn carry_out(&self, (key, order): (u64, Order)) {
        let desk = Desk { shared: self, uncounted: std::cell::Cell::new(order.job.tasks()) };
        // Only a chaos executor panics here, with a payload whose destructor does nothing.
        let _ = catch_unwind(AssertUnwindSafe(|| self.trade.work(order, &desk)));
        let uncounted = desk.uncounted.get();
        let mut state = self.state.lock();
        let place = state.running.iter().position(|running| running.key == key);
        let running = state.running.swap_remove(place.expect("it runs until it is removed here"));
        if !running.given_up {
            state.counts.add(Tally { failed: uncounted, ..Tally::default() });
        }
        drop(state);
        self.ended.notify_all();
        self.work.notify_all();
    }

    fn cancel_waiting(&self) {
        let waiting = {
            let mut state = self.state.lock();
            state.cancels_waiting = true;
            std::mem::take(&mut state.queue)
        };
        for order in waiting {
            let tasks = order.job.tasks();
            order.job.cancel();
            self.count(Tally { cancelled: tasks, ..Tally::default() });
        }
        self.ended.notify_all();
        self.work.notify_all();
    }

    /// Kills what has not ended by then, whether the caller waits or not.
    fn kill_later(self: Arc<Self>, later: Escalation) {
        let kill = move || {
            self.wait_while_busy(deadline_after(later.after));
            if self.state.lock().is_busy() {
                self.kill(later.grace);
            }
        };
        drop(thread::spawn(kill));
    }

    fn kill(self: &Arc<Self>, grace: Duration) {
        let running: Vec<JobHandle> = {
            let mut state = self.state.lock();
            state.is_killed = true;
            let nested = state.members.iter().flat_map(RunningJobs::handles);
            state.running.iter().map(|running| running.handle.clone()).chain(nested).collect()
        };
        running.iter().for_each(JobHandle::request_stop);
        self.cancel_waiting();
        let ours = self.clone();
        let give_up = move || {
            ours.wait_while_busy(deadline_after(grace));
            ours.give_up();
        };
        // The caller may wait for less than the grace, and the kill goes on without him.
        if grace.is_zero() {
            give_up();
        } else {
            drop(thread::Builder::new().name(format!("{}-kill", self.name)).spawn(give_up));
        }
    }

    /// Ends the futures of what still runs; the threads are left behind.
    fn give_up(&self) {
        let left: Vec<(u64, JobHandle, usize)> = {
            let state = self.state.lock();
            let left = state.running.iter().filter(|running| !running.given_up);
            left.map(|running| (running.key, running.handle.clone(), running.tasks)).collect()
        };
        for (key, handle, tasks) in left {
            if handle.fail(Abandoned::new("its executor was killed while it ran")) {
                let mut state = self.state.lock();
                state.counts.abandon(tasks);
                if let Some(running) = state.running.iter_mut().find(|running| running.key == key) {
                    running.given_up = true;
                }
            }
        }
        let nested: Vec<JobHandle> = self.state.lock().members.iter().flat_map(RunningJobs::handles).collect();
        for handle in nested {
            let tasks = handle.tasks();
            if handle.fail(Abandoned::new("its executor was killed while it ran")) {
                self.state.lock().counts.abandon(tasks);
            }
        }
        self.ended.notify_all();
    }

    fn wait_while_busy(&self, deadline: Option<Instant>) {
        let mut state = self.state.lock();
        while state.is_busy() && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            state = self.ended.wait_maybe_until(state, deadline);
        }
    }

    /// Waits until nothing is left to do and every worker that can end has ended; outer `None`: as long as it takes.
    fn wait_for_the_end(&self, deadline: Option<Option<Instant>>) {
        let mut state = self.state.lock();
        while state.is_busy() || state.workers > state.given_up() {
            if deadline.flatten().is_some_and(|deadline| deadline <= Instant::now()) {
                return;
            }
            state = self.ended.wait_maybe_until(state, deadline.flatten());
        }
        let threads = std::mem::take(&mut state.threads);
        let may_join = state.workers == 0;
        drop(state);
        if may_join {
            for thread in threads {
                thread.join().expect("a worker contains what it runs");
            }
        }
    }

    fn report(&self) -> ShutdownReport {
        let state = self.state.lock();
        let mut report = state.counts.report();
        report.still_running = state.running.iter().map(|running| running.tasks).sum();
        report.still_pending = state.queue.iter().map(|order| order.job.tasks()).sum();
        report
    }
}
