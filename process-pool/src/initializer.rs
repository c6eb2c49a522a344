//! What each worker runs before its first task.

use std::fmt;
use std::sync::Arc;

use concurrent_futures_core::sync::Mutex;
use concurrent_futures_core::{CancelOnDrop, Executor, Future, Job, Shutdown, ShutdownReport, Stats, TaskError};

use crate::parent::payload::Payload;
use crate::shared_bytes::SharedBytes;
use crate::wire::control::{self, Control};

/// A function and its argument, encoded anew for each worker.
#[derive(Clone)]
pub(crate) struct Initializer(Arc<dyn Fn() -> (Future<()>, Job) + Send + Sync>);

/// The call for one worker, and who takes the answer.
pub(crate) struct PreparedInitializer {
    /// Where the worker dies before it answers, that is told elsewhere.
    future: CancelOnDrop<()>,
    job: Job,
    payload: Payload,
    /// The argument, where it is large.
    argument: Option<SharedBytes>,
}

/// A larger argument doesn't fit into the setup.
const LARGEST_IN_SETUP: usize = 16 * 1024;

impl Initializer {
    /// What `submit` submits, to the executor that it is given.
    pub(crate) fn new(submit: impl Fn(&dyn Executor) -> Future<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || {
            let catcher = Catcher::default();
            let future = submit(&catcher);
            let job = catcher.0.lock().take();
            (future, job.expect("a submit executes one job"))
        }))
    }

    /// Encodes the call.
    pub(crate) fn prepare(&self) -> Result<PreparedInitializer, std::io::Error> {
        let (future, job) = (self.0)();
        let payload = Payload::of_initializer(&job).map_err(std::io::Error::other)?;
        let argument = payload.arguments().and_then(|mut arguments| arguments.next());
        let large = argument.map(|(_, bytes)| bytes).filter(|bytes| bytes.len() > LARGEST_IN_SETUP);
        let argument = large.map(SharedBytes::new).transpose()?;
        Ok(PreparedInitializer { future: future.cancel_on_drop(), job, payload, argument })
    }
}

impl PreparedInitializer {
    pub(crate) fn call(&self) -> control::Initializer {
        let (entry, function) = (self.payload.entry, self.payload.function);
        if let Some(large) = &self.argument {
            return control::Initializer { entry, function, argument: Vec::new(), lent: Some(large.region().id()) };
        }
        let argument = self.payload.arguments().and_then(|mut arguments| arguments.next());
        let argument = argument.map(|(_, argument)| argument.to_owned()).unwrap_or_default();
        control::Initializer { entry, function, argument, lent: None }
    }

    /// Lends the worker what the call refers to.
    pub(crate) fn lend_to(&self, worker: &Arc<Control>) -> std::io::Result<()> {
        let large = self.argument.iter().map(SharedBytes::region);
        large.chain(&self.payload.attachments.regions).try_for_each(|region| region.lend_to(worker))
    }

    /// How it went, from the worker's reply; in words, if badly.
    pub(crate) fn outcome(self, reply: &[u8]) -> Result<(), String> {
        if let Ok(running) = self.job.start() {
            running.complete_task(0, reply);
        }
        self.future.into_inner().result().map_err(|error| match &error {
            TaskError::Failed(_) => format!("the worker's initializer failed: {}", cause(&error)),
            other => format!("the worker's initializer failed: {other}"),
        })
    }
}

fn cause(error: &TaskError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// An executor that keeps the job.
#[derive(Default)]
struct Catcher(Mutex<Option<Job>>);

impl Executor for Catcher {
    fn execute(&self, job: Job) {
        *self.0.lock() = Some(job);
    }

    fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
        ShutdownReport::default()
    }

    fn stats(&self) -> Stats {
        Stats::default()
    }
}

impl fmt::Debug for Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Initializer")
    }
}
