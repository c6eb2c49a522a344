//! The shared state of one task: one allocation, seen from both sides.
//!
//! The life of it, with its picture and its promises, is in [`state`](crate::state); here stands what the verbs do to
//! the function, the outcome, and those who wait. A [`Task`] is seen as `dyn AnyTask` by executors and cancellers, and
//! as `dyn TypedTask<T>` by its future. Everything that can be kept out of a queued task is kept in [`Extras`], which
//! most tasks never have: a queued call of `u64` to `u64` takes 72 bytes, reference counts included.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use crate::callback::{self, Callback};
use crate::error::{Abandoned, Panicked, TaskError};
#[cfg(feature = "portable")]
use crate::error::{Reason, Rejected};
use crate::job::{Interrupt, Job, JobHandle, RunHooks, Skipped, Started, Tally};
use crate::panic_location;
#[cfg(feature = "portable")]
use crate::portable::Encoded;
use crate::report::{self, Report};
use crate::state::{Cancel, Life, Notes, State};
use crate::sync::{AtomicU32, Condvar, Mutex, Ordering};
use crate::task::{TaskId, TaskOptions, TaskView};
use crate::watch::{Watch, Watcher};
use crate::work::Work;
use crate::worker::{self, ExecutorId};

/// How an executor stops a task that runs; see [`Job::start_killable`](crate::Job::start_killable).
pub(crate) type InterruptHook = Arc<dyn Fn(Interrupt) + Send + Sync>;

/// One task: its life, its function and later its outcome, and who waits for it.
pub(crate) struct Task<W: Work> {
    id: TaskId,
    /// Bit 31: released, so that `done()` needs no lock. Below: the executor it is bound to.
    status: AtomicU32,
    /// For threads that wait, under the lock of `inner`; notified only where `THREAD_WAITS` is noted.
    released: Condvar,
    inner: Mutex<Inner<W>>,
}

struct Inner<W: Work> {
    extras: Option<Box<Extras<W::Output>>>,
    cell: Cell<W>,
    life: Life,
    /// How many tasks this is: those that a chunk gave away are counted where they went.
    tasks: u32,
}

/// What most tasks never have.
struct Extras<T> {
    options: Option<Arc<TaskOptions>>,
    deadline: Option<Instant>,
    callbacks: Vec<Callback<T>>,
    watchers: Vec<Watcher>,
    waker: Option<Waker>,
    interrupt: Option<InterruptHook>,
    permit: Option<Box<dyn Any + Send>>,
}

enum Cell<W: Work> {
    /// What is to be done.
    Work(W),
    /// Taken: by the thread that runs it, encodes it, or runs its callbacks; or by the future's owner.
    Gone,
    /// What came out, after the release.
    Outcome(Result<W::Output, TaskError>),
}

const RELEASED: u32 = 1 << 31;

/// What a task is to executors and cancellers, whatever it computes.
pub(crate) trait AnyTask: TaskView {
    fn state(&self) -> State;
    fn is_released(&self) -> bool;
    fn executor(&self) -> Option<ExecutorId>;
    fn options(&self) -> TaskOptions;
    fn len(&self) -> usize;
    /// Some tasks of a chunk are another job's now.
    fn give_away(&self, tasks: usize);

    // The producer's verbs.
    fn bind(&self, executor: ExecutorId);
    fn hold(&self, permit: Box<dyn Any + Send>);
    fn start(&self, interrupt: Option<InterruptHook>) -> Result<Option<Instant>, Skipped>;
    fn retry(&self);
    fn run(self: Arc<Self>, hooks: &mut dyn RunHooks);
    fn start_and_run(self: Arc<Self>, hooks: &mut dyn RunHooks) -> Result<(), Skipped>;
    fn fail(self: Arc<Self>, error: TaskError) -> bool;
    fn fail_pending(self: Arc<Self>, error: TaskError) -> bool;
    fn fail_item(self: Arc<Self>, index: usize, error: TaskError);
    #[cfg(feature = "portable")]
    fn complete_item(self: Arc<Self>, index: usize, reply: &[u8]) -> Tally;
    #[cfg(feature = "portable")]
    fn encode(self: Arc<Self>) -> Option<Encoded>;
    fn split_off(self: Arc<Self>, from: usize) -> Option<Job>;
    fn is_withdrawn(&self) -> bool;

