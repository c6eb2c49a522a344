//! What goes with a task from where it is submitted to where it runs: the number of a request, a language, a span.
//!
//! ```text
//!   submit, map ── capture() ──► Carried ──┬── on threads: the very values ────────► around() { the task }
//!    caller         each hook      Arc     └── elsewhere: encode() ─ bytes ─ decode() ─► around() { the task }
//! ```
//!
//! A program [registers](register) its hooks once; from then on each submit asks them, each `map` once for all its tasks.
//! Without hooks a submit pays one relaxed load.
//!
//! ```
//! use std::cell::Cell;
//! use concurrent_futures_core::context::{self, Captured, ContextHook};
//! use concurrent_futures_core::Job;
//!
//! thread_local!(static REQUEST: Cell<u64> = const { Cell::new(0) });
//!
//! struct Request;
//! struct RequestOf(u64);
//!
//! impl ContextHook for Request {
//!     fn name(&self) -> &'static str {
//!         "request"
//!     }
//!     fn capture(&self) -> Option<Box<dyn Captured>> {
//!         Some(Box::new(RequestOf(REQUEST.get())))
//!     }
//!     fn decode(&self, bytes: &[u8]) -> Option<Box<dyn Captured>> {
//!         Some(Box::new(RequestOf(u64::from_le_bytes(bytes.try_into().ok()?))))
//!     }
//! }
//!
//! impl Captured for RequestOf {
//!     fn around(&self, run: &mut dyn FnMut()) {
//!         let before = REQUEST.replace(self.0);
//!         run();                                        // doesn't unwind, whatever the task does
//!         REQUEST.set(before);
//!     }
//!     fn encode(&self) -> Option<Vec<u8>> {
//!         Some(self.0.to_le_bytes().to_vec())           // without it, the value stays in this process
//!     }
//! }
//!
//! context::register(Request);
//! REQUEST.set(7);
//! let (future, job) = Job::new(None, || REQUEST.get());
//! std::thread::spawn(|| job.run()).join().unwrap();
//! assert_eq!(future.result().unwrap(), 7);
//! ```
//!
//! - **H1** What is captured is what the thread that submits had, whoever runs the task, and wherever.
//! - **H2** It is around each task, and gone behind it.
//! - **H3** A hook that panics before its task fails that task, and one that panics behind it is reported; nobody else is hurt.
//! - **H4** A hook that captures nothing costs nothing that stays with the task.

#[cfg(feature = "tracing")]
mod tracing;
#[cfg(feature = "portable")]
mod wire;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
#[cfg(feature = "portable")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

#[cfg(feature = "tracing")]
pub use self::tracing::TracingContext;
use crate::error::{Panicked, TaskError, message_of};
use crate::panic_location;
use crate::report::{self, Report};

/// Knows one thing that goes with tasks; an example stands at the [module](self).
///
/// Python has `contextvars`, which its executors don't carry along.
pub trait ContextHook: Send + Sync + 'static {
    /// What it is called: by this name bytes find it in another process.
    fn name(&self) -> &'static str;

    /// On the thread that submits, for each submit and each map: what is to go along, or nothing.
    fn capture(&self) -> Option<Box<dyn Captured>>;

    /// Where the task runs in another process: the value out of what [`Captured::encode`] wrote there. Default: nothing.
    fn decode(&self, bytes: &[u8]) -> Option<Box<dyn Captured>> {
        let _ = bytes;
        None
    }
}

