//! The one file of core with `unsafe`: it turns an address back into a function.
//!
//! Safe Rust has no way to call a function that was chosen in another process. What makes it sound is that an address
//! is only ever turned into the type from which it was made: [`Plain`] and [`Fallible`] write down the function's address
//! beside the address of the one entry that is instantiated for exactly this function type.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use super::{Call, Portable, PortableFace, codec, contained, reply};
use crate::context::{Carried, around};
use crate::error::{CodecSide, Panicked, TaskError, TaskFailure};
use crate::panic_location;
use crate::shared::AnyTask;
use crate::task::{TaskId, TaskView};
use crate::work::{Callee, flatten};
use crate::worker;

/// What a worker knows about the task that it serves; `task::current()` shows it to the task.
///
/// ```
/// use concurrent_futures_core::{TaskId, portable::Context};
///
/// let context = Context::new(TaskId::from_u64(7)).label("resize").attempt(2).stop_when(|| false);
/// ```
pub struct Context {
    id: TaskId,
    label: Option<String>,
    attempt: u32,
    deadline: Option<Instant>,
    stop_requested: Box<dyn Fn() -> bool + Send + Sync>,
    carried: Option<Carried>,
    stop_seen: std::sync::atomic::AtomicBool,
}

impl Context {
    /// The context of the task `id`: no label, first attempt, no deadline, never asked to stop.
    #[must_use]
    pub fn new(id: TaskId) -> Self {
        Self {
            id,
            label: None,
            attempt: 1,
            deadline: None,
            stop_requested: Box::new(|| false),
            carried: None,
            stop_seen: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// Sets the label.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets which attempt this is, from 1.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Sets when the task runs out of time.
    #[must_use]
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets what goes along with the task, from [`Encoded::carried`](super::Encoded::carried). The
    /// [context hooks](crate::context) of this process put it around each task of the job.
    #[must_use]
    pub fn carried(mut self, bytes: &[u8]) -> Self {
        self.carried = Carried::from_bytes(bytes);
        self
    }

    /// Sets how to find out whether the task was asked to stop.
    #[must_use]
    pub fn stop_when(mut self, stop_requested: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.stop_requested = Box::new(stop_requested);
        self
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("id", &self.id).field("label", &self.label).finish_non_exhaustive()
    }
}

impl TaskView for Context {
    fn id(&self) -> TaskId {
        self.id
    }

    fn label(&self) -> Option<String> {
        self.label.clone()
    }

    fn attempt(&self) -> u32 {
        self.attempt
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn stop_requested(&self) -> bool {
        (self.stop_requested)()
    }

    fn see_stop(&self) {
        // Relaxed, here and elsewhere: the task looks on its own thread.
        self.stop_seen.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    fn has_seen_stop(&self) -> bool {
        self.stop_seen.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn as_task(self: Arc<Self>) -> Option<Arc<dyn AnyTask>> {
        None
    }
}

/// Serves one task in a worker: decodes the argument, calls the function, encodes the outcome. Whatever the task does
/// short of ending the process, the reply says so.
///
/// ```
/// use concurrent_futures_core::portable::{Context, serve};
/// use concurrent_futures_core::{Executor, ExecutorExt, Job, Shutdown, ShutdownReport, Stats};
///
/// struct Loopback;
/// impl Executor for Loopback {
///     fn execute(&self, job: Job) {
///         let encoded = job.encode().expect("submit makes portable jobs only");
///         let Ok(running) = job.start() else { return };
///         for (index, argument) in encoded.arguments() {
///             // SAFETY: the call was encoded in this very process.
///             let reply = unsafe { serve(encoded.call(), argument, Context::new(running.id())) };
///             running.complete_task(index, &reply);
///         }
///     }
/// #   fn shutdown(&self, _how: Shutdown) -> ShutdownReport { ShutdownReport::default() }
/// #   fn stats(&self) -> Stats { Stats::default() }
/// }
/// assert_eq!(Loopback.submit(f64::sqrt, 4.0).result().unwrap(), 2.0);
/// ```
///
/// # Blocking
///
/// For as long as the task takes.
///
/// # Safety
///
/// `call` must come from [`Encoded::call`](super::Encoded::call) in this very program image: in this process, or in
/// another process that runs the same file, with both addresses translated to where the image lies here.
#[must_use]
pub unsafe fn serve(call: Call, argument: &[u8], context: Context) -> Vec<u8> {
    let mut reply = Vec::new();
    // SAFETY: the contract is the same.
    let mut serving = unsafe { Serving::begin(call, context) };
    serving.task(0, argument, &mut reply);
    reply
}

/// A job that the calling thread serves, task by task, as [`serve`] does one: what is the same for all of them is done
/// once. `task::current()` shows a task the context's id, counted on by the task's index.
///
/// Where a thread serves several at once, the last one begun is the first to be dropped.
#[must_use = "it serves nothing by itself"]
pub struct Serving {
    entry: Entry,
    function: usize,
    context: Arc<Context>,
    /// None where the thread's own tasks were given up: it is served all the same, since somebody waits for the reply.
    taken: Option<worker::TakenUp>,
    not_send: PhantomData<*const ()>,
}

impl Serving {
    /// Begins a job.
    ///
    /// # Safety
    ///
    /// As for [`serve`].
    pub unsafe fn begin(call: Call, context: Context) -> Self {
        // SAFETY: by the contract of this function `call.entry` is the address of an entry of this image, and the only
        // entries that `PortableFace`s name are instances of `plain_entry` and `fallible_entry`, which have this type.
        // The address is not null, and a function pointer has the size of an address.
        let entry = unsafe { std::mem::transmute::<usize, Entry>(call.entry) };
        panic_location::install();
        let context = Arc::new(context);
        let taken = worker::take_up(context.clone()).ok();
        Self { entry, function: call.function, context, taken, not_send: PhantomData }
    }

    /// Serves task number `index` of the job and appends the reply. Whatever the task does short of ending the process,
    /// the reply says so.
    pub fn task(&mut self, index: usize, argument: &[u8], reply: &mut Vec<u8>) {
        self.context.stop_seen.store(false, std::sync::atomic::Ordering::Relaxed);
        if self.taken.is_some() {
            worker::set_index(index);
        }
        // SAFETY: by the contract of `begin` the function's address was written down beside the entry's by `Plain::face`
        // or `Fallible::face`, which pair an entry with a function of the type that it is instantiated for. The entry
        // doesn't unwind.
        unsafe { (self.entry)(self.function, argument, &self.context, reply) };
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.taken.take().map(worker::put_down));
    }
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serving").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Decodes, calls a function given by its address, encodes. The address must be that of a function of the type that the
/// entry is instantiated for.
type Entry = unsafe fn(function: usize, argument: &[u8], context: &Context, reply: &mut Vec<u8>);

/// A plain function.
pub(crate) struct Plain<A, R>(pub(crate) fn(A) -> R);

/// A plain function that returns a `Result`.
pub(crate) struct Fallible<A, R, E>(pub(crate) fn(A) -> Result<R, E>);

impl<A, R> Clone for Plain<A, R> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<A, R, E> Clone for Fallible<A, R, E> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<A: Portable, R: Portable> Callee<A> for Plain<A, R> {
    type Output = R;

    fn call(&self, argument: A, _label: Option<&str>) -> Result<R, TaskError> {
        Ok((self.0)(argument))
    }

    fn face(&self) -> Option<PortableFace<A, R>> {
        let entry: Entry = plain_entry::<A, R>;
        Some(PortableFace::new(Call { entry: entry as usize, function: self.0 as usize }))
    }
}

impl<A: Portable, R: Portable, E: TaskFailure> Callee<A> for Fallible<A, R, E> {
    type Output = R;

    fn call(&self, argument: A, label: Option<&str>) -> Result<R, TaskError> {
        flatten((self.0)(argument), label)
    }

    fn face(&self) -> Option<PortableFace<A, R>> {
        let entry: Entry = fallible_entry::<A, R, E>;
        Some(PortableFace::new(Call { entry: entry as usize, function: self.0 as usize }))
    }
}

/// # Safety
///
/// `function` must be the address of a `fn(A) -> R` of this image.
unsafe fn plain_entry<A: Portable, R: Portable>(
    function: usize,
    argument: &[u8],
    context: &Context,
    reply: &mut Vec<u8>,
) {
    // SAFETY: by the contract of this function. The address is not null, and a function pointer has the size of an
    // address.
    let function = unsafe { std::mem::transmute::<usize, fn(A) -> R>(function) };
    answer(argument, context, reply, |argument| Ok(function(argument)));
}

/// # Safety
///
/// `function` must be the address of a `fn(A) -> Result<R, E>` of this image.
unsafe fn fallible_entry<A: Portable, R: Portable, E: TaskFailure>(
    function: usize,
    argument: &[u8],
    context: &Context,
    reply: &mut Vec<u8>,
) {
    // SAFETY: as in `plain_entry`.
    let function = unsafe { std::mem::transmute::<usize, fn(A) -> Result<R, E>>(function) };
    answer(argument, context, reply, |argument| match flatten(function(argument), context.label.as_deref()) {
        Err(TaskError::Failed(_)) if context.has_seen_stop() => Err(TaskError::Cancelled),
        outcome => outcome,
    });
}

/// What both entries have in common.
fn answer<A: Portable, R: Portable>(
    argument: &[u8],
    context: &Context,
    reply: &mut Vec<u8>,
    call: impl FnOnce(A) -> Result<R, TaskError>,
) {
    let outcome = contained::<A, _>(CodecSide::ArgumentIn, || codec::decode(CodecSide::ArgumentIn, argument));
    let outcome = outcome.map_err(TaskError::from).and_then(|argument| {
        let label = context.label.as_deref();
        around(context.carried.as_ref(), label, || {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call(argument)))
                .unwrap_or_else(|payload| Err(Panicked::from_payload(payload, panic_location::take(), label).into()))
        })
    });
    reply::encode(outcome, reply);
}
