//! Jobs that lie with a worker elsewhere, which begins them whenever it likes.

use super::*;

const OFFERED: u32 = 0;
const BEGUN: u32 = 1;
const WITHDRAWN: u32 = 2;

/// The word that parent and worker share.
struct Word(AtomicU32);

impl Word {
    fn offered() -> Arc<Self> {
        Arc::new(Self(AtomicU32::new(OFFERED)))
    }

    fn begin(&self) -> bool {
        self.0.compare_exchange(OFFERED, BEGUN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Offer for Word {
    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire) == BEGUN
    }

    fn withdraw(&self) -> bool {
        let moved = self.0.compare_exchange(OFFERED, WITHDRAWN, Ordering::AcqRel, Ordering::Acquire);
        moved.unwrap_or_else(|found| found) != BEGUN
    }

    fn interrupt(&self, _interrupt: Interrupt) {}
}

#[test]
fn l8_cancel_against_a_worker_that_begins() {
    check(|| {
        let (future, job, runs) = counted();
        let word = Word::offered();
        job.offer(word.clone()).unwrap();
        let worker = thread::spawn(move || {
            if word.begin() {
                job.start().expect("what has begun is not cancelled").run();
            } else {
                assert!(job.start().is_err(), "what was withdrawn is cancelled");
            }
        });
        let cancelled = future.cancel();
        let outcome = future.result();
        worker.join().unwrap();
        assert_eq!(cancelled, is_cancelled(&outcome));
        assert_eq!(runs.get(), usize::from(!cancelled), "cancelled and begun, or neither");
    });
}

#[test]
fn l8_looks_against_a_worker_that_begins() {
    check(|| {
        let (future, job, runs) = counted();
        let word = Word::offered();
        job.offer(word.clone()).unwrap();
        let worker = thread::spawn(move || {
            assert!(word.begin());
            job.start().expect("a look changes nothing for the executor").run();
        });
        let first = future.state();
        let second = future.state();
        assert!(first == State::Pending || second != State::Pending, "{second:?} after {first:?}");
        assert!(second == State::Pending || !future.cancel());
        let outcome = future.result();
        worker.join().unwrap();
        assert_eq!(runs.get(), usize::from(outcome.is_ok()));
    });
}

#[test]
fn l8_cancel_against_an_executor_that_offers_the_job_anew() {
    check(|| {
        let (future, job, runs) = counted();
        let (first, second) = (Word::offered(), Word::offered());
        job.offer(first.clone()).unwrap();
        let executor = thread::spawn(move || {
            assert!(first.withdraw(), "nobody begins it there");
            job.take_back();
            if job.offer(second.clone()).is_ok() && second.begin() {
                job.start().expect("what has begun is not cancelled").run();
            }
        });
        let cancelled = future.cancel();
        let outcome = future.result();
        executor.join().unwrap();
        assert_eq!(cancelled, is_cancelled(&outcome));
        assert_eq!(runs.get(), usize::from(!cancelled), "cancelled and begun, or neither");
    });
}
