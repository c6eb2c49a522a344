//! Waiting on a worker.

use super::*;

struct Nesting(ExecutorId);

impl WorkerContext for Nesting {
    fn executor(&self) -> ExecutorId {
        self.0
    }

    fn can_nest(&self) -> bool {
        true
    }
}

#[test]
fn l1_in_place_against_a_worker_that_starts_the_same_task() {
    check(|| {
        let executor = ExecutorId::next();
        let (future, job, runs) = counted();
        job.bind(executor);
        let worker = thread::spawn(move || job.run());
        let guard = worker::enter(Arc::new(Nesting(executor)));
        assert_eq!(future.result().unwrap(), 7);
        drop(guard);
        worker.join().unwrap();
        assert_eq!(runs.get(), 1);
    });
}
