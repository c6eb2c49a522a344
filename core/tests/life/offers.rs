//! Jobs that were sent ahead to a worker elsewhere.

use super::*;
use concurrent_futures_core::{Offer, Skipped, State};

/// A slot word as a worker process shares it, and what was asked of it.
#[derive(Default)]
struct Word {
    begun: AtomicBool,
    withdrawn: AtomicBool,
    asked: Mutex<Vec<Interrupt>>,
}

impl Word {
    fn offer(job: &Job) -> Arc<Self> {
        let word = Arc::new(Self::default());
        job.offer(word.clone()).unwrap();
        word
    }

    fn begin(&self) {
        assert!(!self.withdrawn.load(Ordering::SeqCst));
        self.begun.store(true, Ordering::SeqCst);
    }

    fn asked(&self) -> Vec<Interrupt> {
        self.asked.lock().unwrap().clone()
    }
}

impl Offer for Word {
    fn has_begun(&self) -> bool {
        self.begun.load(Ordering::SeqCst)
    }

    fn withdraw(&self) -> bool {
        let begun = self.has_begun();
        self.withdrawn.store(!begun, Ordering::SeqCst);
        !begun
    }

    fn interrupt(&self, interrupt: Interrupt) {
        self.asked.lock().unwrap().push(interrupt);
    }
}

const NOW: Interrupt = Interrupt::Abort { grace: Duration::ZERO };

#[test]
fn l8_a_cancel_takes_back_what_has_not_begun() {
    let (future, job) = Job::new(plain(), || 7);
    let word = Word::offer(&job);
    assert_eq!(future.state(), State::Pending);
    assert!(future.cancel() && future.cancelled());
    assert!(word.withdrawn.load(Ordering::SeqCst) && word.asked().is_empty());
    assert_eq!(Arc::strong_count(&word), 1, "an offer is dropped when its task ends");
    assert_eq!(job.offer(word), Err(Skipped::Cancelled));
    assert_eq!(job.start().err(), Some(Skipped::Cancelled));
}

#[test]
fn l8_what_has_begun_elsewhere_runs_for_everybody() {
    let (future, job) = Job::new(plain().deadline(Duration::from_secs(1000)), || 7);
    let word = Word::offer(&job);
    word.begin();
    assert!(!future.cancel() && future.running() && !future.done());
    assert_eq!(job.offer(word.clone()), Err(Skipped::Elsewhere));
    job.take_back();
    assert!(future.running());
    let running = job.start().unwrap();
    assert!(running.deadline().is_some());
    running.run();
    assert_eq!(Arc::strong_count(&word), 1);
    assert_eq!(future.result().unwrap(), 7);
}

#[test]
fn a_deadline_counts_from_when_the_task_was_seen_to_begin() {
    let (future, job) = Job::new(plain().deadline(Duration::from_secs(1000)), || 7);
    let word = Word::offer(&job);
    word.begin();
    assert!(future.running());
    let seen = std::time::Instant::now();
    while std::time::Instant::now() == seen {
        std::thread::yield_now();
    }
    let running = job.start().unwrap();
    assert!(running.deadline().unwrap() <= seen + Duration::from_secs(1000));
    running.run();
    future.detach();
}

