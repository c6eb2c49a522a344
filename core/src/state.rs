//! **The life of a future**: which moves there are, and who may make them.
//!
//! One task has two sides. The *producer* is the executor (a [`Job`](crate::Job), later a
//! [`RunningJob`](crate::RunningJob)) or the owner of a [`Promise`](crate::Promise). The *consumer* is the
//! [`Future`](crate::Future) with its [`Canceller`](crate::Canceller)s. They share a [`Life`], under one lock.
//!
//! ```text
//!       begin (a look at the offer)    ┌─────────┐
//!      ┌─────────────────────────────► │  BEGUN  │ ──────────────┐
//!      │                               └─────────┘               │
//!      │                                    │ start              │
//!      │            start (producer)        ▼                    │ decide (producer: the task ended,
//!   ┌─────────┐ ─────────────────────► ┌─────────┐               │ was aborted, or ran out of time)
//!   │ PENDING │                        │ RUNNING │ ──────────────┤
//!   └─────────┘                        └─────────┘               │
//!      │  │                                                      ▼
//!      │  │  decide (producer: failed before the start)    ┌ ─ ─ ─ ─ ─ ┐  release   ┌──────────┐
//!      │  └──────────────────────────────────────────────► │  DECIDED  │ ─────────► │ FINISHED │
//!      │                                                   │ callbacks │            ├──────────┤
//!      └─────────────────────────────────────────────────► │    run    │ ─────────► │CANCELLED │
//!         cancel (consumer)                                └ ─ ─ ─ ─ ─ ┘            └──────────┘
//! ```
//!
//! *Begun* is the other state that users don't see: it shows as RUNNING. A job that lies with a worker elsewhere is
//! *offered* ([`Offer`](crate::Offer)): PENDING as long as the worker has not begun it. Whoever looks at it, or would
//! cancel it, asks the offer first, under the lock; if the task has begun, that is noted before anything else. The
//! executor hears of it later, and its start succeeds then as if nobody had looked.
//!
//! *Decided* is not a state that users see: until the release, [`state`](crate::Future::state) shows the state before.
//! The outcome lies on the deciding thread's stack meanwhile, where callbacks can borrow it; a value that somebody
//! moved out could not be lent any more, which is why callbacks come before the release.
//!
//! | verb | PENDING | BEGUN | RUNNING | DECIDED | CANCELLED, FINISHED |
//! |---|---|---|---|---|---|
//! | [`begin`](Life::begin) | → BEGUN | never | never | never | never |
//! | [`start`](Life::start) | → RUNNING | → RUNNING | refused | refused | refused |
//! | [`decide`](Life::decide) | → DECIDED | → DECIDED | → DECIDED | refused: the second outcome is dropped | refused |
//! | [`cancel`](Life::cancel) | → DECIDED, `Won` | `Lost` | `Lost` | `Repeated` if cancelled before it began, else `Lost` | likewise |
//! | [`release`](Life::release) | never | never | never | → FINISHED, or CANCELLED where that is the outcome | never |
//!
//! Promises (tests carry these numbers):
//!
//! - **L1** At most one outcome is decided, and no state is ever left for an earlier one.
//! - **L2** If `cancel` returned true, the task's function never ran and never will.
//! - **L3** What happened before the outcome was decided happened before any wait for it returned.
//! - **L4** Each callback, waker and watcher is told exactly once; callbacks in the order of their registration,
//!   before the release; waiting threads, wakers and watchers after it.
//! - **L5** A callback that panics is reported; it stops neither the next callback nor the release.
//! - **L6** No user code (function, callback, waker, `Drop`, serialiser) runs while the lock is held.
//! - **L7** Dropping the producer's side ends the future with [`Abandoned`](crate::TaskError::Abandoned); dropping the
//!   consumer's side never disturbs the producer.
//! - **L8** An offered task is cancelled or begun, never both: the cancel takes the offer back under the lock, and
//!   whether that succeeds is the answer.
//!
//! # Difference from Python
//!
//! CPython knows a fifth state, *cancelled and notified*: a cancelled future is not done for `wait` and `as_completed`
//! until a worker has met it, and if no worker ever does, they wait for ever. Here `cancel` ends the future at once for
//! everybody who waits.

