//! Callbacks on another thread than the one that decides the outcomes.

use super::*;
use concurrent_futures_core::worker::{Completion, CompletionQueue, CompletionSink};
use concurrent_futures_core::{State, TaskId};
use std::collections::VecDeque;
use std::sync::Condvar;
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// Completions on their way to the thread that runs them.
#[derive(Default)]
struct Desk {
    state: Mutex<DeskState>,
    changed: Condvar,
}

#[derive(Default)]
struct DeskState {
    waiting: VecDeque<Completion>,
    news: bool,
    is_closed: bool,
}

impl Desk {
    /// Starts the thread; it begins once the gate says so.
    fn start(self: &Arc<Self>, gate: mpsc::Receiver<()>) -> JoinHandle<()> {
        let desk = self.clone();
        thread::spawn(move || {
            let _guard = worker::run_completions_of(desk.clone());
            let _ = gate.recv();
            while let Some(completion) = desk.next() {
                completion.run();
            }
        })
    }

    fn next(&self) -> Option<Completion> {
        let mut state = self.state.lock().unwrap();
        while state.waiting.is_empty() && !state.is_closed {
            state = self.changed.wait(state).unwrap();
        }
        state.waiting.pop_front()
    }

    fn close(&self) {
        self.state.lock().unwrap().is_closed = true;
        self.changed.notify_all();
    }

    fn len(&self) -> usize {
        self.state.lock().unwrap().waiting.len()
    }
}

impl CompletionSink for Desk {
    fn accept(&self, completion: Completion) {
        self.state.lock().unwrap().waiting.push_back(completion);
        self.wake();
    }
}

impl CompletionQueue for Desk {
    fn take(&self, wanted: &dyn Fn(TaskId) -> bool) -> Option<Completion> {
        let waiting = &mut self.state.lock().unwrap().waiting;
        let index = waiting.iter().position(|completion| wanted(completion.id()))?;
        waiting.remove(index)
    }

    fn wait(&self, deadline: Option<Instant>) {
        let mut state = self.state.lock().unwrap();
        while !std::mem::take(&mut state.news) {
            state = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(state).unwrap(),
                Some(Duration::ZERO) => return,
                Some(left) => self.changed.wait_timeout(state, left).unwrap().0,
            };
        }
    }

    fn wake(&self) {
        self.state.lock().unwrap().news = true;
        self.changed.notify_all();
    }
}

/// Runs `supervisor` on a thread that defers to another one, which begins when the supervisor opens the gate or ends.
fn with_desk(supervisor: impl FnOnce(&Arc<Desk>, mpsc::Sender<()>) + Send + 'static) {
    bounded(move || {
        let desk = Arc::new(Desk::default());
        let (tx, gate) = mpsc::channel();
        let thread = desk.start(gate);
        let guard = worker::defer_callbacks(desk.clone());
        supervisor(&desk, tx);
        desk.close();
        drop(guard);
        thread.join().unwrap();
    });
}

/// A future with a callback, and what decides it.
fn called_back(number: usize, callback: impl FnOnce(usize) + Send + 'static) -> (Promise<usize>, Future<usize>) {
    let (promise, future) = Promise::new();
    future.add_done_callback(move |outcome: Result<&usize, &TaskError>| {
        assert_eq!(outcome.ok(), Some(&number));
        callback(number);
    });
    (promise, future)
}

/// A future with a callback that may fail a check; it did not if something is received.
fn checked(check: impl FnOnce() + Send + 'static) -> (Promise<usize>, Future<usize>, mpsc::Receiver<()>) {
    let (tx, passed) = mpsc::channel();
    let (promise, future) = called_back(0, move |_| {
        check();
        tx.send(()).unwrap();
    });
    (promise, future, passed)
}

fn complete(promise: Promise<usize>, number: usize) {
    promise.start().unwrap().complete(number);
}