    // The consumer's verbs.
    fn cancel(self: Arc<Self>) -> bool;
    fn abort(self: Arc<Self>, interrupt: Interrupt) -> bool;
    fn withdraw(self: Arc<Self>);
    fn request_stop(&self);
    fn park(&self, deadline: Option<Instant>) -> bool;
    fn watch(&self, watcher: Watcher) -> Result<(), Watcher>;
    fn unwatch(&self, watch: &Arc<dyn Watch>);
    fn set_waker(&self, waker: &Waker) -> bool;
    fn observe(&self);
    /// Whether the outcome is a failure; false before the release and after the outcome was taken.
    fn failed(&self) -> bool;
}

/// What a task is to its future.
pub(crate) trait TypedTask<T>: AnyTask {
    /// Moves the outcome out, once, after the release.
    fn take(&self) -> Option<Result<T, TaskError>>;
    /// Adds a callback, or gives it back if the future is released.
    fn add_callback(&self, callback: Callback<T>) -> Result<(), Callback<T>>;
    /// A look at the outcome without moving it: the name of the error, if it is one.
    fn outcome_kind(&self) -> Option<Result<(), &'static str>>;
}

impl<W: Work> Task<W> {
    pub(crate) fn new(work: W, options: Option<TaskOptions>) -> Arc<Self> {
        let id = work.first_id();
        let extras = options
            .filter(|options| !options.is_default())
            .map(|options| Box::new(Extras { options: Some(Arc::new(options)), ..Extras::none() }));
        let tasks = work.len().try_into().unwrap_or(u32::MAX);
        let inner = Inner { extras, cell: Cell::Work(work), life: Life::new(), tasks };
        Arc::new(Self { id, status: AtomicU32::new(0), released: Condvar::new(), inner: Mutex::new(inner) })
    }

    /// Ends the task with `outcome` unless something else did before. The one way out of PENDING and RUNNING.
    pub(crate) fn finish(
        self: &Arc<Self>,
        mut outcome: Result<W::Output, TaskError>,
        hooks: &mut dyn RunHooks,
    ) -> bool {
        let mut inner = self.inner.lock();
        if !inner.life.decide() {
            drop(inner);
            report::discard(outcome);
            announce(hooks, Tally::default());
            return false;
        }
        let ended_on_request = inner.saw_the_stop(&outcome);
        let left = inner.take_left_over();
        drop(inner);
        if ended_on_request {
            report::discard(std::mem::replace(&mut outcome, Err(TaskError::Cancelled)));
        }
        let tally = W::tally(&outcome);
        match left {
            Some(left) => self.conclude(outcome, left.dismantle(), tally, hooks),
            // Most tasks: nobody has asked for anything but the value.
            None => {
                announce(hooks, tally);
                if let Err((outcome, callbacks)) = self.release(outcome) {
                    retract(hooks);
                    self.conclude(outcome, callbacks, Tally::default(), hooks);
                }
            }
        }
        true
    }

    /// DECIDED → released: callbacks, then whoever waits. The hooks are told between the two.
    fn conclude(
        self: &Arc<Self>,
        mut outcome: Result<W::Output, TaskError>,
        mut callbacks: Vec<Callback<W::Output>>,
        mut tally: Tally,
        hooks: &mut dyn RunHooks,
    ) {
        if !callbacks.is_empty() && callback::is_too_deep() {
            announce(hooks, tally);
            let task = self.clone();
            callback::owe(Box::new(move || task.conclude_shallow(outcome, callbacks)));
            return;
        }
        loop {
            if !callbacks.is_empty() {
                self.observe();
                callback::tell(self.id, callbacks, &outcome);
            }
            announce(hooks, std::mem::take(&mut tally));
            match self.release(outcome) {
                Ok(()) => return,
                Err(back) => (outcome, callbacks) = back,
            }
            // Callbacks have joined since the announcement.
            retract(hooks);
        }
    }

    /// As [`conclude`](Self::conclude), of an outcome that no worker brings.
    fn conclude_error(self: &Arc<Self>, error: TaskError, left: Option<LeftOver<W>>) {
        let callbacks = left.map_or_else(Vec::new, LeftOver::dismantle);
        self.conclude(Err(error), callbacks, Tally::default(), &mut |_: Tally| ());
    }

