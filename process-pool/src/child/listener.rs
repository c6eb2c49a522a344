//! The thread that hears what the parent says, whatever the tasks do.

use rustix::process::{Signal, getpid, kill_process};

use crate::shared_bytes;
use crate::wire::control::{Control, ToWorker};

/// Listens until the parent is gone, and then ends the process.
pub(super) fn listen(control: &Control) -> ! {
    // What ends this loop: the parent's end is closed, by its hand or by its death.
    while let Ok(Some((message, mut descriptors))) = control.receive() {
        match (ToWorker::read(&message), descriptors.pop()) {
            (Ok(ToWorker::Region(id)), Some(file)) => {
                if shared_bytes::borrow(id, &file).is_err() {
                    // The task that waits for it would wait for ever.
                    die();
                }
            }
            (Ok(ToWorker::Release(id)), _) => shared_bytes::give_back(id),
            _ => die(),
        }
    }
    die()
}

/// Ends this process at once, whatever its tasks are doing: no destructor and no exit handler could be trusted to return.
pub(super) fn die() -> ! {
    let _: Result<(), _> = kill_process(getpid(), Signal::KILL);
    // Not reached, since nobody survives that signal.
    std::process::abort()
}
