//! The timer of the models, which know no clock: what is to happen at a point in time happens whenever the schedule says.

use std::io;
use std::time::Instant;

use concurrent_futures_core::JobHandle;
use concurrent_futures_core::sync::{Mutex, thread};

/// Runs each action on a thread of its own.
#[derive(Default)]
pub(crate) struct Timer {
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Timer {
    /// Runs `action` at any moment from now on.
    pub(crate) fn at(
        &self,
        _due: Instant,
        _name: &str,
        _task: Option<JobHandle>,
        action: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        self.threads.lock().push(thread::spawn(action));
        Ok(())
    }

    /// Waits until all has happened.
    pub(crate) fn stop(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        for handle in threads {
            if handle.thread().id() != thread::current().id() {
                // The action's panic is the model's failure already.
                let _ = handle.join();
            }
        }
    }
}
