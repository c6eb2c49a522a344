//! What happens in an episode, decided by its seed before it begins. What the system makes of it differs each time.

use std::time::Duration;

use concurrent_futures_process_pool::WhenFull;
use fastrand::Rng;

use crate::order::Kind;

/// An episode: one pool, from its making to what is left of it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) workers: usize,
    pub(crate) submitters: u64,
    pub(crate) tasks: u64,
    pub(crate) map_items: u64,
    pub(crate) disturbance: Disturbance,
    pub(crate) ending: Ending,
    pub(crate) max_tasks_per_worker: Option<usize>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) max_pending: Option<(usize, WhenFull)>,
}

/// What is done to the workers from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbance {
    Nothing,
    Kills,
    StopsAndContinues,
    /// Stopped workers stay so; every task has a deadline.
    StopsUnderDeadlines,
    /// Stopped workers stay so until the pool is killed.
    StopsUntilTheKill,
}

/// How the pool ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Drop,
    Drain,
    CancelPending,
    Kill(Duration),
}

/// What is asked for a task, or done to its future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    Nothing,
    Deadline(Duration),
    Retries(u32),
    Cancel,
    Abort(Duration),
}

impl Plan {
    pub(crate) fn draw(lots: &mut Rng) -> Self {
        use Disturbance::{Kills, Nothing, StopsAndContinues, StopsUnderDeadlines, StopsUntilTheKill};
        let all = [Nothing, Kills, Kills, StopsAndContinues, StopsUnderDeadlines, StopsUntilTheKill];
        let disturbance = *lots.choice(&all).expect("a disturbance");
        let kill = Ending::Kill(Duration::from_millis(*lots.choice(&[0, 1, 30]).expect("a grace")));
        let ending = match disturbance {
            StopsUntilTheKill => kill,
            _ => *lots.choice(&[Ending::Drop, Ending::Drain, Ending::CancelPending, kill]).expect("an ending"),
        };
        let when_full = if lots.bool() { WhenFull::Block } else { WhenFull::Reject };
        // A submitter that waits for workers which nobody continues would wait until the kill, which comes after it.
        let may_block = !matches!(disturbance, StopsUntilTheKill) && !matches!(ending, Ending::Kill(_));
        let is_bounded = lots.u8(0..4) == 0 && (may_block || when_full == WhenFull::Reject);
        // A worker that leaves has ten seconds for it, and those who wait for its place wait as long if it is stopped then.
        let some_leave = !matches!(disturbance, StopsUnderDeadlines);
        let maps = lots.u8(0..3) == 0 && !matches!(disturbance, StopsUnderDeadlines);
        Self {
            workers: lots.usize(1..=4),
            submitters: lots.u64(1..=3),
            tasks: lots.u64(10..120),
            map_items: if maps { lots.u64(1..200) } else { 0 },
            disturbance,
            ending,
            max_tasks_per_worker: (some_leave && lots.u8(0..5) == 0).then(|| lots.usize(1..10)),
            idle_timeout: (some_leave && lots.u8(0..5) == 0).then(|| Duration::from_millis(lots.u64(0..20))),
            max_pending: is_bounded.then(|| (lots.usize(1..20), when_full)),
        }
    }

    /// What a task does, and what is done to it.
    pub(crate) fn draw_task(&self, lots: &mut Rng) -> (Kind, Treatment) {
        let kind = if lots.u8(0..3) == 0 { Kind::Fast } else { *lots.choice(&Kind::ALL).expect("a kind") };
        let millis = |lots: &mut Rng| Duration::from_millis(lots.u64(0..60));
        let treatment = match lots.u8(0..10) {
            _ if self.disturbance == Disturbance::StopsUnderDeadlines => Treatment::Deadline(millis(lots)),
            0 => Treatment::Deadline(millis(lots)),
            1 | 2 => Treatment::Retries(lots.u32(1..3)),
            3 => Treatment::Cancel,
            4 => Treatment::Abort(millis(lots) / 3),
            _ => Treatment::Nothing,
        };
        let is_bounded = matches!(treatment, Treatment::Deadline(_) | Treatment::Abort(_));
        if kind == Kind::Hangs && !is_bounded && !matches!(self.ending, Ending::Kill(_)) {
            return (kind, Treatment::Deadline(millis(lots)));
        }
        (kind, treatment)
    }

    /// What an item of a map does: whatever ends.
    pub(crate) fn draw_item(lots: &mut Rng) -> Kind {
        let kind = if lots.u8(0..4) > 0 { Kind::Fast } else { *lots.choice(&Kind::ALL).expect("a kind") };
        if kind == Kind::Hangs { Kind::Slow } else { kind }
    }

    pub(crate) fn kills_workers(&self) -> bool {
        self.disturbance == Disturbance::Kills
    }

    pub(crate) fn kills_the_pool(&self) -> bool {
        matches!(self.ending, Ending::Kill(_))
    }

    pub(crate) fn cancels_what_waits(&self) -> bool {
        matches!(self.ending, Ending::Kill(_) | Ending::CancelPending)
    }

    pub(crate) fn may_block(&self) -> bool {
        self.max_pending.is_some_and(|(_, when_full)| when_full == WhenFull::Block)
    }

    pub(crate) fn may_refuse(&self) -> bool {
        self.max_pending.is_some_and(|(_, when_full)| when_full == WhenFull::Reject)
    }
}
