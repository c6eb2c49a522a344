//! Spans that go along with tasks, to another process: there a span says what is known of the one at the submit.
//!
//! The subscriber is the whole process's, here and in the workers, so this is a binary of its own.

mod common;

use std::fmt;
use std::sync::Mutex;

use common::{bounded, where_am_i};
use concurrent_futures_process_pool::context::{self, TracingContext};
use concurrent_futures_process_pool::{ProcessPool, TaskOptions, worker_entry};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Registry, registry};

worker_entry!();

/// What was said inside of which spans, the outermost first.
static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Recorder;

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).expect("a new span is there").extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut text = String::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            text +=
                &format!("{}{{{}}} > ", span.name(), extensions.get::<Fields>().map_or("", |fields| fields.0.trim()));
        }
        HEARD.lock().unwrap().push(text + fields.0.trim());
    }
}

/// What the registry has of a span, as the documentation shows it for the `fmt` layer.
fn describe(span: &tracing::Span) -> String {
    let described = span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let span = registry.span(id)?;
        let extensions = span.extensions();
        extensions.get::<Fields>().map(|fields| fields.0.trim().to_owned())
    });
    described.flatten().unwrap_or_default()
}

fn set_up() {
    // Another test of this binary may have been first.
    let _ = tracing::subscriber::set_global_default(registry().with(Recorder));
    context::register(TracingContext::new().describing(describe));
}

fn pool() -> ProcessPool {
    set_up();
    ProcessPool::builder().max_workers(1).initializer(|()| set_up(), ()).build().unwrap()
}

/// Says something, and gives all that was heard in its process.
fn say(text: String) -> Vec<String> {
    info!("{text}");
    std::mem::take(&mut *HEARD.lock().unwrap())
}

#[test]
fn a_span_in_the_worker_says_what_is_known_of_the_one_at_the_submit() {
    bounded(|| {
        let pool = pool();
        let span = info_span!("request", path = "/one", user = 7);
        let options = TaskOptions::new().label("resize");
        let future = span.in_scope(|| pool.submit_with(options, say, "in the worker".into()));
        let (task, pid) = (future.id().as_u64(), std::process::id());
        let id = span.id().expect("the span is on").into_u64();
        let heard = future.result().unwrap();
        let expected = format!(
            "task{{task.id={task} task.label=\"resize\" task.attempt=1 worker=\"worker_0\" submit.span=\"request\" \
             submit.target=\"tracing\" submit.id={id} submit.pid={pid} submit.fields=\"path=\\\"/one\\\" user=7\"}} > \
             message=in the worker"
        );
        assert_eq!(heard, [expected]);
        assert_ne!(pool.submit(where_am_i, ()).result().unwrap(), pid);
    });
}

#[test]
fn without_a_span_at_the_submit_there_is_that_of_the_task() {
    bounded(|| {
        let pool = pool();
        let inside = info_span!("inside").in_scope(|| pool.submit(say, "one".into()));
        let outside = pool.submit(say, "two".into());
        assert!(inside.result().unwrap()[0].contains("submit.span=\"inside\""));
        let heard = outside.result().unwrap();
        assert!(heard[0].starts_with("task{task.id=") && !heard[0].contains("submit"), "{heard:?}");
        let items: Vec<_> = info_span!("batch").in_scope(|| pool.map(say, ["a".into(), "b".into()])).collect();
        items.into_iter().for_each(|item| assert!(item.unwrap()[0].contains("submit.span=\"batch\"")));
    });
}
