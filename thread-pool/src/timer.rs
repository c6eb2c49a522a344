//! What happens at a point in time: deadlines of tasks, and the end of a kill's grace.
//!
//! One thread for a pool, started with the first entry. It sleeps in a crossbeam channel until the earliest entry is due
//! or a new one arrives; it ends when the pool drops its end of the channel, with whatever is still to come. Callbacks of
//! what it ends run [elsewhere](crate::callbacks): none blocks it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use concurrent_futures_core::{JobHandle, State};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

/// With so many entries, those of tasks that have ended are thrown out for the first time.
const FIRST_CLEARANCE: usize = 1024;

/// Runs actions when they are due. They must be short.
#[derive(Default)]
pub(crate) struct Timer {
    thread: Mutex<Option<Running>>,
}

struct Running {
    entries: Sender<Entry>,
    thread: thread::JoinHandle<()>,
}

struct Entry {
    due: Instant,
    /// The task whose end makes the action pointless.
    task: Option<JobHandle>,
    action: Box<dyn FnOnce() + Send>,
}

impl Timer {
    /// Runs `action` at `due`, or soon after; perhaps not if `task` has ended by then.
    ///
    /// # Errors
    ///
    /// If the thread could not be started; the action is dropped.
    pub(crate) fn at(
        &self,
        due: Instant,
        name: &str,
        task: Option<JobHandle>,
        action: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let mut running = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            let (entries, inbox) = unbounded();
            let thread = thread::Builder::new().name(format!("{name}_timer")).spawn(move || serve(&inbox))?;
            *running = Some(Running { entries, thread });
        }
        let entry = Entry { due, task, action: Box::new(action) };
        let entries = running.as_ref().map(|running| running.entries.clone());
        drop(running);
        // The thread lives as long as a sender does, so the entry arrives.
        entries.map_or(Ok(()), |entries| entries.send(entry)).map_err(|_| io::Error::other("the timer thread has died"))
    }

    /// Ends the thread and waits for it. What was still to come is dropped.
    pub(crate) fn stop(&self) {
        let running = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { entries, thread }) = running {
            drop(entries);
            if thread.thread().id() != thread::current().id() {
                // It contains every action's panic, and a panic of its own leaves nothing to clean up.
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(inbox: &Receiver<Entry>) {
    let mut waiting: BinaryHeap<Reverse<Entry>> = BinaryHeap::new();
    let mut next_clearance = FIRST_CLEARANCE;
    loop {
        // Also where entries come without a break.
        run_due(&mut waiting);
        // Most tasks end long before their deadline.
        if waiting.len() >= next_clearance {
            waiting.retain(|Reverse(entry)| entry.is_wanted());
            next_clearance = FIRST_CLEARANCE.max(2 * waiting.len());
        }
        let received = match waiting.peek() {
            Some(Reverse(earliest)) => inbox.recv_deadline(earliest.due),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(entry) => waiting.push(Reverse(entry)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn run_due(waiting: &mut BinaryHeap<Reverse<Entry>>) {
    let now = Instant::now();
    while waiting.peek().is_some_and(|Reverse(earliest)| earliest.due <= now) {
        if let Some(Reverse(entry)) = waiting.pop() {
            (entry.action)();
        }
    }
}

impl Entry {
    fn is_wanted(&self) -> bool {
        self.task.as_ref().is_none_or(|task| !task.state().is_none_or(State::is_done))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use crossbeam_channel::unbounded;

    use super::{Entry, serve};

    #[test]
    fn what_is_due_runs_although_entries_still_come() {
        let (entries, inbox) = unbounded();
        let (tell, told) = mpsc::channel();
        let still_to_come = inbox.clone();
        let action = move || tell.send(still_to_come.len()).expect("the test listens");
        entries.send(Entry { due: Instant::now(), task: None, action: Box::new(action) }).unwrap();
        for _ in 0..10 {
            let due = Instant::now() + Duration::from_secs(3_600);
            entries.send(Entry { due, task: None, action: Box::new(|| ()) }).unwrap();
        }
        drop(entries);
        serve(&inbox);
        assert_eq!(told.recv().unwrap(), 10);
    }
}
