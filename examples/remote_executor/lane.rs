//! A lane: the thread that serves one worker, job after job, and starts another when a task has cost it its life.

use std::iter;
use std::sync::Arc;

use concurrent_futures::portable::Encoded;
use concurrent_futures::{Interrupt, Rejected, RunningJob, Skipped, Tally, TaskError};

use super::executor::{Order, Shared};
use super::link::Worker;

impl Shared {
    /// Until the executor has ended.
    pub(crate) fn serve_lane(self: &Arc<Self>) {
        let mut worker = None;
        while let Some((key, order)) = self.next() {
            worker = self.serve(key, order, worker);
            self.books().running.retain(|running| running.key != key);
            self.tell();
        }
        if worker.is_some() {
            self.books().workers -= 1;
        }
        drop(worker);
        self.books().lanes -= 1;
        self.tell();
    }

    /// Serves one job. Gives the worker back if it lives.
    fn serve(self: &Arc<Self>, key: u64, order: Order, worker: Option<Worker>) -> Option<Worker> {
        let tasks = order.tasks();
        let Order { job, encoded } = order;
        let mut worker = match worker.map_or_else(|| self.start_worker(), Ok) {
            Ok(worker) => worker,
            Err(why) => {
                self.count_unstarted(job.refuse(why), tasks);
                return None;
            }
        };
        self.note_link(key, &worker); // before the start, so that a kill finds what has started
        let (ours, handle) = (self.clone(), job.handle());
        let hook = move |interrupt| {
            if let Interrupt::Abort { grace } = interrupt {
                ours.abort(key, handle.clone(), grace);
            }
        };
        let mut running = match job.start_killable(hook) {
            Ok(running) => running,
            Err(skipped) => {
                self.count_unstarted(Err(skipped), tasks);
                return Some(worker);
            }
        };
        loop {
            let end = self.serve_tasks(&running, &encoded, &worker);
            if let End::Served = end {
                return Some(worker);
            }
            self.books().workers -= 1;
            let End::Lost { index } = end else { return None };
            let died = worker.bury(&running);
            if running.handle().is_over() {
                return None; // killed or aborted: who did so has said so, and counted it
            }
            // Only a task that asked for it runs twice.
            if running.attempt() > running.options().retry_limit() {
                self.mourn(&running, index, died.into());
                return None;
            }
            running.retry();
            match self.start_worker() {
                Ok(another) => worker = another,
                Err(why) => {
                    self.mourn(&running, index, why.into());
                    return None;
                }
            }
            self.note_link(key, &worker);
        }
    }

    fn note_link(&self, key: u64, worker: &Worker) {
        if let Some(entry) = self.books().running.iter_mut().find(|running| running.key == key) {
            entry.link = Some(worker.link().clone());
        }
    }

    fn start_worker(&self) -> Result<Worker, Rejected> {
        let worker =
            Worker::start().map_err(|error| Rejected::broken("no worker could be started", Some(Arc::new(error))))?;
        self.books().workers += 1;
        Ok(worker)
    }

    fn serve_tasks(&self, running: &RunningJob, encoded: &Encoded, worker: &Worker) -> End {
        let handle = running.handle();
        let mut has_begun = false;
        // Whether it arrives shows at the first task.
        let _fails_below = worker.begin(encoded, running);
        for (index, argument) in encoded.arguments() {
            if handle.is_over() {
                return End::Ended;
            }
            if has_begun && (running.is_withdrawn() || self.books().cancels_waiting) {
                running.fail_task(index, TaskError::Cancelled);
                self.count(Tally { cancelled: 1, ..Tally::default() });
                continue;
            }
            has_begun = true;
            let Ok(reply) = worker.call(index, argument) else { return End::Lost { index } };
            let mut counted = 0;
            // Counted before anybody who waits is woken: whoever has a result finds it counted.
            running.complete_tasks_then(&mut iter::once((index, &reply[..])), &mut |tally| {
                counted += tally.total();
                self.count(tally);
            });
            if counted == 0 && handle.is_over() {
                return End::Ended;
            }
        }
        End::Served
    }

    /// Only the task that the worker was in is lost.
    fn mourn(&self, running: &RunningJob, index: usize, why: TaskError) {
        let rest = running.split_off(index + 1);
        self.count(Tally { failed: 1, ..Tally::default() });
        running.fail_task(index, why);
        if let Some(rest) = rest {
            self.put_back(rest);
        }
    }

    /// Counts what didn't start: cancelled by somebody, or refused by us. What a kill has ended, the kill has counted.
    fn count_unstarted(&self, refused: Result<(), Skipped>, tasks: usize) {
        match refused {
            Ok(()) => self.count(Tally { failed: tasks, ..Tally::default() }),
            Err(Skipped::Cancelled) => self.count(Tally { cancelled: tasks, ..Tally::default() }),
            Err(Skipped::Elsewhere) => {}
        }
    }
}

/// What has become of a job and of its worker.
enum End {
    /// All tasks have their outcome, and the worker is free.
    Served,
    /// Somebody has ended the job from outside, and ends the worker.
    Ended,
    /// The worker died in this task.
    Lost { index: usize },
}