    /// The rest of a completion that was owed: called by the frame at the depth limit, where nesting is allowed again.
    fn conclude_shallow(&self, mut outcome: Result<W::Output, TaskError>, mut callbacks: Vec<Callback<W::Output>>) {
        loop {
            self.observe();
            callback::tell(self.id, callbacks, &outcome);
            match self.release(outcome) {
                Ok(()) => return,
                Err(back) => (outcome, callbacks) = back,
            }
        }
    }

    /// Publishes the outcome and tells who waits; gives it back if callbacks joined meanwhile.
    #[expect(clippy::type_complexity, reason = "what comes back is what went in, and what joined")]
    fn release(
        &self,
        outcome: Result<W::Output, TaskError>,
    ) -> Result<(), (Result<W::Output, TaskError>, Vec<Callback<W::Output>>)> {
        let mut inner = self.inner.lock();
        if let Some(extras) = &mut inner.extras
            && !extras.callbacks.is_empty()
        {
            return Err((outcome, std::mem::take(&mut extras.callbacks)));
        }
        let cancelled = matches!(outcome, Err(TaskError::Cancelled));
        let failed = outcome.is_err() && !cancelled;
        inner.life.release(cancelled);
        inner.cell = Cell::Outcome(outcome);
        let waits = inner.life.notes.has(Notes::THREAD_WAITS);
        let woken = inner
            .extras
            .as_mut()
            .map(|extras| (extras.waker.take(), std::mem::take(&mut extras.watchers), extras.interrupt.take()));
        // Release: pairs with the Acquire in `is_released`, whose caller may go on without taking the lock.
        // A plain store suffices: after `bind` only the holder of the lock writes here.
        let bound = self.status.load(Ordering::Relaxed);
        self.status.store(bound | RELEASED, Ordering::Release);
        drop(inner);
        if waits {
            self.released.notify_all();
        }
        if let Some((waker, watchers, interrupt)) = woken {
            if let Some(waker) = waker {
                report::contain("a waker", || waker.wake());
            }
            watchers.into_iter().for_each(|watcher| watcher.tell(failed));
            discard_some(interrupt);
        }
        Ok(())
    }

    /// RUNNING, remote: one task of several has its outcome.
    fn settle_item(self: Arc<Self>, index: usize, item: Result<W::Item, TaskError>) {
        let mut inner = self.inner.lock();
        let Cell::Work(work) = &mut inner.cell else {
            drop(inner);
            return report::discard(item);
        };
        let mut item = Some(item);
        let outcome = work.settle(index, &mut item);
        drop(inner);
        report::discard(item);
        if let Some(outcome) = outcome {
            self.finish(outcome, &mut |_: Tally| ());
        }
    }

    /// RUNNING: tells the executor, and runs the function.
    fn run_ready(self: Arc<Self>, ready: Ready<W>, hooks: &mut dyn RunHooks) {
        let Some(work) = ready.work else { return announce(hooks, Tally::default()) };
        let handle = || JobHandle::new(&(self.clone() as Arc<dyn AnyTask>));
        let started = Started { id: self.id, tasks: ready.tasks, deadline: ready.deadline, handle: &handle };
        // A panic of the executor's must not leave a task that nobody ends.
        let mut begun = None;
        report::contain("an executor", || begun = Some(hooks.started(&started)));
        match begun.unwrap_or_else(|| Err(dropped_by_executor())) {
            Ok(()) => {
                let label = ready.options.as_ref().and_then(|options| options.label_text());
                self.run_work(work, label, hooks);
            }
            Err(error) => {
                report::discard(work);
                self.finish(Err(error), hooks);
            }
        }
    }

