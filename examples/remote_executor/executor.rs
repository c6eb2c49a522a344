//! The executor: a queue, a thread for each worker, and the end of it all.
//!
//! ```text
//!            execute            next               call ─► reply                ended
//!   caller ──────────► queue ──────────► running ────────────────► completed ──────────►
//!             encode      ▲                │  worker dies: the task that it was in fails,
//!                         └────────────────┘  what it had not begun goes back
//! ```
//!
//! A chunk is sent task by task, so what was sent is what has begun. It costs a round trip for each; who sends ahead says so
//! to the future by [`Job::offer`], so that it can still be cancelled.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures::portable::Encoded;
use concurrent_futures::{
    Abandoned, Executor, Job, JobHandle, Reason, Rejected, Shutdown, ShutdownMode, ShutdownReport, Stats, Tally,
    TaskError, worker,
};

use super::link::Link;

/// Runs tasks in worker processes, to which it speaks in bytes.
pub(crate) struct RemoteExecutor(Arc<Shared>);

pub(crate) struct Shared {
    max_workers: usize,
    books: Mutex<Books>,
    /// Something of the books has changed.
    changed: Condvar,
}

#[derive(Default)]
pub(crate) struct Books {
    queue: VecDeque<Order>,
    pub(crate) running: Vec<Running>,
    next_key: u64,
    /// Threads that serve a worker each.
    pub(crate) lanes: usize,
    pub(crate) workers: usize,
    is_shut_down: bool,
    pub(crate) cancels_waiting: bool,
    submitted: u64,
    killed: u64,
    ended: Tally,
}

/// A job that waits, with its bytes: they are made where it is submitted, by who submits it.
pub(crate) struct Order {
    pub(crate) job: Job,
    pub(crate) encoded: Encoded,
}

impl Order {
    /// How many tasks will be sent. Those whose argument could not be encoded have failed, and were counted, already.
    pub(crate) fn tasks(&self) -> usize {
        self.encoded.arguments().len()
    }
}

/// A job that a lane has taken, so that a kill finds it.
pub(crate) struct Running {
    pub(crate) key: u64,
    handle: JobHandle,
    tasks: usize,
    /// Its worker; none while that is being started.
    pub(crate) link: Option<Arc<Link>>,
}

impl RemoteExecutor {
    /// Up to so many workers. Each is started with its first task.
    pub(crate) fn new(max_workers: usize) -> Self {
        let books = Books { lanes: max_workers, ..Books::default() };
        let shared = Arc::new(Shared { max_workers, books: Mutex::new(books), changed: Condvar::new() });
        for _ in 0..max_workers {
            let ours = shared.clone();
            thread::spawn(move || ours.serve_lane());
        }
        Self(shared)
    }
}

impl Executor for RemoteExecutor {
    fn execute(&self, job: Job) {
        if let Some(why) = self.0.why_refused(&job) {
            return self.0.refuse(job, why);
        }
        let Some(encoded) = job.encode() else {
            return self.0.refuse(job, Rejected::new(Reason::NotPortable));
        };
        if let Err(late) = self.0.enqueue(Order { job, encoded }) {
            self.0.refuse(late.job, Rejected::new(Reason::ShutDown));
        }
    }

    fn shutdown(&self, how: Shutdown) -> ShutdownReport {
        self.0.books().is_shut_down = true;
        self.0.changed.notify_all();
        match how.mode() {
            ShutdownMode::CancelPending => self.0.cancel_waiting(),
            ShutdownMode::Kill { grace } => self.0.kill(grace),
            _ => {}
        }
        if let Some(later) = how.escalation() {
            let ours = self.0.clone();
            thread::spawn(move || {
                ours.wait_while(Some(later.after), |books| books.lanes > 0);
                if ours.books().lanes > 0 {
                    ours.kill(later.grace);
                }
            });
        }
        // Whoever waits inside a task or a callback might wait for himself.
        let limit = if worker::is_inside_task() { Some(Duration::ZERO) } else { how.wait_limit() };
        self.0.wait_while(limit, |books| books.lanes > 0);
        self.0.report()
    }

    fn stats(&self) -> Stats {
        let books = self.0.books();
        let mut stats = Stats::new(self.0.max_workers);
        stats.workers = books.workers;
        stats.idle = books.workers.saturating_sub(books.running.len());
        stats.pending = books.queue.iter().map(Order::tasks).sum();
        stats.submitted = books.submitted;
        stats.finished = books.ended.returned as u64;
        stats.failed = books.ended.failed as u64;
        stats.cancelled = books.ended.cancelled as u64;
        stats
    }
}

/// A drain, in a thread that unwinds a harsher one, after a shutdown nothing.
impl Drop for RemoteExecutor {
    fn drop(&mut self) {
        if !self.0.books().is_shut_down {
            self.shutdown(if thread::panicking() { Shutdown::cancel_pending() } else { Shutdown::drain() });
        }
    }
}

