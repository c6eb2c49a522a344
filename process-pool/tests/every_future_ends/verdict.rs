//! Whether a task ended as it may: its kind, what was done to it, what it left in the ledger, and its outcome.

use concurrent_futures_process_pool::{ExitCause, TaskError, WorkerDied};

use crate::ledger::Entry;
use crate::order::{CODE, Kind, Order, Reply};
use crate::plan::{Plan, Treatment};

/// A task that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) salt: u64,
    pub(crate) treatment: Treatment,
    /// What `cancel` or `abort` said.
    pub(crate) was_told: Option<bool>,
    pub(crate) is_item: bool,
    pub(crate) outcome: Result<Reply, TaskError>,
}

impl Ended {
    /// What is wrong, in words.
    pub(crate) fn check(&self, plan: &Plan, entries: &[Entry]) -> Result<(), String> {
        self.check_runs(entries)?;
        let is_right = match &self.outcome {
            Ok(reply) => self.may_return(reply, entries),
            Err(TaskError::Cancelled) => self.may_be_cancelled(plan, entries),
            Err(TaskError::Panicked(_)) => self.kind == Kind::Panics,
            Err(TaskError::Codec(_)) => self.kind.is_undecodable(),
            Err(TaskError::WorkerDied(died)) => self.may_die(plan, died),
            Err(TaskError::DeadlineExceeded(_)) => matches!(self.treatment, Treatment::Deadline(_)),
            Err(error @ TaskError::Abandoned(_)) => {
                plan.kills_the_pool()
                    || was_killed_before(plan, error) && matches!(self.treatment, Treatment::Retries(_))
            }
            Err(error @ TaskError::Rejected(_)) => {
                let is_late = self.is_item && plan.cancels_what_waits();
                entries.is_empty() && (plan.may_refuse() || is_late || was_killed_before(plan, error))
            }
            Err(_) => false,
        };
        let was_cancelled = self.treatment == Treatment::Cancel && self.was_told == Some(true);
        if was_cancelled && !matches!(self.outcome, Err(TaskError::Cancelled)) {
            return Err("`cancel` said that it never runs".to_owned());
        }
        if is_right { Ok(()) } else { Err("it may not end like this".to_owned()) }
    }

    /// Nothing runs twice unless it is retried, and each attempt once.
    fn check_runs(&self, entries: &[Entry]) -> Result<(), String> {
        let mut attempts: Vec<u32> =
            entries.iter().filter(|entry| !entry.has_left).map(|entry| entry.attempt).collect();
        let runs = attempts.len();
        attempts.sort_unstable();
        attempts.dedup();
        let retries = if let Treatment::Retries(retries) = self.treatment { retries } else { 0 };
        if attempts.len() < runs || runs > 1 + retries as usize {
            return Err(format!("it ran {runs} times, with {retries} retries"));
        }
        Ok(())
    }

    fn may_return(&self, reply: &Reply, entries: &[Entry]) -> bool {
        let does_return = match self.kind {
            Kind::Panics | Kind::Hangs => false,
            Kind::DiesOnce => entries.iter().any(|entry| entry.attempt > 1),
            other => !other.is_deadly() && !other.is_undecodable(),
        };
        let has_left = entries.last().is_some_and(|entry| entry.has_left);
        does_return && has_left && Order::is_answered_by(self.number, self.kind, self.salt, reply)
    }

    fn may_be_cancelled(&self, plan: &Plan, entries: &[Entry]) -> bool {
        let on_request = self.was_told == Some(true);
        match self.treatment {
            Treatment::Abort(_) if on_request => true,
            // It may wait for another attempt.
            Treatment::Retries(_) => plan.cancels_what_waits(),
            _ => entries.is_empty() && (on_request || plan.cancels_what_waits()),
        }
    }

    fn may_die(&self, plan: &Plan, died: &WorkerDied) -> bool {
        let signal = |signal| died.cause() == ExitCause::Signal { signal, core_dumped: false };
        let is_its_own = match self.kind {
            Kind::Exits => died.cause() == ExitCause::Code(CODE),
            Kind::Segfaults => signal(libc::SIGSEGV),
            Kind::Aborts => signal(libc::SIGABRT),
            Kind::OverflowsItsStack => signal(libc::SIGSEGV) || signal(libc::SIGABRT),
            Kind::DiesOnce => signal(libc::SIGKILL),
            _ => false,
        };
        let is_ours = plan.kills_workers() && signal(libc::SIGKILL);
        let was_tried = match self.treatment {
            Treatment::Retries(retries) => died.attempt() == 1 + retries || plan.cancels_what_waits(),
            _ => died.attempt() == 1,
        };
        (is_its_own || is_ours) && was_tried
    }
}

/// Whether all the workers that it was sent to were killed before they began it, which makes it look like the reason.
fn was_killed_before(plan: &Plan, error: &TaskError) -> bool {
    plan.kills_workers() && error.to_string().contains("5 workers in a row")
}
