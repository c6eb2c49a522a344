//! What a worker process does with a task, in this process.

#![cfg(all(feature = "portable", not(any(concurrent_futures_loom, concurrent_futures_shuttle))))]

use std::sync::{Arc, Mutex, mpsc};

use concurrent_futures_core::portable::{Context, Encoded, Serving, serve};
use concurrent_futures_core::worker::{self, BlockLimit, ExecutorId, WorkerContext};
use concurrent_futures_core::{
    Abandoned, CodecSide, Executor, ExecutorExt, Future, Job, MapOptions, Promise, RunningJob, Shutdown,
    ShutdownReport, Stats, Tally, TaskError, TaskId, task,
};
use serde::{Deserialize, Serialize};

/// Runs each job from its bytes, as task number `self.0`.
struct Serves(TaskId);

impl Executor for Serves {
    fn execute(&self, job: Job) {
        let encoded = job.encode().unwrap();
        let running = job.start().unwrap();
        for (index, argument) in encoded.arguments() {
            // SAFETY: the call comes from `Encoded::call` in this process.
            let reply = unsafe { serve(encoded.call(), argument, Context::new(self.0)) };
            running.complete_task(index, &reply);
        }
    }

    fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
        ShutdownReport::default()
    }

    fn stats(&self) -> Stats {
        Stats::default()
    }
}

static AWAITED: Mutex<Option<Future<u32>>> = Mutex::new(None);

/// Says when the thread blocks.
struct SaysWhenItBlocks(mpsc::Sender<()>);

impl WorkerContext for SaysWhenItBlocks {
    fn executor(&self) -> ExecutorId {
        ExecutorId::next()
    }

    fn block(&self) -> Result<(), BlockLimit> {
        let _ = self.0.send(());
        Ok(())
    }
}

/// A worker process takes over the ids of its parent, and has tasks of its own with the same ids.
#[test]
fn a_served_task_may_wait_for_a_future_that_has_its_number() {
    fn waits(_: u8) -> u32 {
        let future = AWAITED.lock().unwrap().take().unwrap();
        future.result().unwrap()
    }
    let (promise, future) = Promise::new();
    let id = future.id();
    *AWAITED.lock().unwrap() = Some(future);
    let (tx, blocks) = mpsc::channel();
    let producer = std::thread::spawn(move || {
        let _ = blocks.recv();
        promise.start().unwrap().complete(7);
    });
    let guard = worker::enter(Arc::new(SaysWhenItBlocks(tx)));
    let outcome = Serves(id).submit(waits, 0).result();
    drop(guard);
    producer.join().unwrap();
    assert_eq!(outcome.unwrap(), 7);
}

/// An error whose text can't be had.
#[derive(Debug)]
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Unspeakable {}

#[test]
fn an_error_whose_text_panics_fails_its_task_alone() {
    fn fails(_: u8) -> Result<u8, Unspeakable> {
        Err(Unspeakable)
    }
    let served = std::panic::catch_unwind(|| Serves(TaskId::from_u64(1)).submit_fallible(fails, 0).result());
    assert!(matches!(served, Ok(Err(TaskError::Codec(_)))), "{served:?}");
}

#[derive(Debug, Serialize, Deserialize)]
struct PanicsOnceDropped(bool);

impl Drop for PanicsOnceDropped {
    fn drop(&mut self) {
        if std::mem::take(&mut self.0) {
            panic!("in a destructor");
        }
    }
}

#[test]
fn a_result_whose_destructor_panics_arrives() {
    fn returns(_: u8) -> PanicsOnceDropped {
        PanicsOnceDropped(true)
    }
    let served = std::panic::catch_unwind(|| Serves(TaskId::from_u64(1)).submit(returns, 0).result());
    let mut value = served.expect("the worker survives").expect("it was encoded");
    assert!(std::mem::take(&mut value.0));
}

/// Serves each job in one go, and gives it to the test with its replies.
struct Batches(Box<dyn Fn(RunningJob, Replies) + Send + Sync>);

/// Replies in one buffer, each with the index of its task and its end.
#[derive(Default)]
struct Replies {
    bytes: Vec<u8>,
    ends: Vec<(usize, usize)>,
}

impl Replies {
    fn serve(encoded: &Encoded, context: Context) -> Self {
        let mut replies = Self::default();
        // SAFETY: the call comes from `Encoded::call` in this process.
        let mut serving = unsafe { Serving::begin(encoded.call(), context) };
        for (index, argument) in encoded.arguments() {
            serving.task(index, argument, &mut replies.bytes);
            replies.ends.push((index, replies.bytes.len()));
        }
        replies
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut begin = 0;
        self.ends.iter().map(move |&(index, end)| (index, &self.bytes[std::mem::replace(&mut begin, end)..end]))
    }
}

impl Executor for Batches {
    fn execute(&self, job: Job) {
        let encoded = job.encode().unwrap();
        let context = Context::new(job.id()).stop_when(|| true);
        self.0(job.start().unwrap(), Replies::serve(&encoded, context));
    }

    fn shutdown(&self, _how: Shutdown) -> ShutdownReport {
        ShutdownReport::default()
    }

    fn stats(&self) -> Stats {
        Stats::default()
    }
}

/// Maps a function over 0..8 in one chunk, completed in one go, and compares the tally.
fn batch<R: serde::Serialize + serde::de::DeserializeOwned + Send + 'static>(
    function: fn(u64) -> R,
    tally: Tally,
) -> Vec<Result<R, TaskError>> {
    let batches =
        Batches(Box::new(move |running, replies| assert_eq!(running.complete_tasks(&mut replies.iter()), tally)));
    batches.map_with(MapOptions::new().chunk_size(8), function, 0..8).collect()
}

