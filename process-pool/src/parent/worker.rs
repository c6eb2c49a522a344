//! One worker, as the parent sees it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use concurrent_futures_core::sync::Mutex;

use super::lane::Lane;
#[cfg(feature = "log")]
use super::logs::Hearing;
use super::process::Process;
use super::shared::Shared;
use crate::link::{FrameSender, Sender};
use crate::page::Page;
use crate::wire::control::Control;
use crate::wire::note;

/// A worker process that has said hello.
pub(crate) struct Worker {
    pub(crate) number: usize,
    pub(crate) shared: Weak<Shared>,
    pub(crate) page: Page,
    pub(crate) control: Arc<Control>,
    /// Where frames are written, by one at a time.
    pub(crate) frames: Mutex<FrameSender>,
    /// Whether a panic in it ends it.
    pub(crate) aborts_on_panic: bool,
    pub(crate) lane: Mutex<Lane>,
    process: Arc<Process>,
    bell: Sender,
    /// Somebody wants something of the supervisor.
    news: AtomicBool,
    is_dead: AtomicBool,
    must_leave: AtomicBool,
    unsent: Mutex<Option<Unsent>>,
    pub(crate) record: Record,
    #[cfg(feature = "log")]
    hearing: Mutex<Option<Hearing>>,
}

/// A frame that the system refused to let through to a worker that lived.
#[derive(Debug, Clone)]
pub(crate) struct Unsent {
    pub(crate) frame: u64,
    pub(crate) why: Arc<io::Error>,
}

/// What is told about a worker.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) tasks: AtomicU64,
    /// Bytes, as last sampled.
    pub(crate) resident: AtomicU64,
}

impl Worker {
    #[expect(clippy::too_many_arguments, reason = "a start brings all of them, and nobody else makes a worker")]
    pub(crate) fn new(
        number: usize,
        shared: Weak<Shared>,
        process: Arc<Process>,
        page: Page,
        control: Arc<Control>,
        frames: FrameSender,
        bell: Sender,
        aborts_on_panic: bool,
    ) -> Self {
        Self {
            number,
            shared,
            page,
            control,
            frames: Mutex::new(frames),
            aborts_on_panic,
            lane: Mutex::new(Lane::new()),
            process,
            bell,
            news: AtomicBool::new(false),
            is_dead: AtomicBool::new(false),
            must_leave: AtomicBool::new(false),
            unsent: Mutex::default(),
            record: Record::default(),
            #[cfg(feature = "log")]
            hearing: Mutex::new(None),
        }
    }

    /// As it is, with somebody who reads its log records.
    #[cfg(feature = "log")]
    pub(crate) fn heard_by(mut self, hearing: Option<Hearing>) -> Self {
        *self.hearing.get_mut() = hearing;
        self
    }

    /// The process is gone: what it has logged is still read, and then nobody listens any more.
    #[cfg(feature = "log")]
    pub(crate) fn stop_hearing(&self) {
        let hearing = self.hearing.lock().take();
        drop(hearing);
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// A frame could not be written. Where the worker is dead, or about to be, that is no fault of the frame.
    pub(crate) fn note_unsent(&self, frame: u64, why: io::Error) {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
        if !matches!(why.kind(), BrokenPipe | ConnectionReset | NotConnected) {
            self.unsent.lock().get_or_insert(Unsent { frame, why: Arc::new(why) });
        }
    }

    /// The frame that the system refused, if it did, and why.
    pub(crate) fn unsent(&self) -> Option<Unsent> {
        self.unsent.lock().clone()
    }

    /// Makes the supervisor look.
    pub(crate) fn wake(&self) {
        self.news.store(true, Ordering::SeqCst);
        if self.page.bell().must_wake_parent() {
            // The supervisor holds the other end. There is room: it leaves no more than a few calls unread.
            let _ = self.bell.send(note::LOOK);
        }
    }

    /// Whether somebody has called [`wake`](Self::wake) since the last time.
    pub(crate) fn take_news(&self) -> bool {
        self.news.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn has_news(&self) -> bool {
        self.news.load(Ordering::SeqCst)
    }

    /// As [`wake`](Self::wake), also where it is awake, or the worker has promised to call it: for who can't rely on the
    /// worker, which may be stopped or dead in the middle of a call or a result.
    pub(crate) fn insist(&self) {
        self.news.store(true, Ordering::SeqCst);
        // There is room as soon as the supervisor has read what the worker left.
        let _ = self.bell.send(note::LOOK);
    }

    /// The process has ended.
    pub(crate) fn note_death(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
        self.insist();
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    /// The worker is to end once nothing lies with it.
    pub(crate) fn ask_to_leave(&self) {
        self.must_leave.store(true, Ordering::SeqCst);
        self.wake();
    }

    pub(crate) fn must_leave(&self) -> bool {
        self.must_leave.load(Ordering::SeqCst)
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("number", &self.number).field("pid", &self.process.pid()).finish_non_exhaustive()
    }
}