    /// RUNNING: calls the function, and ends the task with what comes out.
    fn run_work(self: Arc<Self>, work: W, label: Option<&str>, hooks: &mut dyn RunHooks) {
        // The task itself is what the thread takes up: a second reference would cost two atomic operations.
        let taken = match worker::take_up(self) {
            Ok(taken) => taken,
            Err(view) => {
                report::discard(work);
                return Self::from_view(view).cancel_unrun(hooks);
            }
        };
        panic_location::install();
        let outcome = catch_unwind(AssertUnwindSafe(|| work.run(label)))
            .unwrap_or_else(|payload| Err(Panicked::from_payload(payload, panic_location::take(), label).into()));
        let task = Self::from_view(worker::put_down(taken));
        let is_quiet = outcome.is_ok() && !std::mem::needs_drop::<W::Output>();
        task.finish(outcome, hooks);
        // If nobody else holds the task, its outcome is dropped here.
        if !is_quiet && Arc::strong_count(&task) == 1 {
            retract(hooks);
        }
    }

    fn from_view(view: Arc<dyn TaskView>) -> Arc<Self> {
        view.into_any().downcast().expect("the view that was put down is the one that was taken up")
    }

    /// RUNNING → CANCELLED: its thread was given up before the function began.
    fn cancel_unrun(self: &Arc<Self>, hooks: &mut dyn RunHooks) {
        let tasks = self.len();
        self.finish(Err(TaskError::Cancelled), &mut |tally: Tally| {
            let cancelled = if tally.total() == 0 { 0 } else { tasks };
            hooks.before_release(Tally { cancelled, ..Tally::default() });
        });
    }

    fn decide_and_conclude(self: Arc<Self>, error: TaskError, only_pending: bool) -> bool {
        let mut inner = self.inner.lock();
        if only_pending && !inner.life.is_pending() || !inner.life.decide() {
            drop(inner);
            report::discard(error);
            return false;
        }
        inner.life.notes.set(Notes::STOP_REQUESTED);
        let left = inner.take_left_over();
        drop(inner);
        self.conclude_error(error, left);
        true
    }
}

impl<W: Work> TaskView for Task<W> {
    fn id(&self) -> TaskId {
        self.id
    }

    fn label(&self) -> Option<String> {
        self.inner.lock().label().map(str::to_owned)
    }

    fn attempt(&self) -> u32 {
        self.inner.lock().life.attempt.into()
    }

    fn deadline(&self) -> Option<Instant> {
        self.inner.lock().deadline()
    }

    fn stop_requested(&self) -> bool {
        self.inner.lock().life.notes.has(Notes::STOP_REQUESTED)
    }

    fn see_stop(&self) {
        self.inner.lock().life.notes.set(Notes::STOP_SEEN);
    }

    fn has_seen_stop(&self) -> bool {
        self.inner.lock().life.notes.has(Notes::STOP_SEEN)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn as_task(self: Arc<Self>) -> Option<Arc<dyn AnyTask>> {
        Some(self)
    }
}

impl<W: Work> AnyTask for Task<W> {
    fn state(&self) -> State {
        self.inner.lock().life.state()
    }

    fn is_released(&self) -> bool {
        // Acquire: what happened before the release happened before whatever the caller does next (L3).
        self.status.load(Ordering::Acquire) & RELEASED != 0
    }

    fn executor(&self) -> Option<ExecutorId> {
        // Relaxed: a stale answer only means that a wait doesn't run the task in place.
        ExecutorId::from_bits(self.status.load(Ordering::Relaxed) & !RELEASED)
    }

    fn options(&self) -> TaskOptions {
        self.inner.lock().options().as_deref().cloned().unwrap_or_default()
    }

    fn len(&self) -> usize {
        // Only a chunk has more than one, and only its number changes: asked for every submit, so without the lock.
        if W::IS_CHUNK { self.inner.lock().tasks as usize } else { 1 }
    }

    fn give_away(&self, tasks: usize) {
        let mut inner = self.inner.lock();
        inner.tasks = inner.tasks.saturating_sub(tasks.try_into().unwrap_or(u32::MAX));
    }

    fn bind(&self, executor: ExecutorId) {
        // Relaxed: whoever finds the job in the executor's queue finds this with it. A release that comes between its
        // own load and store may drop the executor again, which nobody asks for any more.
        let set = |status: u32| Some(status & RELEASED | executor.bits());
        let _ = self.status.fetch_update(Ordering::Relaxed, Ordering::Relaxed, set);
    }

    fn hold(&self, permit: Box<dyn Any + Send>) {
        let mut inner = self.inner.lock();
        let refused = if inner.life.is_pending() { inner.extras().permit.replace(permit) } else { Some(permit) };
        drop(inner);
        report::discard(refused);
    }