/// What one hook has captured. Several tasks of a map, on several threads, may be inside it at once.
pub trait Captured: Send + Sync + 'static {
    /// Calls `run`, once, which runs the task: before it the value is put where the task looks for it, and taken away
    /// behind it. `run` doesn't unwind. [`task::current()`](crate::task::current) is the task. A hook that doesn't call it
    /// fails the task.
    fn around(&self, run: &mut dyn FnMut());

    /// The value as bytes for another process. Default: nothing, and the value stays in this one.
    fn encode(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Adds a hook for the whole process, in the place of one that has the same name.
///
/// A worker process is the program, started again, and needs the hook too: register it before `init()`; where that is not
/// yours to say, as with `worker_entry!`, in the pool's initializer. A hook that isn't there is reported in the worker,
/// once, and the task runs without.
///
/// Hooks are around a task in the order in which they were added, the first one outermost.
pub fn register(hook: impl ContextHook) {
    // Before the lock is taken: it is foreign code.
    let name = hook.name();
    let hook = Named { name, hook: Arc::new(hook) };
    let mut hooks = HOOKS.write().unwrap_or_else(PoisonError::into_inner);
    let previous = hooks.clone();
    let mut new = previous.as_deref().map_or_else(Vec::new, <[Named]>::to_vec);
    match new.iter_mut().find(|other| other.name == name) {
        Some(other) => *other = hook,
        None => new.push(hook),
    }
    *hooks = Some(new.into());
    drop(hooks);
    IS_ANY.store(true, Ordering::Relaxed);
    // After the lock is gone: a hook's destructor is foreign code.
    report::discard(previous);
}

static HOOKS: RwLock<Option<Hooks>> = RwLock::new(None);

/// Relaxed: a submit that races with the first registration may capture nothing.
static IS_ANY: AtomicBool = AtomicBool::new(false);

type Hooks = Arc<[Named]>;

/// A hook, and what it was called when it was registered.
#[derive(Clone)]
struct Named {
    name: &'static str,
    hook: Arc<dyn ContextHook>,
}

fn hooks() -> Option<Hooks> {
    HOOKS.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Whether anything may go along at all.
#[inline]
pub(crate) fn is_any() -> bool {
    IS_ANY.load(Ordering::Relaxed)
}

/// What the calling thread has that goes along with what it submits.
#[inline]
pub(crate) fn capture() -> Option<Carried> {
    if is_any() { capture_each() } else { None }
}

#[cold]
fn capture_each() -> Option<Carried> {
    let mut all = All::default();
    for Named { name, hook } in hooks()?.iter() {
        match catch_unwind(AssertUnwindSafe(|| hook.capture())) {
            Ok(Some(value)) => all.values.push((name, value)),
            Ok(None) => {}
            Err(payload) => all.note_panic(payload),
        }
    }
    all.into_carried()
}

/// What was captured for one submit, or one map.
#[derive(Clone)]
pub(crate) struct Carried(Arc<All>);

/// What is in it is only ever lent, to hooks that several tasks are inside at once, and a panic of one is contained there.
impl UnwindSafe for Carried {}
impl RefUnwindSafe for Carried {}

#[derive(Default)]
struct All {
    values: Vec<(&'static str, Box<dyn Captured>)>,
    /// What a hook panicked with: the task fails by it where it would have run.
    failure: Option<String>,
    #[cfg(feature = "portable")]
    bytes: OnceLock<Vec<u8>>,
}

impl All {
    fn note_panic(&mut self, payload: Box<dyn Any + Send>) {
        let message = format!("a context hook: {}", message_of(&*payload));
        self.failure.get_or_insert(message);
        report::forget(payload);
    }

    fn into_carried(self) -> Option<Carried> {
        (!self.values.is_empty() || self.failure.is_some()).then(|| Carried(Arc::new(self)))
    }
}

/// What was captured is foreign, and so is its destructor: where the last task drops it, nobody else is hurt.
impl Drop for All {
    fn drop(&mut self) {
        self.values.drain(..).for_each(|(_, value)| report::discard(value));
    }
}

/// Calls `task` with what was carried along around it. The task contains its own panics.
pub(crate) fn around<R>(
    carried: Option<&Carried>,
    label: Option<&str>,
    task: impl FnOnce() -> Result<R, TaskError>,
) -> Result<R, TaskError> {
    match carried {
        None => task(),
        Some(carried) => carried.around(label, task),
    }
}

impl Carried {
    #[cold]
    fn around<R>(&self, label: Option<&str>, task: impl FnOnce() -> Result<R, TaskError>) -> Result<R, TaskError> {
        let fail = |message: String, location| Err(Panicked::new(message, location, label).into());
        if let Some(message) = &self.0.failure {
            report::discard(task);
            return fail(message.clone(), None);
        }
        let (mut task, mut outcome, mut trouble) = (Some(task), None, None);
        nest(&self.0.values, &mut || outcome = task.take().map(|task| task()).or(outcome.take()), &mut trouble);
        report::discard(task);
        match (outcome, trouble) {
            (Some(outcome), None) => outcome,
            (Some(outcome), Some((message, _))) => {
                // The task has run, and what came out is its own.
                report::send(&Report::ForeignCodePanicked { place: "a context hook", message });
                outcome
            }
            (None, Some((message, location))) => fail(format!("a context hook: {message}"), location),
            (None, None) => fail("a context hook did not run the task".to_owned(), None),
        }
    }
}

/// A panic of a hook: the message, and where.
type Trouble = (String, Option<String>);

/// Runs `innermost` inside of all hooks. A panic of one doesn't unwind through those around it, which clean up as ever.
fn nest(values: &[(&'static str, Box<dyn Captured>)], innermost: &mut dyn FnMut(), trouble: &mut Option<Trouble>) {
    let Some(((_, outer), inner)) = values.split_first() else { return innermost() };
    let run = || outer.around(&mut || nest(inner, innermost, trouble));
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
        let message = message_of(&*payload);
        report::forget(payload);
        trouble.get_or_insert((message, panic_location::take()));
    }
}

/// Two are the same if they were captured at the same moment.
impl PartialEq for Carried {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Carried {}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.values.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(all(test, not(any(concurrent_futures_loom, concurrent_futures_shuttle))))]
mod tests {
    use super::{All, Captured, Carried, around};
    use crate::error::TaskError;

    /// Does one thing wrong.
    #[derive(Clone, Copy)]
    enum Bad {
        PanicsBefore,
        PanicsBehind,
        RunsNothing,
        RunsTwice,
        IsFine,
    }

    impl Captured for Bad {
        fn around(&self, run: &mut dyn FnMut()) {
            match self {
                Self::PanicsBefore => panic!("before"),
                Self::PanicsBehind => {
                    run();
                    panic!("behind")
                }
                Self::RunsNothing => {}
                Self::RunsTwice => {
                    run();
                    run();
                }
                Self::IsFine => run(),
            }
        }
    }

    fn run(hooks: &[Bad]) -> (Result<u32, TaskError>, u32) {
        let mut all = All::default();
        all.values.extend(hooks.iter().map(|bad| ("bad", Box::new(*bad) as Box<dyn Captured>)));
        let carried: Option<Carried> = all.into_carried();
        let mut runs = 0;
        let outcome = around(carried.as_ref(), Some("label"), || {
            runs += 1;
            Ok(5)
        });
        (outcome, runs)
    }

    #[test]
    fn h3_a_task_runs_once_or_fails_with_what_the_hook_did() {
        for (hook, text) in [(Bad::PanicsBefore, "a context hook: before"), (Bad::RunsNothing, "did not run the task")]
        {
            for hooks in [vec![hook], vec![Bad::IsFine, hook], vec![hook, Bad::IsFine]] {
                let (outcome, runs) = run(&hooks);
                assert_eq!(runs, 0);
                assert!(outcome.unwrap_err().to_string().contains(text));
            }
        }
        for hook in [Bad::PanicsBehind, Bad::RunsTwice, Bad::IsFine] {
            for hooks in [vec![hook], vec![Bad::IsFine, hook], vec![hook, Bad::IsFine]] {
                let (outcome, runs) = run(&hooks);
                assert_eq!((outcome.unwrap(), runs), (5, 1));
            }
        }
    }
}