#[test]
fn callbacks_run_in_order_on_the_sinks_thread() {
    with_desk(|desk, gate| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let futures: Vec<_> = (0..10)
            .map(|number| {
                let told = told.clone();
                let note = move |number| told.lock().unwrap().push((thread::current().id(), number));
                let (promise, future) = called_back(number, note.clone());
                future.add_done_callback(move |_| {
                    assert!(worker::is_inside_task());
                    note(number + 100);
                });
                complete(promise, number);
                assert!(!future.done() && future.state() == State::Running && !future.cancel());
                future
            })
            .collect();
        assert!(told.lock().unwrap().is_empty() && desk.len() == 10);
        drop(gate);
        for (number, future) in futures.into_iter().enumerate() {
            assert_eq!(future.result().unwrap(), number);
        }
        let told = std::mem::take(&mut *told.lock().unwrap());
        assert!(told.iter().all(|(id, _)| *id == told[0].0 && *id != thread::current().id()));
        let numbers: Vec<_> = told.iter().map(|(_, number)| *number).collect();
        assert_eq!(numbers, (0..10).flat_map(|number| [number, number + 100]).collect::<Vec<_>>());
    });
}

#[test]
fn what_has_no_callbacks_is_released_at_once() {
    with_desk(|desk, _gate| {
        let (promise, future) = Promise::new();
        complete(promise, 5);
        assert!(future.done() && desk.len() == 0);
        // Here, since it is decided no more.
        let here = thread::current().id();
        future.add_done_callback(move |_| assert_eq!(thread::current().id(), here));
        assert_eq!(future.result().unwrap(), 5);
    });
}

#[test]
fn a_callback_that_joins_late_goes_to_the_sinks_thread_too() {
    with_desk(|desk, gate| {
        let (tx, rx) = mpsc::channel();
        let (future, job) = Job::new(plain(), || 7);
        let counted = AtomicUsize::new(0);
        job.start().unwrap().run_with(&mut |tally: Tally| {
            if counted.fetch_add(tally.total(), Ordering::SeqCst) == 0 {
                let tx = tx.clone();
                future.add_done_callback(move |_| tx.send(thread::current().id()).unwrap());
            }
        });
        assert_eq!((counted.into_inner(), desk.len(), future.done()), (1, 1, false));
        drop(gate);
        assert_ne!(rx.recv().unwrap(), thread::current().id());
        assert_eq!(future.result().unwrap(), 7);
    });
}

#[test]
fn a_completion_that_is_dropped_is_run() {
    struct Drops;
    impl CompletionSink for Drops {
        fn accept(&self, _completion: Completion) {}
    }
    struct Panics;
    impl CompletionSink for Panics {
        fn accept(&self, _completion: Completion) {
            panic!("no room");
        }
    }
    for sink in [Arc::new(Drops) as Arc<dyn CompletionSink>, Arc::new(Panics)] {
        let guard = worker::defer_callbacks(sink);
        let told = Arc::new(AtomicUsize::new(0));
        let ours = told.clone();
        let (promise, future) = called_back(1, move |_| drop(ours.fetch_add(1, Ordering::SeqCst).to_string()));
        complete(promise, 1);
        assert_eq!((future.result().unwrap(), told.load(Ordering::SeqCst)), (1, 1));
        drop(guard);
    }
}

/// A first callback waits on the sink's thread for others whose completions stand behind it, as `wait` says; they are
/// decided before it begins to wait, or while it waits.
fn waits_in_a_callback(wait: impl Fn(Vec<Future<usize>>) + Clone + Send + 'static) {
    for is_before in [true, false] {
        let wait = wait.clone();
        with_desk(move |_desk, gate| {
            let told = Arc::new(Mutex::new(Vec::new()));
            let note = |told: &Arc<Mutex<Vec<usize>>>| {
                let told = told.clone();
                move |number| told.lock().unwrap().push(number)
            };
            let (others, futures): (Vec<_>, Vec<_>) =
                [1, 2].map(|number| called_back(number, note(&told))).into_iter().unzip();
            let (unwanted, left) = called_back(3, note(&told));
            let (silent, without_callback) = Promise::new();
            let ours = told.clone();
            let (waits, is_waiting) = mpsc::channel();
            let (first, outer, passed) = checked(move || {
                waits.send(()).unwrap();
                wait(futures.into_iter().chain([without_callback]).collect());
                assert!(!ours.lock().unwrap().contains(&3), "what nobody waits for keeps its turn");
            });
            complete(first, 0);
            if !is_before {
                gate.send(()).unwrap();
                is_waiting.recv().unwrap();
            }
            complete(unwanted, 3);
            others.into_iter().zip(1..).for_each(|(promise, number)| complete(promise, number));
            complete(silent, 4);
            drop(gate);
            outer.wait();
            left.wait();
            passed.recv().expect("the checks in the callback hold");
            assert_eq!(*told.lock().unwrap(), [1, 2, 3]);
        });
    }
}