    fn start(&self, interrupt: Option<InterruptHook>) -> Result<Option<Instant>, Skipped> {
        let mut inner = self.inner.lock();
        let permit = inner.start(interrupt)?;
        let deadline = inner.deadline();
        drop(inner);
        discard_some(permit);
        Ok(deadline)
    }

    fn retry(&self) {
        let mut inner = self.inner.lock();
        inner.life.attempt = inner.life.attempt.saturating_add(1);
        if let Some(extras) = &mut inner.extras {
            extras.deadline = extras.next_deadline();
        }
    }

    fn run(self: Arc<Self>, hooks: &mut dyn RunHooks) {
        let ready = self.inner.lock().get_ready();
        self.run_ready(ready, hooks);
    }

    fn start_and_run(self: Arc<Self>, hooks: &mut dyn RunHooks) -> Result<(), Skipped> {
        let mut inner = self.inner.lock();
        let permit = inner.start(None)?;
        let ready = inner.get_ready();
        drop(inner);
        discard_some(permit);
        self.run_ready(ready, hooks);
        Ok(())
    }

    fn fail(self: Arc<Self>, error: TaskError) -> bool {
        self.decide_and_conclude(error, false)
    }

    fn fail_pending(self: Arc<Self>, error: TaskError) -> bool {
        self.decide_and_conclude(error, true)
    }

    fn fail_item(self: Arc<Self>, index: usize, error: TaskError) {
        self.settle_item(index, Err(error));
    }

    #[cfg(feature = "portable")]
    fn complete_item(self: Arc<Self>, index: usize, reply: &[u8]) -> Tally {
        let (face, label) = {
            let inner = self.inner.lock();
            let Cell::Work(work) = &inner.cell else { return Tally::default() };
            (work.face(), inner.label().map(str::to_owned))
        };
        let item = match face {
            Some(face) => face.decode(reply, label.as_deref()),
            None => Err(Rejected::new(Reason::NotPortable).into()),
        };
        let tally = Tally::of(&item);
        self.settle_item(index, item);
        tally
    }

    #[cfg(feature = "portable")]
    fn encode(self: Arc<Self>) -> Option<Encoded> {
        // The serialiser is user code: the work leaves the cell while it runs, and comes back if it is still wanted.
        let (work, face) = {
            let mut inner = self.inner.lock();
            let face = match &inner.cell {
                Cell::Work(work) => work.face()?,
                _ => return None,
            };
            let Cell::Work(work) = std::mem::replace(&mut inner.cell, Cell::Gone) else { return None };
            (work, face)
        };
        let (encoded, refused) = face.encode(work.arguments());
        let mut inner = self.inner.lock();
        let unwanted = if inner.life.is_decided() {
            Some(work)
        } else {
            inner.cell = Cell::Work(work);
            None
        };
        drop(inner);
        report::discard(unwanted);
        for (index, error) in refused {
            self.clone().settle_item(index, Err(error));
        }
        Some(encoded)
    }

    fn split_off(self: Arc<Self>, from: usize) -> Option<Job> {
        let split = match &mut self.inner.lock().cell {
            Cell::Work(work) => work.split_off(from),
            _ => None,
        };
        let (job, outcome) = split?;
        self.give_away(job.tasks());
        if let Some(outcome) = outcome {
            self.finish(outcome, &mut |_: Tally| ());
        }
        Some(job)
    }

    fn is_withdrawn(&self) -> bool {
        self.inner.lock().life.notes.has(Notes::REST_WITHDRAWN)
    }

    fn cancel(self: Arc<Self>) -> bool {
        let mut inner = self.inner.lock();
        match inner.life.cancel() {
            Cancel::Repeated => true,
            Cancel::Lost => false,
            Cancel::Won => {
                let left = inner.take_left_over();
                drop(inner);
                self.conclude_error(TaskError::Cancelled, left);
                true
            }
        }
    }

    fn abort(self: Arc<Self>, interrupt: Interrupt) -> bool {
        if self.clone().cancel() {
            return true;
        }
        let hook = {
            let mut inner = self.inner.lock();
            if !inner.life.is_running() {
                return false;
            }
            inner.life.notes.set(Notes::STOP_REQUESTED);
            inner.extras.as_ref().and_then(|extras| extras.interrupt.clone())
        };
        hook.is_some_and(|hook| {
            hook(interrupt);
            true
        })
    }