#[test]
fn a_look_gives_the_permit_back() {
    struct Permit(Arc<AtomicUsize>, Canceller);
    impl Drop for Permit {
        fn drop(&mut self) {
            // It takes the task's lock, so it hangs if it is dropped under it.
            self.1.cancel();
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    bounded(|| {
        let (future, job) = Job::new(plain(), || 7);
        let given_back = Arc::new(AtomicUsize::new(0));
        job.hold(Permit(given_back.clone(), future.canceller()));
        let word = Word::offer(&job);
        assert_eq!((future.state(), given_back.load(Ordering::SeqCst)), (State::Pending, 0));
        word.begin();
        assert_eq!((job.state(), given_back.load(Ordering::SeqCst)), (State::Running, 1));
        job.run();
    });
}

#[test]
fn an_abort_asks_the_worker_that_has_begun() {
    let (future, job) = Job::new(plain(), || 7);
    let word = Word::offer(&job);
    word.begin();
    assert!(future.abort(Duration::ZERO) && job.handle().is_stop_requested());
    let running = job.start().unwrap();
    assert!(future.abort(Duration::ZERO));
    assert_eq!(word.asked(), [NOW, NOW]);
    let second = Arc::new(Word::default());
    running.offer(second.clone());
    assert_eq!(Arc::strong_count(&word), 1);
    assert!(future.abort(Duration::ZERO));
    assert_eq!((word.asked().len(), second.asked().len()), (2, 1));
    running.run();
    assert_eq!(Arc::strong_count(&second), 1);
}

#[test]
fn whoever_came_last_is_asked_to_stop_a_task() {
    let (future, job) = Job::new(plain(), || 7);
    let word = Word::offer(&job);
    let hooked = Arc::new(AtomicUsize::new(0));
    let ours = hooked.clone();
    let running = job.start_killable(move |_| assert_eq!(ours.fetch_add(1, Ordering::SeqCst), 0)).unwrap();
    assert!(future.abort(Duration::ZERO) && word.asked().is_empty());
    running.offer(word.clone());
    assert!(future.abort(Duration::ZERO));
    assert_eq!((hooked.load(Ordering::SeqCst), word.asked().len()), (1, 1));
    running.run();
}

#[test]
fn an_abort_of_what_has_not_begun_cancels() {
    let (future, job) = Job::new(plain(), || 7);
    let word = Word::offer(&job);
    assert!(future.abort(Duration::ZERO) && future.cancelled() && word.asked().is_empty());
    drop(job);
}

#[test]
fn a_job_that_was_taken_back_is_offered_anew() {
    let (future, job) = Job::new(plain(), || 7);
    let first = Word::offer(&job);
    job.take_back();
    assert_eq!(Arc::strong_count(&first), 1);
    let second = Word::offer(&job);
    first.begun.store(true, Ordering::SeqCst);
    assert_eq!(future.state(), State::Pending);
    second.begin();
    assert_eq!(future.state(), State::Running);
    job.run();
}

#[test]
fn l7_an_offered_job_that_is_dropped_or_failed_ends_begun_or_not() {
    for begun in [false, true] {
        let (dropped, failed, handled) = (Job::new(plain(), || 7), Job::new(plain(), || 7), Job::new(plain(), || 7));
        for (future, job) in [&dropped, &failed, &handled] {
            let word = Word::offer(job);
            if begun {
                word.begin();
                assert!(future.running());
            }
        }
        drop(dropped.1);
        assert!(matches!(dropped.0.result(), Err(TaskError::Abandoned(_))));
        assert!(failed.1.fail(gave_up()));
        assert!(matches!(failed.0.result(), Err(TaskError::Abandoned(_))));
        assert!(handled.1.handle().fail(gave_up()));
        assert_eq!(handled.1.start().err(), Some(Skipped::Elsewhere));
        assert!(matches!(handled.0.result(), Err(TaskError::Abandoned(_))));
    }
}

#[test]
fn a_dropped_map_asks_for_the_end_of_a_chunk_that_has_begun_elsewhere() {
    let keeps = Keeps::default();
    let map = Map::in_process(&keeps, MapOptions::new().chunk_size(2), |n: u32| n, 0..4);
    let (begun, waiting) = (keeps.take(), keeps.take());
    let words = [Word::offer(&begun), Word::offer(&waiting)];
    words[0].begin();
    drop(map);
    assert_eq!(words[0].asked(), [Interrupt::Withdraw]);
    assert!(words[1].asked().is_empty() && words[1].withdrawn.load(Ordering::SeqCst));
    assert!(begun.start().unwrap().is_withdrawn());
    assert_eq!(waiting.start().err(), Some(Skipped::Cancelled));
}

#[test]
fn a_wait_on_a_worker_does_not_run_what_was_offered_to_another() {
    bounded(|| {
        let executor = ExecutorId::next();
        let (future, job) = Job::new(plain(), || std::thread::current().id());
        job.bind(executor);
        let word = Word::offer(&job);
        let _guard = worker::enter(Arc::new(Nesting(executor)));
        let elsewhere = std::thread::spawn(move || {
            word.begin();
            job.run();
        });
        assert_eq!(future.result().unwrap(), elsewhere.thread().id());
        elsewhere.join().unwrap();
    });
}