/// What a future looks like from outside.
///
/// | here | Python's `repr` |
/// |---|---|
/// | `Pending` | `state=pending` |
/// | `Running` | `state=running` |
/// | `Cancelled` | `state=cancelled` |
/// | `Finished` | `state=finished returned …` or `state=finished raised …` |
///
/// ```
/// assert_eq!(concurrent_futures_core::State::Running.to_string(), "running");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// No worker has begun the task yet.
    Pending,
    /// A worker has begun the task.
    Running,
    /// The task was cancelled before it began, or stopped by its executor.
    Cancelled,
    /// The task returned, failed, or was failed by its executor.
    Finished,
}

impl State {
    /// Whether nothing can change any more.
    ///
    /// ```
    /// use concurrent_futures_core::State;
    /// assert!(State::Cancelled.is_done() && !State::Running.is_done());
    /// ```
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Cancelled | Self::Finished)
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Cancelled => "cancelled",
            Self::Finished => "finished",
        })
    }
}

/// The state machine of the module's picture. Four bytes, since every pending task holds one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    phase: Phase,
    cancelled_before_start: bool,
    /// Which attempt runs or ran, from 1; 0 before the first.
    pub(crate) attempt: u8,
    pub(crate) notes: Notes,
}

/// Remarks beside the state; none of them changes what moves are allowed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Notes(u8);

impl Notes {
    /// The task was asked to stop: what `task::current().is_cancelled()` tells.
    pub(crate) const STOP_REQUESTED: u8 = 1;
    /// The task has seen the request through `check`.
    pub(crate) const STOP_SEEN: u8 = 1 << 1;
    /// Somebody was shown the outcome, or has the future that was handed out because it is done.
    pub(crate) const OBSERVED: u8 = 1 << 2;
    /// A thread waits on the condition variable.
    pub(crate) const THREAD_WAITS: u8 = 1 << 3;
    /// Of a chunk: what has not begun is not wanted any more.
    pub(crate) const REST_WITHDRAWN: u8 = 1 << 4;
    /// The released outcome is a failure; it may be looked at, or gone.
    pub(crate) const FAILED: u8 = 1 << 5;
    /// A done callback was, or will be, told the outcome.
    pub(crate) const TOLD: u8 = 1 << 6;
    /// The executor cancelled the task, and nobody who has its future did.
    pub(crate) const GIVEN_UP: u8 = 1 << 7;

    pub(crate) fn set(&mut self, note: u8) {
        self.0 |= note;
    }

    pub(crate) fn has(self, note: u8) -> bool {
        self.0 & note != 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Pending,
    /// The worker that it was offered to has begun it, and its executor has not said so.
    Begun,
    Running,
    DecidedFromPending,
    DecidedFromRunning,
    Cancelled,
    Finished,
}

/// The answer to a cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "whoever wins must decide the outcome and release it"]
pub(crate) enum Cancel {
    /// This call cancelled the task: its caller now runs the callbacks and releases.
    Won,
    /// It had been cancelled before it began.
    Repeated,
    /// It has begun, or has another outcome.
    Lost,
}

impl Life {
    pub(crate) fn new() -> Self {
        Self { phase: Phase::Pending, cancelled_before_start: false, attempt: 0, notes: Notes::default() }
    }

    pub(crate) fn state(&self) -> State {
        match self.phase {
            Phase::Pending | Phase::DecidedFromPending => State::Pending,
            Phase::Begun | Phase::Running | Phase::DecidedFromRunning => State::Running,
            Phase::Cancelled => State::Cancelled,
            Phase::Finished => State::Finished,
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.phase == Phase::Pending
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Begun | Phase::Running)
    }

