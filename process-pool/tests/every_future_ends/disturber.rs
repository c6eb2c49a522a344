//! Kills and stops workers at moments that nobody chooses, and looks meanwhile how many there are.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use fastrand::Rng;
use rustix::fd::OwnedFd;
use rustix::process::{Signal, pidfd_send_signal};

use crate::leftovers;
use crate::plan::{Disturbance, Plan};

/// What was done.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Deeds {
    pub(crate) kills: u64,
    pub(crate) stops: u64,
    /// The most processes at one moment.
    pub(crate) most_workers: usize,
}

/// Disturbs until the other end of `end` is dropped. Whom it has stopped it continues then.
pub(crate) fn disturb(plan: &Plan, pids: impl Fn() -> Vec<u32>, mut lots: Rng, end: &Receiver<()>) -> Deeds {
    let mut deeds = Deeds::default();
    let mut stopped = Vec::new();
    // The pool gives up after five workers in a row that die before they are ready.
    let mut unready = 3;
    loop {
        let pause = Duration::from_micros(lots.u64(50..6000));
        if end.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            break;
        }
        let children = leftovers::children();
        deeds.most_workers = deeds.most_workers.max(children.len());
        if plan.disturbance == Disturbance::Nothing {
            continue;
        }
        if plan.disturbance == Disturbance::StopsAndContinues && lots.bool() {
            stopped.drain(..).for_each(|worker| send(&worker, Signal::CONT));
            // Who would be stopped again at once would never get anything done.
            continue;
        }
        let Some(&pid) = lots.choice(&children) else { continue };
        let Some(worker) = leftovers::handle_of(pid) else { continue };
        if !leftovers::children().contains(&pid) {
            // Then the handle may be of somebody else.
            continue;
        }
        if !pids().contains(&pid.unsigned_abs()) {
            if unready == 0 {
                continue;
            }
            unready -= 1;
        }
        if plan.disturbance == Disturbance::Kills {
            send(&worker, Signal::KILL);
            deeds.kills += 1;
        } else {
            send(&worker, Signal::STOP);
            deeds.stops += 1;
            stopped.push(worker);
        }
    }
    stopped.iter().for_each(|worker| send(worker, Signal::CONT));
    deeds
}

/// Who is gone hears nothing.
fn send(worker: &OwnedFd, signal: Signal) {
    let _ = pidfd_send_signal(worker, signal);
}
