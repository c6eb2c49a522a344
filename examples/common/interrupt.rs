use std::io;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use concurrent_futures::{Executor, Shutdown};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Outcome;

/// Ctrl-C, or a `kill`: it shuts the executor down instead of ending the program, which then says what it has done.
///
/// It reaches this process only. The workers of a process pool don't see it: what they run ends, or is killed, by the
/// shutdown.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(Arc<AtomicI32>);

/// How long what runs may go on. A task that asks `task::current().check()` ends at once.
pub(super) const GRACE: Duration = Duration::from_secs(1);

impl Interrupt {
    /// From here on Ctrl-C cancels what waits in `executor`, and asks what runs there to stop. A second one ends the
    /// program at once, and its workers with it.
    pub(crate) fn of(executor: &Arc<dyn Executor>) -> io::Result<Self> {
        let interrupt = Self(Arc::default());
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let noted = interrupt.clone();
        // This thread must not keep the executor alive.
        let executor = Arc::downgrade(executor);
        thread::Builder::new().name("interrupt".into()).spawn(move || {
            for signal in signals.forever() {
                if noted.0.swap(signal, Ordering::SeqCst) != 0 {
                    process::exit(128 + signal);
                }
                if let Some(executor) = executor.upgrade() {
                    executor.shutdown(Shutdown::kill(GRACE).within(Duration::ZERO));
                }
            }
        })?;
        Ok(interrupt)
    }

    /// Whether it came.
    pub(crate) fn came(&self) -> bool {
        self.0.load(Ordering::SeqCst) != 0
    }

    /// How a program ends: after Ctrl-C by its exit code, since what fails then fails for that.
    pub(crate) fn outcome(&self, outcome: Outcome) -> Outcome {
        if self.came() { Ok(self.exit_code(0)) } else { outcome }
    }

    /// 130 after Ctrl-C, as a shell says it; otherwise 1 if anything failed.
    pub(crate) fn exit_code(&self, failed: u64) -> ExitCode {
        match self.0.load(Ordering::SeqCst) {
            0 => ExitCode::from(u8::from(failed > 0)),
            signal => ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX)),
        }
    }
}