    /// Whether its executor has said nothing of it: neither that it runs nor how it ended.
    pub(crate) fn is_unstarted(&self) -> bool {
        matches!(self.phase, Phase::Pending | Phase::Begun)
    }

    /// Whether callbacks may still be added to run before the release.
    pub(crate) fn is_released(&self) -> bool {
        self.state().is_done()
    }

    pub(crate) fn is_decided(&self) -> bool {
        !matches!(self.phase, Phase::Pending | Phase::Begun | Phase::Running)
    }

    pub(crate) fn was_cancelled_before_start(&self) -> bool {
        self.cancelled_before_start
    }

    /// PENDING → BEGUN: the offer says that its worker has begun.
    pub(crate) fn begin(&mut self) {
        debug_assert!(self.is_pending(), "begun in {:?}", self.phase);
        self.phase = Phase::Begun;
        self.attempt = 1;
    }

    /// PENDING or BEGUN → RUNNING. False if something else came first; the function must not run then.
    #[must_use]
    pub(crate) fn start(&mut self) -> bool {
        if !self.is_unstarted() {
            return false;
        }
        self.phase = Phase::Running;
        self.attempt = 1;
        true
    }

    /// PENDING, BEGUN or RUNNING → DECIDED. False if the outcome was decided before; this one is dropped then.
    #[must_use]
    pub(crate) fn decide(&mut self) -> bool {
        self.phase = match self.phase {
            Phase::Pending => Phase::DecidedFromPending,
            Phase::Begun | Phase::Running => Phase::DecidedFromRunning,
            _ => return false,
        };
        true
    }

    /// PENDING → DECIDED, with the outcome *cancelled*.
    pub(crate) fn cancel(&mut self) -> Cancel {
        match self.phase {
            Phase::Pending => {
                self.phase = Phase::DecidedFromPending;
                self.cancelled_before_start = true;
                Cancel::Won
            }
            _ if self.cancelled_before_start => Cancel::Repeated,
            _ => Cancel::Lost,
        }
    }

    /// DECIDED → FINISHED or CANCELLED.
    pub(crate) fn release(&mut self, cancelled: bool) {
        debug_assert!(
            matches!(self.phase, Phase::DecidedFromPending | Phase::DecidedFromRunning),
            "released in {:?}",
            self.phase
        );
        self.phase = if cancelled { Phase::Cancelled } else { Phase::Finished };
    }
}

#[cfg(test)]
mod tests {
    use super::{Cancel, Life, State};

    #[test]
    fn l1_the_first_decision_stands() {
        let mut life = Life::new();
        assert!(life.start() && life.decide());
        assert!(!life.decide() && !life.start());
        assert_eq!(life.cancel(), Cancel::Lost);
        life.release(false);
        assert_eq!(life.state(), State::Finished);
        assert!(!life.decide());
    }

    #[test]
    fn l2_a_cancelled_life_never_starts() {
        let mut life = Life::new();
        assert_eq!(life.cancel(), Cancel::Won);
        assert!(!life.start() && !life.decide());
        assert_eq!(life.cancel(), Cancel::Repeated);
        assert_eq!(life.state(), State::Pending, "a decided outcome shows only after the release");
        life.release(true);
        assert_eq!(life.cancel(), Cancel::Repeated);
        assert_eq!(life.state(), State::Cancelled);
    }

    #[test]
    fn l8_a_life_that_was_seen_to_begin_starts_once_and_is_not_cancelled() {
        let mut life = Life::new();
        life.begin();
        assert_eq!(life.state(), State::Running);
        assert_eq!(life.cancel(), Cancel::Lost);
        assert!(life.start() && !life.start());
        assert!(life.decide());
        assert_eq!(life.state(), State::Running);
    }

    #[test]
    fn a_task_stopped_while_running_was_not_cancelled_before_it_began() {
        let mut life = Life::new();
        assert!(life.start() && life.decide());
        life.release(true);
        assert_eq!(life.state(), State::Cancelled);
        assert_eq!(life.cancel(), Cancel::Lost);
    }
}
