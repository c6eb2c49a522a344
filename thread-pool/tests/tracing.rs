//! Spans that go along with tasks, on threads: the very span of the submit is around the task.
//!
//! The subscriber is the whole process's, so this is a binary of its own.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::fmt;
use std::sync::{Mutex, Once, PoisonError};

use common::{bounded, pool};
use concurrent_futures_thread_pool::context::{self, TracingContext};
use concurrent_futures_thread_pool::{MapOptions, TaskOptions};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

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
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            text +=
                &format!("{}{{{}}} > ", span.name(), extensions.get::<Fields>().map_or("", |fields| fields.0.trim()));
        }
        HEARD.lock().unwrap_or_else(PoisonError::into_inner).push(text + fields.0.trim());
    }
}

fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Recorder)).unwrap();
        context::register(TracingContext::new());
    });
}

/// What was heard that contains `text`.
fn heard(text: &str) -> Vec<String> {
    HEARD.lock().unwrap().iter().filter(|line| line.contains(text)).cloned().collect()
}

#[test]
fn the_span_of_the_submit_is_around_the_task_with_what_is_known_of_it() {
    bounded(|| {
        set_up();
        let pool = pool(1);
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
fn each_task_of_a_map_has_a_span_in_that_of_the_map() {
    bounded(|| {
        set_up();
        let pool = pool(2);
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
fn without_a_span_there_is_that_of_the_task_and_nothing_stays_behind_it() {
    bounded(|| {
        set_up();
        let pool = pool(1);
        let inside =
            info_span!("outside").in_scope(|| pool.spawn(|| panic!("inside of a span, as this test wants it")));
        assert!(inside.error().is_some());
        pool.spawn(|| info!("in the task of three")).result().unwrap();
        let heard = heard("of three");
        assert!(heard.len() == 1 && heard[0].starts_with("task{"), "{heard:?}");
    });
}