impl Shared {
    /// The lock. No user code runs under it: no callback, which is what a job that ends runs, and no destructor.
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self, tally: Tally) {
        self.books().ended += tally;
    }

    /// Tells whoever waits to look again.
    pub(crate) fn tell(&self) {
        self.changed.notify_all();
    }

    /// What it can't do is refused, never ignored.
    fn why_refused(&self, job: &Job) -> Option<Rejected> {
        let options = job.options();
        let reason = if self.books().is_shut_down {
            Reason::ShutDown
        } else if options.deadline_limit().is_some() {
            Reason::Unsupported { option: "deadline" }
        } else {
            return None;
        };
        Some(Rejected::new(reason))
    }

    fn refuse(&self, job: Job, why: Rejected) {
        let tasks = job.tasks();
        {
            let mut books = self.books();
            books.submitted += tasks as u64;
            books.ended.failed += tasks;
        }
        job.fail(why);
    }

    fn enqueue(&self, order: Order) -> Result<(), Order> {
        let mut books = self.books();
        if books.is_shut_down {
            return Err(order);
        }
        books.submitted += order.job.tasks() as u64;
        books.ended.failed += order.job.tasks() - order.tasks();
        books.queue.push_back(order);
        drop(books);
        self.tell();
        Ok(())
    }

    /// Takes the next job. What ends the wait: a job, or a shutdown once nothing runs that might put a part of itself back.
    pub(crate) fn next(&self) -> Option<(u64, Order)> {
        let mut books = self.books();
        loop {
            if let Some(order) = books.queue.pop_front() {
                let key = books.next_key;
                books.next_key += 1;
                let (handle, tasks) = (order.job.handle(), order.tasks());
                books.running.push(Running { key, handle, tasks, link: None });
                return Some((key, order));
            }
            if books.is_shut_down && books.running.is_empty() {
                return None;
            }
            books = self.changed.wait(books).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts the part of a chunk that had not begun back to where it came from.
    pub(crate) fn put_back(&self, job: Job) {
        let Some(encoded) = job.encode() else { return };
        self.books().queue.push_front(Order { job, encoded });
        self.tell();
        // Looked at after the push, so that a shutdown either finds the part or is found.
        if self.books().cancels_waiting {
            self.cancel_waiting();
        }
    }

    fn cancel_waiting(&self) {
        let waiting = {
            let mut books = self.books();
            books.cancels_waiting = true;
            std::mem::take(&mut books.queue)
        };
        for order in waiting {
            self.count(Tally { cancelled: order.tasks(), ..Tally::default() });
            order.job.cancel();
        }
        self.tell();
    }

    fn kill(self: &Arc<Self>, grace: Duration) {
        self.cancel_waiting();
        for (handle, link) in self.what_runs() {
            handle.request_stop();
            if let Some(link) = link {
                link.say_stop(handle.id().as_u64());
            }
        }
        let ours = self.clone();
        let give_up = move || {
            ours.wait_while(Some(grace), |books| !books.running.is_empty());
            ours.give_up();
        };
        // The caller may wait for less than the grace, and the kill goes on without him.
        if grace.is_zero() {
            give_up();
        } else {
            thread::spawn(give_up);
        }
    }

    /// Ends the futures of what still runs, and then its workers: in this order, or they would seem to have died by themselves.
    fn give_up(&self) {
        for (handle, link) in self.what_runs() {
            let is_ours = handle.fail_then(Abandoned::new("its executor was killed while it ran"), |tally| {
                self.count(tally);
                self.books().killed += tally.total() as u64;
            });
            if let Some(link) = link.filter(|_| is_ours) {
                link.cut();
            }
        }
    }

    fn what_runs(&self) -> Vec<(JobHandle, Option<Arc<Link>>)> {
        self.books().running.iter().map(|running| (running.handle.clone(), running.link.clone())).collect()
    }

    /// Ends one task: lets it end by itself for `grace`, then ends its worker. On a thread of its own, since who aborts
    /// doesn't wait.
    pub(crate) fn abort(self: &Arc<Self>, key: u64, handle: JobHandle, grace: Duration) {
        let ours = self.clone();
        thread::spawn(move || {
            if let Some(link) = ours.link_of(key) {
                link.say_stop(handle.id().as_u64());
            }
            ours.wait_while(Some(grace), |books| books.running.iter().any(|running| running.key == key));
            if handle.fail_then(TaskError::Cancelled, |tally| ours.count(tally))
                && let Some(link) = ours.link_of(key)
            {
                link.cut();
            }
        });
    }

    fn link_of(&self, key: u64) -> Option<Arc<Link>> {
        self.books().running.iter().find(|running| running.key == key)?.link.clone()
    }

    /// What ends the wait: a lane that has ended its job or itself, or the limit.
    fn wait_while(&self, limit: Option<Duration>, condition: impl Fn(&Books) -> bool) {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut books = self.books();
        while condition(&books) {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            books = match left {
                None => self.changed.wait(books).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return,
                Some(left) => self.changed.wait_timeout(books, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    fn report(&self) -> ShutdownReport {
        let books = self.books();
        let mut report = ShutdownReport::default();
        report.finished = (books.ended.returned + books.ended.failed) as u64 - books.killed;
        report.cancelled = books.ended.cancelled as u64;
        report.killed = books.killed;
        report.still_running = books.running.iter().map(|running| running.tasks).sum();
        report.still_pending = books.queue.iter().map(Order::tasks).sum();
        report
    }
}