    fn withdraw(self: Arc<Self>) {
        if self.clone().cancel() {
            return;
        }
        let hook = {
            let mut inner = self.inner.lock();
            inner.life.notes.set(Notes::REST_WITHDRAWN);
            inner.extras.as_ref().and_then(|extras| extras.interrupt.clone())
        };
        if let Some(hook) = hook {
            hook(Interrupt::Withdraw);
        }
    }

    fn request_stop(&self) {
        self.inner.lock().life.notes.set(Notes::STOP_REQUESTED);
    }

    fn park(&self, deadline: Option<Instant>) -> bool {
        // What wakes this loop if everybody else is dead: the producer's side can't vanish without deciding an
        // outcome, since dropping a job, a running job or a promise decides one (L7).
        let mut inner = self.inner.lock();
        while !inner.life.is_released() {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
            inner.life.notes.set(Notes::THREAD_WAITS);
            inner = self.released.wait_maybe_until(inner, deadline);
        }
        true
    }

    fn watch(&self, watcher: Watcher) -> Result<(), Watcher> {
        let mut inner = self.inner.lock();
        if inner.life.is_released() {
            return Err(watcher);
        }
        inner.extras().watchers.push(watcher);
        Ok(())
    }

    fn unwatch(&self, watch: &Arc<dyn Watch>) {
        if let Some(extras) = &mut self.inner.lock().extras {
            extras.watchers.retain(|watcher| !watcher.is_from(watch));
        }
    }

    fn set_waker(&self, waker: &Waker) -> bool {
        // Cloning and dropping a waker is foreign code, so both happen outside the lock (L6).
        let fresh = waker.clone();
        let mut inner = self.inner.lock();
        if inner.life.is_released() {
            drop(inner);
            drop(fresh);
            return true;
        }
        let stale = inner.extras().waker.replace(fresh);
        drop(inner);
        report::discard(stale);
        false
    }

    fn observe(&self) {
        self.inner.lock().life.notes.set(Notes::OBSERVED);
    }

    fn failed(&self) -> bool {
        matches!(&self.inner.lock().cell, Cell::Outcome(Err(error)) if !error.is_cancelled())
    }
}

impl<W: Work> TypedTask<W::Output> for Task<W> {
    fn take(&self) -> Option<Result<W::Output, TaskError>> {
        let mut inner = self.inner.lock();
        match std::mem::replace(&mut inner.cell, Cell::Gone) {
            Cell::Outcome(outcome) => Some(outcome),
            other => {
                inner.cell = other;
                None
            }
        }
    }

    fn add_callback(&self, callback: Callback<W::Output>) -> Result<(), Callback<W::Output>> {
        let mut inner = self.inner.lock();
        if inner.life.is_released() {
            return Err(callback);
        }
        inner.extras().callbacks.push(callback);
        Ok(())
    }

    fn outcome_kind(&self) -> Option<Result<(), &'static str>> {
        match &self.inner.lock().cell {
            Cell::Outcome(outcome) => Some(outcome.as_ref().map(|_| ()).map_err(TaskError::name)),
            _ => None,
        }
    }
}

impl<W: Work> Drop for Task<W> {
    fn drop(&mut self) {
        let id = self.id;
        let inner = self.inner.get_mut();
        if let Cell::Outcome(Err(error)) = &inner.cell
            && !error.is_cancelled()
            && !inner.life.notes.has(Notes::OBSERVED)
        {
            let label = inner.label().map(str::to_owned);
            report::send(&Report::UnseenFailure { id, label, error: error.clone() });
        }
        if let Cell::Outcome(outcome) = std::mem::replace(&mut inner.cell, Cell::Gone) {
            report::discard(outcome);
        }
    }
}

impl<W: Work> Inner<W> {
    /// PENDING → RUNNING; gives the permit, to be dropped outside the lock.
    fn start(&mut self, interrupt: Option<InterruptHook>) -> Result<Option<Box<dyn Any + Send>>, Skipped> {
        if !self.life.start() {
            return Err(if self.life.was_cancelled_before_start() { Skipped::Cancelled } else { Skipped::Elsewhere });
        }
        if interrupt.is_some() {
            self.extras().interrupt = interrupt;
        }
        let Some(extras) = &mut self.extras else { return Ok(None) };
        extras.deadline = extras.next_deadline();
        Ok(extras.permit.take())
    }

