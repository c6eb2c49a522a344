//! What a supervisor does next with its worker.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Shared, State};
use crate::parent::lane;
use crate::parent::waiting::Waiting;
use crate::parent::worker::Worker;

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

impl Shared {
    /// What a supervisor does next with its worker.
    pub(crate) fn next_for(self: &Arc<Self>, worker: &Arc<Worker>, room: lane::Room, is_due_to_leave: bool) -> Next {
        let mut state = self.state.lock();
        let next = state.next_for(worker, room, is_due_to_leave);
        match &next {
            // It looks once more at once.
            Next::LookAgain | Next::PassOver(_) => {}
            Next::Send(_) | Next::Idle { .. } => _ = state.searching.end(worker.number),
            Next::Sleep | Next::Leave => {
                if state.searching.end(worker.number) {
                    // It takes nothing, and something may have been left to it (Q4).
                    self.act(state);
                }
            }
        }
        next
    }

    /// Lets those who are idle ask the others for work once more.
    pub(crate) fn call_idle(&self) {
        let idle = self.state.lock().idle.clone();
        idle.iter().for_each(|worker| worker.wake());
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
}

impl State {
    fn next_for(&mut self, worker: &Arc<Worker>, room: lane::Room, is_due_to_leave: bool) -> Next {
        if room.is_idle && !worker.lane.lock().is_empty() {
            return Next::LookAgain;
        }
        let nothing_left = self.queue.is_empty() && (self.is_closed || self.broken.is_some());
        if room.is_idle && (is_due_to_leave || worker.must_leave() || nothing_left || self.is_killed) {
            self.idle.retain(|other| !Arc::ptr_eq(other, worker));
            return Next::Leave;
        }
        if is_due_to_leave || worker.must_leave() {
            return Next::Sleep;
        }
        let over = take_over(&mut self.queue);
        if !over.is_empty() {
            return Next::PassOver(over);
        }
        let jobs = take_jobs(&mut self.queue, room);
        if !jobs.is_empty() {
            self.idle.retain(|other| !Arc::ptr_eq(other, worker));
            return Next::Send(jobs);
        }
        if !room.is_idle {
            return Next::Sleep;
        }
        let was_idle = self.idle.iter().any(|other| Arc::ptr_eq(other, worker));
        if !was_idle {
            self.idle.push(worker.clone());
        }
        let others = self.workers.iter().filter(|other| !Arc::ptr_eq(other, worker)).cloned().collect();
        Next::Idle { others, since_now: !was_idle }
    }
}

/// Takes from the front what nobody wants.
fn take_over(queue: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    std::iter::from_fn(|| queue.pop_front_if(|next| next.is_unwanted())).collect()
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
