//! What goes wrong where nobody looks: one hook for the whole process.
//!
//! Two things have nobody to be returned to: a failure whose future was dropped unread, and a panic in a callback, a
//! waker or a destructor. Python logs the second and loses the first.

use std::any::Any;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use crate::error::{TaskError, message_of, task_name};
use crate::task::TaskId;

/// Something went wrong where nobody looks; handed to the hook of [`set_report_hook`].
///
/// Its `Display` is the line that the default hook writes.
///
/// Python logs a callback's exception, under the name `concurrent.futures`, and says nothing of the rest.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Report {
    /// A task failed and its future was dropped without anybody looking at the failure. Not of the items of a
    /// [`Map`](crate::Map): who drops that wants no more of them.
    UnseenFailure {
        /// The task that failed.
        id: TaskId,
        /// Its label, where it has one.
        label: Option<String>,
        /// The failure.
        error: TaskError,
    },
    /// A done callback panicked. The future and its other callbacks are not affected.
    CallbackPanicked {
        /// The task whose callback it was.
        id: TaskId,
        /// The panic's message.
        message: String,
    },
    /// A waker or an observer of somebody who waits panicked, a context hook behind its task, a logger that records
    /// are handed to, or the destructor of a value that nobody wanted. The pool is not affected.
    ForeignCodePanicked {
        /// What panicked.
        place: &'static str,
        /// The panic's message.
        message: String,
    },
    /// A task brought something for a [context hook](crate::context) that is not registered in this process, and ran
    /// without. Reported once for each name.
    ContextHookMissing {
        /// The hook's name.
        name: String,
    },
}

impl Report {
    pub(crate) fn callback_panicked(id: TaskId, payload: &(dyn Any + Send)) -> Self {
        Self::CallbackPanicked { id, message: message_of(payload) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnseenFailure { id, label, error } => {
                let name = task_name(label.as_deref());
                write!(f, "nobody looked at the failure of {name} ({id}): {error:?}")
            }
            Self::CallbackPanicked { id, message } => write!(f, "a done callback of task {id} panicked: {message}"),
            Self::ForeignCodePanicked { place, message } => write!(f, "{place} panicked: {message}"),
            Self::ContextHookMissing { name } => write!(
                f,
                "the context hook `{name}` is missing in this process; register it before init(), or in the initializer"
            ),
        }
    }
}

type Hook = Arc<dyn Fn(&Report) + Send + Sync>;

static HOOK: RwLock<Option<Hook>> = RwLock::new(None);

/// Decides where reports go; the default writes one line to stderr.
///
/// The hook runs on whatever thread noticed, with no lock held, and should not block. What it panics with is dropped.
///
/// ```
/// use std::sync::mpsc;
/// use concurrent_futures_core::{Promise, Report, set_report_hook};
///
/// let (tx, rx) = mpsc::channel();
/// set_report_hook(move |report| drop(tx.send(report.to_string())));
/// let (promise, future) = Promise::<()>::new();
/// drop(future);      // nobody will look ...
/// drop(promise);     // ... at this failure
/// assert!(rx.recv().unwrap().starts_with("nobody looked at the failure"));
/// ```
pub fn set_report_hook(hook: impl Fn(&Report) + Send + Sync + 'static) {
    let previous = HOOK.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::new(hook));
    // After the lock is gone: what the hook had captured may report something.
    discard(previous);
}

#[expect(clippy::print_stderr, reason = "the documented default of the one place that reports")]
pub(crate) fn send(report: &Report) {
    let hook = HOOK.read().unwrap_or_else(PoisonError::into_inner).clone();
    // The default may panic as well: where stderr is gone, or in the text of the user's error.
    let outcome = catch_unwind(AssertUnwindSafe(|| match &hook {
        None => eprintln!("concurrent-futures: {report}"),
        Some(hook) => hook(report),
    }));
    if let Err(payload) = outcome {
        forget(payload);
    }
}

/// Runs code that isn't ours and must not unwind into ours; a panic is reported under the name `place`.
pub fn contain(place: &'static str, code: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(code)) {
        send(&Report::ForeignCodePanicked { place, message: message_of(&*payload) });
        forget(payload);
    }
}

/// Drops a value whose destructor may panic.
pub(crate) fn discard<T>(value: T) {
    if mem::needs_drop::<T>() {
        contain("a destructor", || drop(value));
    }
}

/// Gets rid of a panic's payload, whose own destructor may panic as well; then it is leaked.
pub(crate) fn forget(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
    }
}