    fn deadline(&self) -> Option<Instant> {
        self.extras.as_ref().and_then(|extras| extras.deadline)
    }

    /// RUNNING: takes out what is needed to run.
    fn get_ready(&mut self) -> Ready<W> {
        debug_assert!(self.life.is_running() || self.life.is_decided(), "run before start");
        let (options, deadline) = (self.options(), self.deadline());
        Ready { work: self.take_work(), options, deadline, tasks: self.tasks as usize }
    }

    fn extras(&mut self) -> &mut Extras<W::Output> {
        self.extras.get_or_insert_with(|| Box::new(Extras::none()))
    }

    fn options(&self) -> Option<Arc<TaskOptions>> {
        self.extras.as_ref().and_then(|extras| extras.options.clone())
    }

    fn label(&self) -> Option<&str> {
        self.extras.as_ref().and_then(|extras| extras.options.as_ref()?.label_text())
    }

    /// An `Err` of a task that was told to stop, and looked, is an end on request and no failure.
    fn saw_the_stop(&self, outcome: &Result<W::Output, TaskError>) -> bool {
        matches!(outcome, Err(TaskError::Failed(_))) && self.life.notes.has(Notes::STOP_SEEN)
    }

    /// Takes the function out, and leaves an outcome where it is: the task may have been failed before it could run.
    fn take_work(&mut self) -> Option<W> {
        match std::mem::replace(&mut self.cell, Cell::Gone) {
            Cell::Work(work) => Some(work),
            other => {
                self.cell = other;
                None
            }
        }
    }

    /// Takes out what user code must not run for under the lock.
    fn take_left_over(&mut self) -> Option<LeftOver<W>> {
        let work = self.take_work();
        match &mut self.extras {
            None => work.map(|work| LeftOver { work: Some(work), permit: None, callbacks: Vec::new() }),
            Some(extras) => {
                let (permit, callbacks) = (extras.permit.take(), std::mem::take(&mut extras.callbacks));
                Some(LeftOver { work, permit, callbacks })
            }
        }
    }
}

/// What a started task needs to run.
struct Ready<W: Work> {
    /// None if the future has ended meanwhile.
    work: Option<W>,
    options: Option<Arc<TaskOptions>>,
    deadline: Option<Instant>,
    tasks: usize,
}

/// What a decided task still holds: to be dropped, and to be called.
struct LeftOver<W: Work> {
    work: Option<W>,
    permit: Option<Box<dyn Any + Send>>,
    callbacks: Vec<Callback<W::Output>>,
}

impl<W: Work> LeftOver<W> {
    /// Drops the function and its captures at once, and keeps the callbacks.
    fn dismantle(self) -> Vec<Callback<W::Output>> {
        discard_some(self.work);
        discard_some(self.permit);
        self.callbacks
    }
}

impl<T> Extras<T> {
    /// When an attempt that begins now runs out of time.
    fn next_deadline(&self) -> Option<Instant> {
        self.options.as_ref()?.deadline_limit().and_then(crate::sync::deadline_after)
    }

    fn none() -> Self {
        Self {
            options: None,
            deadline: None,
            callbacks: Vec::new(),
            watchers: Vec::new(),
            waker: None,
            interrupt: None,
            permit: None,
        }
    }
}

/// Tells the executor that the result is released next. Whatever it panics with, the future is released.
fn announce(hooks: &mut dyn RunHooks, tally: Tally) {
    report::contain("an executor", || hooks.before_release(tally));
}

/// Tells the executor that foreign code comes first.
fn retract(hooks: &mut dyn RunHooks) {
    report::contain("an executor", || hooks.before_foreign_code());
}

/// Drops what is usually not there.
fn discard_some<T>(value: Option<T>) {
    if let Some(value) = value {
        report::discard(value);
    }
}

/// The error of a producer that vanished.
pub(crate) fn dropped_by_executor() -> TaskError {
    Abandoned::new("its executor dropped it without running it").into()
}
