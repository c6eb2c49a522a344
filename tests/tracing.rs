//! Spans that go along with tasks. On threads the very span of the submit is around the task; in another process a span says
//! what is known of it.
//!
//! The subscriber is the whole process's, here and in the workers, so this is a binary of its own.

#![cfg(all(feature = "threads", feature = "processes"))]

use std::fmt;
use std::sync::{Mutex, Once, PoisonError};

use concurrent_futures::context::{self, TracingContext};
use concurrent_futures::{MapOptions, ProcessPool, TaskOptions, ThreadPool, worker_entry};
use concurrent_futures_conformance::{LIMIT, watchdog};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Span, Subscriber, info, info_span};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Scope};

worker_entry!();

/// What was said inside of which spans, the outermost first.
static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Writes down each event with the spans that it is in.
struct Recorder;

/// What a span or an event has recorded.
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
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            text +=
                &format!("{}{{{}}} > ", span.name(), extensions.get::<Fields>().map_or("", |fields| fields.0.trim()));
        }
        HEARD.lock().unwrap_or_else(PoisonError::into_inner).push(text + fields.0.trim());
    }
}

/// What the registry has of a span, as the documentation shows it for the `fmt` layer.
fn describe(span: &Span) -> String {
    let described = span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let span = registry.span(id)?;
        let extensions = span.extensions();
        extensions.get::<Fields>().map(|fields| fields.0.trim().to_owned())
    });
    described.flatten().unwrap_or_default()
}

fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Recorder)).unwrap();
        context::register(TracingContext::new().describing(describe));
    });
}

/// What was heard that contains `text`.
fn heard(text: &str) -> Vec<String> {
    HEARD.lock().unwrap().iter().filter(|line| line.contains(text)).cloned().collect()
}

fn bounded(body: impl FnOnce() + Send + 'static) {
    watchdog(LIMIT, std::thread::current().name().unwrap_or("a test"), || {
        set_up();
        body();
    });
}

fn threads(workers: usize) -> ThreadPool {
    ThreadPool::new(workers).unwrap()
}

fn processes() -> ProcessPool {
    ProcessPool::builder().max_workers(1).name("spans").initializer(|()| set_up(), ()).build().unwrap()
}

/// Says something, and gives all that was heard of it in its process.
fn say(text: String) -> Vec<String> {
    info!("{text}");
    heard(&text)
}

#[test]
fn on_threads_the_span_of_the_submit_is_around_the_task_with_what_is_known_of_it() {
    bounded(|| {
        let pool = threads(1);
        let span = info_span!("request", path = "/one");
        let options = TaskOptions::new().label("resize");
        let future = span.in_scope(|| pool.spawn_with(options, || info!("in the task of one")));
        let id = future.id();
        future.result().unwrap();
        let worker = pool.spawn(|| std::thread::current().name().map(str::to_owned)).result().unwrap().unwrap();
        let expected = format!(
            "request{{path=\"/one\"}} > task{{task.id={} task.label=\"resize\" task.attempt=1 worker={worker:?}}} > \
             message=in the task of one",
            id.as_u64()
        );
        assert_eq!(heard("in the task of one"), [expected]);
    });
}

#[test]
fn on_threads_each_task_of_a_map_has_a_span_in_that_of_the_map() {
    bounded(|| {
        let pool = threads(2);
        let call = |n: u64| info!("in item {n} of two");
        let options = MapOptions::new().chunk_size(3);
        let map = info_span!("batch").in_scope(|| pool.map_with(options, call, 0..9));
        map.for_each(Result::unwrap);
        let heard = heard("of two");
        assert!(heard.iter().all(|line| line.starts_with("batch{} > task{task.id=")), "{heard:#?}");
        let tasks: std::collections::HashSet<&str> = heard.iter().filter_map(|line| line.split(' ').nth(2)).collect();
        assert_eq!(tasks.len(), 9, "a number each: {heard:#?}");
    });
}

#[test]
fn on_threads_there_is_a_span_of_the_task_and_nothing_stays_behind_it() {
    bounded(|| {
        let pool = threads(1);
        let inside =
            info_span!("outside").in_scope(|| pool.spawn(|| panic!("inside of a span, as this test wants it")));
        assert!(inside.error().is_some());
        pool.spawn(|| info!("in the task of three")).result().unwrap();
        let heard = heard("of three");
        assert!(heard.len() == 1 && heard[0].starts_with("task{"), "{heard:?}");
    });
}

/// H1: whoever waits runs the task, and has spans of his own.
#[test]
fn on_threads_a_task_that_is_run_in_place_is_in_no_span_but_that_of_its_submit() {
    bounded(|| {
        let pool = threads(1);
        let handle = pool.handle();
        let (give, take) = std::sync::mpsc::channel();
        let (submitted, is_submitted) = std::sync::mpsc::channel();
        let outer = pool.spawn(move || {
            let inner: concurrent_futures::Future<()> = take.recv().unwrap();
            info_span!("waits").in_scope(|| inner.result().unwrap());
            submitted.send(()).unwrap();
        });
        give.send(handle.spawn(|| info!("in the task of four"))).unwrap();
        is_submitted.recv().unwrap();
        outer.result().unwrap();
        let heard = heard("of four");
        assert!(heard.len() == 1 && heard[0].starts_with("task{") && !heard[0].contains("waits"), "{heard:?}");

        let nested = pool.spawn(move || {
            let inner = handle.spawn(|| info!("in the task of five"));
            info_span!("waits").in_scope(|| inner.result().unwrap());
        });
        let id = nested.id().as_u64();
        nested.result().unwrap();
        let heard = self::heard("of five");
        assert!(heard.len() == 1 && heard[0].starts_with(&format!("task{{task.id={id} ")), "{heard:?}");
        assert!(!heard[0].contains("waits"), "{heard:?}");
    });
}

#[test]
fn in_a_process_a_span_says_what_is_known_of_the_one_at_the_submit() {
    bounded(|| {
        let pool = processes();
        let span = info_span!("request", path = "/one", user = 7);
        let options = TaskOptions::new().label("resize");
        let future = span.in_scope(|| pool.submit_with(options, say, "in the worker".into()));
        let (task, pid) = (future.id().as_u64(), std::process::id());
        let id = span.id().expect("the span is on").into_u64();
        let heard = future.result().unwrap();
        let expected = format!(
            "task{{task.id={task} task.label=\"resize\" task.attempt=1 worker=\"spans_0\" submit.span=\"request\" \
             submit.target=\"tracing\" submit.id={id} submit.pid={pid} submit.fields=\"path=\\\"/one\\\" user=7\"}} > \
             message=in the worker"
        );
        assert_eq!(heard, [expected]);
        assert!(self::heard("in the worker").is_empty(), "it was said in another process");
    });
}

#[test]
fn in_a_process_there_is_a_span_of_the_task_without_one_at_the_submit() {
    bounded(|| {
        let pool = processes();
        let inside = info_span!("inside").in_scope(|| pool.submit(say, "one".into()));
        let outside = pool.submit(say, "two".into());
        assert!(inside.result().unwrap()[0].contains("submit.span=\"inside\""));
        let heard = outside.result().unwrap();
        assert!(heard[0].starts_with("task{task.id=") && !heard[0].contains("submit"), "{heard:?}");
        let items: Vec<_> =
            info_span!("batch").in_scope(|| pool.map(say, ["first item".into(), "second item".into()])).collect();
        items.into_iter().for_each(|item| assert!(item.unwrap()[0].contains("submit.span=\"batch\"")));
    });
}