#[test]
fn result_in_a_callback_runs_the_completion_it_waits_for() {
    waits_in_a_callback(|futures| {
        let numbers: Vec<_> = futures.into_iter().map(|future| future.result().unwrap()).collect();
        assert_eq!(numbers, [1, 2, 4]);
    });
}

#[test]
fn timed_waits_in_a_callback_run_the_completion_they_wait_for() {
    const LONG: Duration = Duration::from_secs(1000);
    waits_in_a_callback(|futures| {
        assert!(
            futures[0].wait_timeout(LONG) && wait(&futures[1..], ReturnWhen::AllCompleted, LONG).not_done.is_empty()
        );
    });
}

#[test]
fn wait_in_a_callback_runs_the_completions_it_waits_for() {
    waits_in_a_callback(|futures| {
        let waited = wait(&futures, ReturnWhen::AllCompleted, None);
        assert_eq!((waited.done.len(), waited.not_done.len()), (3, 0));
    });
}

#[test]
fn as_completed_in_a_callback_runs_the_completions_it_waits_for() {
    waits_in_a_callback(|mut futures| {
        let last = futures.pop();
        let mut completed = as_completed(futures);
        assert!(completed.next().is_some());
        completed.extend(last);
        assert_eq!(completed.count(), 2);
    });
}

#[test]
fn a_map_in_a_callback_runs_the_completions_of_its_chunks() {
    // Chunks have no callbacks: they are released at once, and the waiting thread is woken.
    with_desk(|_desk, gate| {
        drop(gate);
        for options in [MapOptions::new(), MapOptions::new().unordered()] {
            let keeps = Arc::new(Keeps::default());
            let ours = keeps.clone();
            let (waits, is_waiting) = mpsc::channel();
            let (first, outer, passed) = checked(move || {
                let mut map = Map::in_process(&*ours, options.chunk_size(4), |n: u32| n, 0..4);
                waits.send(()).unwrap();
                assert!(map.all(|item| item.is_ok()));
            });
            complete(first, 0);
            is_waiting.recv().unwrap();
            keeps.take().run();
            assert_eq!(outer.result().unwrap(), 0);
            passed.recv().expect("the checks in the callback hold");
        }
    });
}

#[test]
fn a_timed_wait_in_a_callback_times_out_on_the_sinks_thread() {
    with_desk(|_desk, gate| {
        let (never, future) = Promise::<usize>::new();
        let (first, outer, passed) = checked(move || {
            let waited = wait([&future], ReturnWhen::AllCompleted, Duration::from_millis(1));
            assert_eq!(waited.not_done.len(), 1);
            assert!(!future.wait_timeout(Duration::from_millis(1)));
        });
        complete(first, 0);
        drop(gate);
        assert_eq!(outer.result().unwrap(), 0);
        passed.recv().expect("the checks in the callback hold");
        drop(never);
    });
}

#[test]
fn a_wait_for_the_own_future_on_the_sinks_thread_is_refused() {
    with_desk(|_desk, gate| {
        let (first, outer) = Promise::<usize>::new();
        let (second, inner) = Promise::<usize>::new();
        let (tx, refused) = mpsc::channel();
        let (outer, inner) = (Arc::new(outer), Arc::new(inner));
        let ours = outer.clone();
        inner.add_done_callback(move |_| {
            let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ours.wait())).is_err();
            tx.send(refused).unwrap();
        });
        let ours = inner.clone();
        outer.add_done_callback(move |_| ours.wait());
        complete(first, 1);
        complete(second, 2);
        drop(gate);
        assert!(refused.recv().unwrap(), "a callback of the inner waited for the outer, which waits for the inner");
        outer.wait();
        assert!(inner.done());
    });
}

#[test]
fn chains_of_waits_on_the_sinks_thread_end_however_deep() {
    with_desk(|_desk, gate| {
        let mut awaited: Option<Future<usize>> = None;
        let mut promises = Vec::new();
        for number in 0..40 {
            let inner = awaited.take();
            let (promise, future) =
                called_back(number, move |_| assert!(inner.is_none_or(|inner| inner.result().unwrap() + 1 == number)));
            promises.push(promise);
            awaited = Some(future);
        }
        for (number, promise) in promises.into_iter().enumerate().rev() {
            complete(promise, number);
        }
        drop(gate);
        assert_eq!(awaited.unwrap().result().unwrap(), 39);
    });
}
