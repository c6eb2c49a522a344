use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

/// Keeps the workers of a pool of threads busy, and costs them nothing meanwhile: they wait until it is opened, or dropped.
#[derive(Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A task that waits.
    pub fn keeper(&self) -> impl FnOnce() -> u64 + Send + 'static {
        let gate = self.0.clone();
        move || {
            let (is_open, opened) = &*gate;
            let is_open = is_open.lock().unwrap_or_else(PoisonError::into_inner);
            drop(opened.wait_while(is_open, |is_open| !*is_open));
            0
        }
    }

    /// Whoever waits, and will wait, goes on.
    pub fn open(&self) {
        let (is_open, opened) = &*self.0;
        *is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        opened.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// The same for processes: who opens a named pipe to read waits until somebody has it open to write.
#[derive(Debug)]
pub struct ProcessGate {
    directory: TempDir,
    opened: Option<File>,
}

impl ProcessGate {
    /// A new one.
    ///
    /// # Panics
    ///
    /// If no pipe can be made.
    #[must_use]
    pub fn new() -> Self {
        let directory = TempDir::new().expect("there is room for a pipe");
        mkfifoat(CWD, directory.path().join("gate"), Mode::RUSR | Mode::WUSR).expect("a pipe can be made");
        Self { directory, opened: None }
    }

    /// The argument of [`wait_at`].
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("gate")
    }

    /// Whoever waits, and will wait, goes on. To open a pipe for both never blocks.
    ///
    /// # Panics
    ///
    /// If the pipe can't be opened.
    pub fn open(&mut self) {
        let pipe = File::options().read(true).write(true).open(self.path());
        self.opened = Some(pipe.expect("the pipe is there"));
    }
}

impl Default for ProcessGate {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for ProcessGate {
    fn drop(&mut self) {
        self.open();
    }
}

/// The task that waits at a [`ProcessGate`]. If that is gone there is nothing to wait for.
#[must_use]
pub fn wait_at(gate: PathBuf) -> u64 {
    let _ = File::open(gate);
    0
}
