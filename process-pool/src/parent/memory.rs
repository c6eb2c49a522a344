//! How much memory a worker may use: looked at now and then, by the warden.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::lane::KillReason;
use super::process::Process;
use super::shared::Shared;
use super::worker::Worker;
use crate::start_failure::StartFailure;
use crate::stats::resident;

const INTERVAL: Duration = Duration::from_millis(100);

impl Shared {
    /// Looks at the worker's memory from now on, if there is a limit.
    pub(crate) fn watch_memory(self: &Arc<Self>, worker: &Arc<Worker>) {
        let (limit, growth) = (self.options.memory_limit, self.options.memory_growth_limit);
        if limit.is_none() && growth.is_none() || worker.is_dead() {
            return;
        }
        self.look_at_memory(worker, limit, growth);
        let (shared, worker) = (Arc::downgrade(self), Arc::downgrade(worker));
        self.warden.after(INTERVAL, move || {
            if let (Some(shared), Some(worker)) = (shared.upgrade(), worker.upgrade()) {
                shared.watch_memory(&worker);
            }
        });
    }

    /// Whether a worker that is about to begin may work. One that has not even room for itself would be killed before it has a
    /// task, and the next one too, for ever.
    pub(crate) fn check_size(&self, process: &Process) -> Result<(), StartFailure> {
        match (self.options.memory_limit, resident(process.pid())) {
            (Some(limit), Some(used)) if used > limit => Err(StartFailure::TooLarge { used, limit }),
            _ => Ok(()),
        }
    }

    fn look_at_memory(&self, worker: &Arc<Worker>, limit: Option<u64>, growth: Option<u64>) {
        let Some(used) = resident(worker.process().pid()) else { return };
        if let Some(limit) = limit.filter(|limit| used > *limit) {
            return worker.kill(KillReason::Memory { limit, used });
        }
        let Some(growth) = growth else { return };
        // What it has after its first tasks is what it needs.
        let is_warm = worker.record.tasks.load(Ordering::Relaxed) > 0;
        let first = worker.record.resident.load(Ordering::Relaxed);
        if first == 0 {
            if is_warm {
                worker.record.resident.store(used, Ordering::Relaxed);
            }
        } else if used > first.saturating_add(growth) && !worker.must_leave() {
            self.counters.restart();
            worker.ask_to_leave();
        }
    }
}
