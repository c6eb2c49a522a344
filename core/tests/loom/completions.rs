//! Callbacks on another thread, and waits there.

use super::*;
use concurrent_futures_core::worker::{Completion, CompletionQueue, CompletionSink};
use std::collections::VecDeque;

#[derive(Default)]
struct Desk {
    state: Mutex<(VecDeque<Completion>, bool)>,
    changed: Condvar,
}

impl CompletionSink for Desk {
    fn accept(&self, completion: Completion) {
        self.state.lock().0.push_back(completion);
        self.wake();
    }
}

impl CompletionQueue for Desk {
    fn take(&self, wanted: &dyn Fn(TaskId) -> bool) -> Option<Completion> {
        let waiting = &mut self.state.lock().0;
        let index = waiting.iter().position(|completion| wanted(completion.id()))?;
        waiting.remove(index)
    }

    fn wait(&self, _deadline: Option<std::time::Instant>) {
        let mut state = self.state.lock();
        while !std::mem::take(&mut state.1) {
            state = self.changed.wait(state);
        }
    }

    fn wake(&self) {
        self.state.lock().1 = true;
        self.changed.notify_all();
    }
}

/// A thread completes futures, deferring their callbacks to this one, which waits for them.
fn check_wait(with_callback: [bool; 2], waits: impl Fn([Future<u32>; 2]) + Clone + Send + Sync + 'static) {
    check_with(2, move || {
        let desk = Arc::new(Desk::default());
        let told = Times::default();
        let pairs = [Promise::<u32>::new(), Promise::<u32>::new()];
        for ((_, future), _) in pairs.iter().zip(with_callback).filter(|(_, with_callback)| *with_callback) {
            let told = told.clone();
            future.add_done_callback(move |_| told.add());
        }
        let [(first, one), (second, two)] = pairs;
        let sink = desk.clone();
        let supervisor = thread::spawn(move || {
            let guard = worker::defer_callbacks(sink);
            second.start().unwrap().complete(2);
            first.start().unwrap().complete(1);
            drop(guard);
        });
        let guard = worker::run_completions_of(desk);
        waits([one, two]);
        drop(guard);
        assert_eq!(told.get(), with_callback.into_iter().filter(|with_callback| *with_callback).count());
        supervisor.join().unwrap();
    });
}

#[test]
fn l4_a_result_on_the_sinks_thread_misses_no_arrival() {
    check_wait([true, true], |[one, two]| assert_eq!((one.result().unwrap(), two.result().unwrap()), (1, 2)));
}

#[test]
fn l4_a_result_on_the_sinks_thread_misses_no_release() {
    check_wait([false, true], |[one, two]| assert_eq!((one.result().unwrap(), two.result().unwrap()), (1, 2)));
}

#[test]
fn l4_wait_on_the_sinks_thread_misses_nothing() {
    check_wait([false, true], |futures| {
        assert_eq!(wait(futures, ReturnWhen::AllCompleted, None).done.len(), 2);
    });
}

#[test]
fn l4_as_completed_on_the_sinks_thread_misses_nothing() {
    check_wait([false, true], |futures| assert_eq!(as_completed(futures).count(), 2));
}