#[test]
fn each_task_of_a_batch_knows_its_own_id() {
    let ids = batch(|_| task::current().id().unwrap().as_u64(), Tally { returned: 8, ..Tally::default() });
    let ids: Vec<u64> = ids.into_iter().map(Result::unwrap).collect();
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "{ids:?}");
    assert!(task::current().id().is_none());
}

#[test]
fn only_the_task_that_saw_the_stop_is_cancelled() {
    fn looks_if_odd(n: u64) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        if n % 2 == 1 {
            task::current().check()?;
        }
        Err("it fails".into())
    }
    let batches = Batches(Box::new(|running, replies| {
        let tally = running.complete_tasks(&mut replies.iter());
        assert_eq!(tally, Tally { failed: 4, cancelled: 4, ..Tally::default() });
    }));
    let outcomes: Vec<_> = batches.map_fallible_with(MapOptions::new().chunk_size(8), looks_if_odd, 0..8).collect();
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let is_cancelled = matches!(outcome, Err(TaskError::Cancelled));
        assert_eq!(is_cancelled, n % 2 == 1, "{n}: {outcome:?}");
    }
}

/// A number that panics, or fails, on one of its crossings.
#[derive(Debug, PartialEq)]
struct Picky<const PANICS_OUT: u64, const FAILS_OUT: u64, const PANICS_IN: u64>(u64);

impl<const P: u64, const F: u64, const I: u64> Serialize for Picky<P, F, I> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        // Some bytes are written before it ends badly.
        let mut tuple = serializer.serialize_tuple(2)?;
        tuple.serialize_element(&self.0)?;
        assert_ne!(self.0, P, "out");
        if self.0 == F {
            return Err(serde::ser::Error::custom("no"));
        }
        tuple.serialize_element(&self.0)?;
        tuple.end()
    }
}

impl<'de, const P: u64, const F: u64, const I: u64> Deserialize<'de> for Picky<P, F, I> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (number, _) = <(u64, u64)>::deserialize(deserializer)?;
        assert_ne!(number, I, "in");
        Ok(Self(number))
    }
}

#[test]
fn what_ends_badly_on_a_crossing_fails_alone() {
    let outcomes = batch(Picky::<2, 4, 6>, Tally { returned: 5, failed: 3, ..Tally::default() });
    let expected =
        [None, None, Some(CodecSide::ResultOut), None, Some(CodecSide::ResultOut), None, Some(CodecSide::ResultIn)];
    for (n, outcome) in outcomes.into_iter().enumerate() {
        match (outcome, expected.get(n).copied().flatten()) {
            (Ok(value), None) => assert_eq!(value, Picky(n as u64)),
            (Err(TaskError::Codec(error)), side) => assert_eq!(Some(error.side()), side, "{n}: {error}"),
            (other, _) => panic!("{n}: {other:?}"),
        }
    }
}

#[test]
fn an_argument_that_ends_badly_on_a_crossing_fails_alone() {
    let batches = Batches(Box::new(|running, replies| {
        let tally = running.complete_tasks(&mut replies.iter());
        assert_eq!(tally, Tally { returned: 5, failed: 1, ..Tally::default() });
    }));
    let items = (0..8).map(Picky::<0, 7, 3>);
    let outcomes = batches.map_with(MapOptions::new().chunk_size(8), |picky: Picky<0, 7, 3>| picky.0, items);
    let outcomes: Vec<_> = outcomes.map(|outcome| outcome.map_err(|error| error.to_string())).collect();
    let told = |n: usize, text: &str| outcomes[n].as_ref().unwrap_err().contains(text);
    assert!(
        told(0, "encoded before it was sent: panicked") && told(7, "encoded before it was sent: no"),
        "{outcomes:?}"
    );
    assert!(told(3, "decoded in the worker: panicked"), "{outcomes:?}");
    assert_eq!(outcomes[1..3], [Ok(1), Ok(2)]);
    assert_eq!(outcomes[4..7], [Ok(4), Ok(5), Ok(6)]);
}

#[test]
fn each_task_is_counted_by_who_ended_it() {
    let batches = Batches(Box::new(|running, replies| {
        let handle = running.handle();
        assert_eq!(running.complete_tasks(&mut replies.iter().take(3)).returned, 3);
        assert_eq!(running.complete_tasks(&mut replies.iter().take(4)).returned, 1, "three came a second time");
        let mut given_up = Tally::default();
        assert!(handle.fail_then(Abandoned::new("the test gave it up"), |tally| given_up = tally));
        assert_eq!(given_up, Tally { failed: 4, ..Tally::default() });
        assert_eq!(running.complete_tasks(&mut replies.iter()), Tally::default());
    }));
    assert!(batches.map_with(MapOptions::new().chunk_size(8), |n: u64| n, 0..8).all(|outcome| outcome.is_err()));
}

#[test]
fn more_than_one_block_settles() {
    let batches = Batches(Box::new(|running, replies| {
        assert_eq!(running.complete_tasks(&mut replies.iter()).returned, 5000);
    }));
    let options = MapOptions::new().chunk_size(5000).buffer_size(5000);
    assert_eq!(batches.map_with(options, |n: u64| n, 0..5000).map(Result::unwrap).sum::<u64>(), 4999 * 2500);
}

#[test]
fn a_panic_of_the_iterator_is_its_owners() {
    let batches = Batches(Box::new(|running, replies| {
        let mut broken = replies.iter().inspect(|(index, _)| assert!(*index < 2, "no more"));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| running.complete_tasks(&mut broken)));
        assert!(panicked.is_err());
        assert_eq!(running.complete_tasks(&mut replies.iter()).total(), 8);
    }));
    assert_eq!(batches.map_with(MapOptions::new().chunk_size(8), |n: u64| n, 0..8).filter(Result::is_ok).count(), 8);
}
