//! The thread that watches the clock, the deaths, and what workers write into pipes: one for a pool.
//!
//! It sleeps in `poll` on the descriptors of all worker processes, their pipes, and a bell of its own, at most until the next action is
//! due. It starts with the first worker and ends when the pool says so. Nothing that it does blocks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures_core::sync::Mutex;
use concurrent_futures_core::worker::{CompletionSink, defer_callbacks};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

use super::last_words::LastWords;
use super::worker::Worker;

/// How late a death may be noticed where not all workers can be watched in one call.
const LOOK: Duration = Duration::from_millis(20);

/// Does things when they are due, and tells workers that have died.
#[derive(Default)]
pub(crate) struct Warden {
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    bell: Option<Arc<OwnedFd>>,
    thread: Option<thread::JoinHandle<()>>,
    entries: BinaryHeap<Reverse<Entry>>,
    watched: Vec<Arc<Worker>>,
    pipes: Vec<Arc<LastWords>>,
    is_stopped: bool,
}

struct Entry {
    due: Instant,
    action: Box<dyn FnOnce() + Send>,
}

impl Warden {
    /// Starts the thread, unless it runs.
    pub(crate) fn start(self: &Arc<Self>, name: &str, callbacks: Arc<dyn CompletionSink>) -> io::Result<()> {
        let mut desk = self.desk.lock();
        if desk.thread.is_some() || desk.is_stopped {
            return Ok(());
        }
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let (warden, ours) = (self.clone(), bell.clone());
        let thread = thread::Builder::new().name(format!("{name}_warden")).spawn(move || {
            let _guard = defer_callbacks(callbacks);
            warden.serve(&ours);
        })?;
        desk.bell = Some(bell);
        desk.thread = Some(thread);
        Ok(())
    }

    /// Does `action` at `due`, or soon after. It must be short and must not block.
    pub(crate) fn at(&self, due: Instant, action: impl FnOnce() + Send + 'static) {
        let mut desk = self.desk.lock();
        if desk.is_stopped {
            return;
        }
        let is_next = desk.entries.peek().is_none_or(|Reverse(next)| due < next.due);
        desk.entries.push(Reverse(Entry { due, action: Box::new(action) }));
        if is_next {
            desk.ring();
        }
    }

    /// As [`at`](Self::at), so long after now. A time that no clock can express never comes.
    pub(crate) fn after(&self, delay: Duration, action: impl FnOnce() + Send + 'static) {
        if let Some(due) = Instant::now().checked_add(delay) {
            self.at(due, action);
        }
    }

    /// Tells `worker` when its process has ended.
    pub(crate) fn watch(&self, worker: Arc<Worker>) {
        let mut desk = self.desk.lock();
        desk.watched.push(worker);
        desk.ring();
    }

    /// Reads what a worker writes, until nobody can write any more.
    pub(crate) fn listen(&self, pipe: Arc<LastWords>) {
        let mut desk = self.desk.lock();
        desk.pipes.push(pipe);
        desk.ring();
    }

    /// Ends the thread; what was still to be done isn't.
    pub(crate) fn stop(&self) {
        let mut desk = self.desk.lock();
        desk.is_stopped = true;
        let (entries, pipes) = (std::mem::take(&mut desk.entries), std::mem::take(&mut desk.pipes));
        desk.ring();
        drop(desk);
        drop((entries, pipes));
    }

    /// Waits until the thread is gone, after [`stop`](Self::stop).
    pub(crate) fn join(&self) {
        let thread = self.desk.lock().thread.take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            // It contains the panics of all actions.
            let _ = thread.join();
        }
    }

    fn serve(&self, bell: &OwnedFd) {
        loop {
            let (watched, pipes, next) = {
                let desk = self.desk.lock();
                if desk.is_stopped {
                    return;
                }
                (desk.watched.clone(), desk.pipes.clone(), desk.entries.peek().map(|Reverse(entry)| entry.due))
            };
            let (dead, mut closed) = sleep_until(next, bell, &watched, &pipes);
            closed.retain(|pipe| !pipe.listen());
            if !closed.is_empty() {
                self.desk.lock().pipes.retain(|pipe| !closed.iter().any(|closed| Arc::ptr_eq(closed, pipe)));
            }
            if !dead.is_empty() {
                self.desk.lock().watched.retain(|worker| !dead.iter().any(|dead| Arc::ptr_eq(dead, worker)));
                dead.iter().for_each(|worker| worker.note_death());
            }
            self.do_what_is_due();
        }
    }

    fn do_what_is_due(&self) {
        let now = Instant::now();
        loop {
            let entry = {
                let mut desk = self.desk.lock();
                match desk.entries.peek() {
                    Some(Reverse(entry)) if entry.due <= now => desk.entries.pop(),
                    _ => None,
                }
            };
            let Some(Reverse(entry)) = entry else { return };
            // Ours, and none of them panics; if one did, the others would still be done.
            let _ = catch_unwind(AssertUnwindSafe(entry.action));
        }
    }
}

impl Desk {
    fn ring(&self) {
        if let Some(bell) = &self.bell {
            // It fails only if the counter is full, which is as good as rung.
            let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
        }
    }
}

/// Sleeps until something is due, the bell rings, a worker has ended, or there is something to read; gives those.
fn sleep_until(
    next: Option<Instant>,
    bell: &OwnedFd,
    watched: &[Arc<Worker>],
    pipes: &[Arc<LastWords>],
) -> (Vec<Arc<Worker>>, Vec<Arc<LastWords>>) {
    let left = next.map(|next| next.saturating_duration_since(Instant::now()));
    let timeout = left.map(|left| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() });
    let mut descriptors = vec![PollFd::new(bell, PollFlags::IN)];
    descriptors.extend(watched.iter().map(|worker| PollFd::from_borrowed_fd(worker.process().as_fd(), PollFlags::IN)));
    descriptors.extend(pipes.iter().map(|pipe| PollFd::new(&**pipe, PollFlags::IN)));
    match poll(&mut descriptors, timeout.as_ref()) {
        // By a signal it ends early, and is called again.
        Ok(_) | Err(Errno::INTR) => {}
        Err(_) => look_at_each(&mut descriptors, left),
    }
    if descriptors[0].revents().contains(PollFlags::IN) {
        let _ = rustix::io::read(bell, &mut [0_u8; 8]);
    }
    let (of_workers, of_pipes) = descriptors[1..].split_at(watched.len());
    (ready(of_workers, watched), ready(of_pipes, pipes))
}

/// Where the system refuses so many in one call, be it that it has no memory or that the limit of descriptors was lowered
/// below their number: each by itself, every [`LOOK`].
#[expect(clippy::disallowed_methods, reason = "nothing can be waited for: this is how it is looked at now and then")]
fn look_at_each(descriptors: &mut [PollFd<'_>], left: Option<Duration>) {
    const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
    thread::sleep(left.map_or(LOOK, |left| left.min(LOOK)));
    for descriptor in descriptors {
        // Who can't be looked at now is looked at next time.
        let _ = poll(slice::from_mut(descriptor), Some(&AT_ONCE));
    }
}

/// Those whose descriptors say something.
fn ready<T>(descriptors: &[PollFd<'_>], all: &[Arc<T>]) -> Vec<Arc<T>> {
    let ready = descriptors.iter().zip(all).filter(|(descriptor, _)| !descriptor.revents().is_empty());
    ready.map(|(_, one)| one.clone()).collect()
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
