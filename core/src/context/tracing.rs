//! The first user of the hooks: spans of the crate `tracing`.

use std::sync::Arc;
use std::thread;

use ::tracing::span::Id;
use ::tracing::{Dispatch, Span, dispatcher, info_span};

use super::{Captured, ContextHook};
use crate::task::{self, TaskId};

/// Takes the span that is current at a submit along with the task. Needs the feature `tracing`.
///
/// Around each task there is a span named `task`, of the target `concurrent_futures` and the level INFO:
///
/// | field | |
/// |---|---|
/// | `task.id`, `task.label`, `task.attempt` | as [`task::current()`](crate::task::current) says; the label where there is one |
/// | `worker` | the name of the thread that runs it, such as `ThreadPool-0_1`, in a worker process too: `ProcessPool-0_1` |
/// | `submit.span`, `submit.target`, `submit.id`, `submit.pid` | in another process only: the span that was current at the submit, and whose it was |
/// | `submit.fields` | likewise, where [`describing`](Self::describing) says what they are |
///
/// On threads the very span of the submit is entered as well, and is the parent, also where a wait runs the task in place. A
/// span's number means nothing in another process, nor does `tracing` have a span that spans two: there the span of the submit
/// is described by fields, and who collects from both joins `submit.pid` and `submit.id`. Without a current span there is a
/// `task` nevertheless, inside of none.
///
/// The subscriber is not carried along: on the worker's thread, and in the worker's process, it is the one that was set
/// there, usually the global one. Where processes are used, install it and register this before `init()`:
///
/// ```
/// use concurrent_futures_core::context::{self, TracingContext};
///
/// fn main() {
///     // tracing_subscriber::fmt().with_writer(std::io::stderr).init();
///     context::register(TracingContext::new());
///     // init();
/// }
/// ```
///
/// Python has no counterpart; its OpenTelemetry packages instrument threads, and leave processes out.
#[derive(Clone, Default)]
pub struct TracingContext {
    describe: Option<Describe>,
}

type Describe = Arc<dyn Fn(&Span) -> String + Send + Sync>;

impl TracingContext {
    /// Spans without their fields in other processes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How the fields of a span are told to another process. `tracing` itself doesn't know what was recorded in a span, only
    /// a subscriber does: with `tracing-subscriber` and its `fmt` layer they are the `FormattedFields` of the span in its
    /// `Registry`. Called in each submit.
    ///
    /// ```
    /// use concurrent_futures_core::context::TracingContext;
    ///
    /// let context = TracingContext::new().describing(|span| match span.metadata() {
    ///     Some(metadata) => metadata.fields().to_string(),        // their names, at least
    ///     None => String::new(),
    /// });
    /// ```
    #[must_use]
    pub fn describing(mut self, describe: impl Fn(&Span) -> String + Send + Sync + 'static) -> Self {
        self.describe = Some(Arc::new(describe));
        self
    }
}

impl ContextHook for TracingContext {
    fn name(&self) -> &'static str {
        "tracing"
    }

    fn capture(&self) -> Option<Box<dyn Captured>> {
        let span = Span::current();
        let fields = self.describe.as_ref().filter(|_| !span.is_none()).map(|describe| describe(&span));
        Some(Box::new(Here { span, fields }))
    }

    #[cfg(feature = "portable")]
    fn decode(&self, bytes: &[u8]) -> Option<Box<dyn Captured>> {
        use crate::error::CodecSide;
        use crate::portable::codec;

        codec::decode::<Elsewhere>(CodecSide::ArgumentIn, bytes)
            .ok()
            .map(|elsewhere| Box::new(elsewhere) as Box<dyn Captured>)
    }
}

impl std::fmt::Debug for TracingContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TracingContext").field("describes", &self.describe.is_some()).finish()
    }
}

/// The span of the submit, in its own process.
struct Here {
    span: Span,
    #[cfg_attr(not(feature = "portable"), expect(dead_code, reason = "they are for another process"))]
    fields: Option<String>,
}

impl Captured for Here {
    fn around(&self, run: &mut dyn FnMut()) {
        self.span.in_scope(|| self.task_span().in_scope(run));
    }

    #[cfg(feature = "portable")]
    fn encode(&self) -> Option<Vec<u8>> {
        use crate::error::CodecSide;
        use crate::portable::codec;

        let span = self.span.metadata().map(|metadata| Submitted {
            name: metadata.name().to_owned(),
            target: metadata.target().to_owned(),
            id: self.span.id().map(|id| id.into_u64()),
            fields: self.fields.clone(),
            pid: std::process::id(),
        });
        let mut bytes = Vec::new();
        codec::encode(CodecSide::ArgumentOut, &Elsewhere { span }, &mut bytes).ok()?;
        Some(bytes)
    }
}

impl Here {
    /// The span of the task, in that of the submit, which is entered.
    ///
    /// A task that a wait runs in place has the waiter's spans below it, and they are not to be its own. Nor does entering the
    /// span of the submit make it the current one everywhere: of a span that is entered twice, the registry of
    /// `tracing-subscriber` counts the first time.
    fn task_span(&self) -> Span {
        match Span::current().id() {
            Some(current) if Some(&current) != self.span.id().as_ref() => {
                // A number means something to its own subscriber only.
                let inside = |(id, subscriber): (&Id, &Dispatch)| {
                    dispatcher::with_default(subscriber, || task_span(Some(id.clone()), None))
                };
                self.span.with_subscriber(inside).unwrap_or_else(|| task_span(None, None))
            }
            current => task_span(current, None),
        }
    }
}

/// The span of a task, entered by nobody.
fn task_span(parent: Option<Id>, submitted: Option<&Submitted>) -> Span {
    let (task, thread) = (task::current(), thread::current());
    let label = task.label();
    info_span!(
        target: "concurrent_futures",
        parent: parent,
        "task",
        task.id = task.id().map(TaskId::as_u64),
        task.label = label.as_deref(),
        task.attempt = task.attempt(),
        worker = thread.name(),
        submit.span = submitted.map(|submitted| submitted.name.as_str()),
        submit.target = submitted.map(|submitted| submitted.target.as_str()),
        submit.id = submitted.and_then(|submitted| submitted.id),
        submit.pid = submitted.map(|submitted| submitted.pid),
        submit.fields = submitted.and_then(|submitted| submitted.fields.as_deref()),
    )
}

/// What another process knows of the span of the submit.
#[cfg_attr(feature = "portable", derive(serde::Serialize, serde::Deserialize))]
struct Submitted {
    name: String,
    target: String,
    /// None where the subscriber has turned the span off.
    id: Option<u64>,
    fields: Option<String>,
    pid: u32,
}

/// The span of the submit, or that there was none, in another process.
#[cfg(feature = "portable")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Elsewhere {
    span: Option<Submitted>,
}

#[cfg(feature = "portable")]
impl Captured for Elsewhere {
    fn around(&self, run: &mut dyn FnMut()) {
        task_span(Span::current().id(), self.span.as_ref()).in_scope(run);
    }
}
