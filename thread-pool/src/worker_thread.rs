//! A worker: one thread that takes jobs until the pool ends or it has been idle long enough.

use std::sync::Arc;
use std::time::Duration;

use concurrent_futures_core::spin::Spinner;
use concurrent_futures_core::sync::{Ordering, fence};
use concurrent_futures_core::worker::{self, Attention, BlockLimit, ExecutorId, Wish, WorkerContext};
use concurrent_futures_core::{Job, Rejected, RunHooks, RunningJob, Started, Tally, TaskError};

use crate::absence::Absence;
use crate::parker::Parker;
use crate::shared::{Accounts, Shared};

/// A spare worker that isn't needed any more stays for so long.
const SPARE_KEEP_ALIVE: Duration = Duration::from_secs(1);

/// A worker that has been parked for so long while others work asks them to share their chunks.
const PATIENCE: Duration = Duration::from_micros(100);

pub(crate) struct Worker {
    shared: Arc<Shared>,
    number: usize,
    parker: Arc<Parker>,
    absence: Arc<Absence>,
    spinner: Spinner,
}

/// What a worker does after a task.
enum Next {
    /// Runs this job; it stayed busy.
    Run(Job),
    /// Looks for a job; it has been counted as searching.
    Search,
    /// Parks, since too many workers are active; it is still counted as busy.
    Yield,
    /// Ends.
    Leave,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, number: usize) -> Self {
        Self { shared, number, parker: Arc::default(), absence: Arc::default(), spinner: Spinner::new() }
    }

    pub(crate) fn absence(&self) -> Arc<Absence> {
        self.absence.clone()
    }

    /// The thread's whole life. It begins counted as searching.
    pub(crate) fn work(self) {
        let context = Arc::new(Context::new(&self));
        let guard = worker::enter(context);
        self.shared.register(self.number, guard.running_jobs());
        let observer = &self.shared.observer;
        observer.tell(|observer| observer.worker_up(self.number));
        if let Some(initializer) = &self.shared.initializer {
            self.shared.roster.begin_start();
            self.shared.pass_on();
            if let Err(why) = initializer.run() {
                self.shared.break_down(&Rejected::broken(why, None));
            }
            self.shared.roster.end_start();
        }
        let mut next = Next::Search;
        loop {
            next = match next {
                Next::Run(job) => self.run(job),
                Next::Search => self.search(),
                Next::Yield => self.give_way(),
                Next::Leave => break,
            };
        }
        drop(guard);
        observer.tell(|observer| observer.worker_down(self.number));
        self.shared.note_worker_left(self.number);
    }

    /// BUSY: runs a job; before its result is released, announces that it searches, if nothing waits.
    fn run(&self, job: Job) -> Next {
        let (id, tasks) = (job.id(), job.tasks());
        let accounts = Accounts::on_worker(&self.shared, id, (self.number, &self.absence));
        let mut turn = Turn { accounts, is_announced: false };
        if let Err(skipped) = job.run_with(&mut turn) {
            self.shared.count_skipped(id, tasks, skipped);
        }
        if turn.is_announced { Next::Search } else { self.next() }
    }

    /// BUSY: decides what comes next.
    fn next(&self) -> Next {
        if self.shared.roster.has_surplus() {
            return Next::Yield;
        }
        match self.shared.queue.pop() {
            Some(job) => Next::Run(job),
            None => {
                self.shared.roster.search();
                Next::Search
            }
        }
    }

    /// SEARCHING: finds a job, or parks until there may be one, or leaves.
    fn search(&self) -> Next {
        let shared = &self.shared;
        loop {
            // Before the look at the queue: what was pushed between the two, relying on this search, is found then.
            let is_closed = shared.queue.is_closed();
            if is_closed && shared.roster.leave_if_surplus() {
                return Next::Leave;
            }
            if let Some(job) = shared.queue.pop() {
                shared.roster.found_work();
                shared.pass_on();
                return Next::Run(job);
            }
            if is_closed {
                shared.roster.leave();
                return Next::Leave;
            }
            if self.spinner.until(|| !shared.queue.is_empty() || shared.queue.is_closed()) {
                continue;
            }
            shared.roster.park(&self.parker);
            if !self.rest() {
                return Next::Leave;
            }
        }
    }

    /// BUSY, with too many active workers: parks, unless that has changed.
    fn give_way(&self) -> Next {
        if !self.shared.roster.park_surplus(&self.parker) {
            return match self.shared.queue.pop() {
                Some(job) => Next::Run(job),
                None => {
                    self.shared.roster.search();
                    Next::Search
                }
            };
        }
        if self.rest() { Next::Search } else { Next::Leave }
    }

    /// PARKED: sleeps until it is claimed (true: it is counted as searching) or has retired (false).
    ///
    /// What wakes it if everybody else is dead: the next submit, or the end of the pool, which claims all.
    fn rest(&self) -> bool {
        let shared = &self.shared;
        // The fence of R1: the write of `calls` before it, the look at the queue behind it.
        fence(Ordering::SeqCst);
        if (shared.queue.is_closed() || !shared.queue.is_empty() && shared.roster.calls())
            && shared.roster.recheck(&self.parker)
        {
            return true;
        }
        if shared.roster.somebody_works() {
            if self.parker.sleep(Some(PATIENCE)) {
                return true;
            }
            shared.roster.grow_hungry(&self.parker);
        }
        loop {
            let spare_for = shared.roster.has_spares().then_some(SPARE_KEEP_ALIVE);
            let limit = spare_for.into_iter().chain(shared.keep_alive).min();
            if self.parker.sleep(limit) {
                return true;
            }
            if shared.roster.retire(&self.parker, limit == shared.keep_alive) {
                return false;
            }
        }
    }
}

