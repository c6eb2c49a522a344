//! Where a task panicked: only a panic hook is told, so the library chains one of its own.
//!
//! It is installed once, before the first task runs, calls the hook that was there before, and keeps the location for
//! the thread that panicked. If the program sets a hook of its own afterwards, locations become unknown and nothing
//! else changes.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;
use std::thread;

std::thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

static INSTALL: Once = Once::new();

/// Installs the hook if that has not been done. Costs one load afterwards.
#[inline]
pub(crate) fn install() {
    if !INSTALL.is_completed() {
        install_slow();
    }
}

#[cold]
fn install_slow() {
    // The hook can't be changed by a thread that is unwinding; a later task will do it.
    if thread::panicking() {
        return;
    }
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // A thread may panic while its thread-locals are being destroyed; then nobody asks for the location.
            let _ = LAST.try_with(|last| *last.borrow_mut() = info.location().map(ToString::to_string));
            previous(info);
        }));
    });
}

/// The location of the last panic on this thread, once.
pub(crate) fn take() -> Option<String> {
    LAST.try_with(|last| last.borrow_mut().take()).ok().flatten()
}
