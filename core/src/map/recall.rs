use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use crate::shared::AnyTask;
use crate::sync::Mutex;

/// By what a map reaches its chunks wherever they are: shared with each of them, and with the parts that they give away, of
/// which the map hears only once the chunk has ended.
pub(crate) struct Recall {
    withdrawn: AtomicBool,
    /// Only a deadline asks for these.
    given_away: Option<Mutex<GivenAway>>,
}

#[derive(Default)]
struct GivenAway {
    tasks: Vec<Weak<dyn AnyTask>>,
    /// How many there may be before those that have ended are forgotten.
    limit: usize,
}

impl Recall {
    pub(super) fn new(has_deadline: bool) -> Self {
        let given_away = has_deadline.then(|| Mutex::new(GivenAway::default()));
        Self { withdrawn: AtomicBool::new(false), given_away }
    }

    pub(super) fn has_deadline(&self) -> bool {
        self.given_away.is_some()
    }

    /// Whether nothing further needs to begin.
    pub(super) fn is_withdrawn(&self) -> bool {
        // Relaxed: a chunk that sees it late runs one item more.
        self.withdrawn.load(Ordering::Relaxed)
    }

    pub(super) fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Relaxed);
    }

    /// Notes a part that a chunk gives away, before anybody can begin it. Where [`take_given_away`](Self::take_given_away) came
    /// before, [`is_withdrawn`](Self::is_withdrawn) says so from here on.
    pub(super) fn note_given_away(&self, task: &Arc<dyn AnyTask>) {
        let Some(given_away) = &self.given_away else { return };
        let mut given_away = given_away.lock();
        if given_away.tasks.len() >= given_away.limit {
            given_away.tasks.retain(|task| task.strong_count() > 0);
            given_away.limit = 2 * given_away.tasks.len() + 8;
        }
        given_away.tasks.push(Arc::downgrade(task));
    }

    /// The parts that were given away and may run, after a [`withdraw`](Self::withdraw).
    pub(super) fn take_given_away(&self) -> Vec<Arc<dyn AnyTask>> {
        let Some(given_away) = &self.given_away else { return Vec::new() };
        let tasks = std::mem::take(&mut given_away.lock().tasks);
        tasks.iter().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Recall;
    use crate::job::Job;

    #[test]
    fn those_that_have_ended_are_forgotten() {
        let recall = Recall::new(true);
        for _ in 0..1000 {
            let (future, job) = Job::new(None, || ());
            recall.note_given_away(&future.any());
            job.run();
        }
        let (future, _job) = Job::new(None, || ());
        recall.note_given_away(&future.any());
        assert!(recall.given_away.as_ref().unwrap().lock().tasks.len() <= 9);
        assert!(recall.take_given_away().iter().any(|task| Arc::ptr_eq(task, &future.any())));
        assert!(recall.take_given_away().is_empty());
    }
}