/// One task on a worker, which announces itself before the result is released (R3); by then it is late no more (R5).
struct Turn<'a> {
    accounts: Accounts<'a>,
    /// Whether the worker is counted as searching.
    is_announced: bool,
}

impl RunHooks for Turn<'_> {
    fn started(&mut self, task: &Started<'_>) -> Result<(), TaskError> {
        self.accounts.started(task)
    }

    fn before_release(&mut self, tally: Tally) {
        self.accounts.before_release(tally);
        let shared = self.accounts.shared;
        self.is_announced = !shared.roster.has_surplus() && shared.queue.is_empty();
        if self.is_announced {
            shared.roster.search();
        }
    }

    fn before_foreign_code(&mut self) {
        if std::mem::take(&mut self.is_announced) {
            self.accounts.shared.roster.found_work();
            self.accounts.shared.pass_on();
        }
    }
}

/// What core asks of a worker's thread.
struct Context {
    shared: Arc<Shared>,
    number: usize,
    absence: Arc<Absence>,
    /// An address near the base of the thread's stack.
    stack_base: usize,
}

impl Context {
    fn new(worker: &Worker) -> Self {
        let (shared, absence) = (worker.shared.clone(), worker.absence());
        Self { shared, number: worker.number, absence, stack_base: address_of_stack() }
    }
}

impl WorkerContext for Context {
    fn executor(&self) -> ExecutorId {
        self.shared.id
    }

    fn can_nest(&self) -> bool {
        // By bytes, not by depth: a task's frame may be of any size.
        let used = self.stack_base.abs_diff(address_of_stack());
        used < self.shared.stack_size / 4 * 3
    }

    fn run_in_place(&self, job: RunningJob) {
        let id = job.id();
        job.run_with(&mut Accounts::on_worker(&self.shared, id, (self.number, &self.absence)));
    }

    fn block(&self) -> Result<(), BlockLimit> {
        self.shared.roster.block(&self.absence)?;
        self.shared.pass_on();
        Ok(())
    }

    fn unblock(&self) {
        self.shared.roster.unblock(&self.absence);
    }

    fn attention(&self) -> Option<Attention> {
        Some(self.shared.roster.attention().clone())
    }

    fn wish(&self) -> Wish {
        if self.shared.lifecycle.cancels_pending() {
            Wish::Stop
        } else if self.shared.roster.is_hungry() && self.shared.queue.is_empty() {
            Wish::Share
        } else {
            Wish::GoOn
        }
    }

    fn share(&self, job: Job) {
        self.shared.enqueue_part(job);
    }
}

/// An address in the caller's stack frame, or near it.
#[inline(never)]
fn address_of_stack() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}
