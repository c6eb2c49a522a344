//! A chunk of `map`: many tasks in one message, never one task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{InFlight, Recall, Span};
use crate::context;
use crate::error::{Panicked, TaskError};
use crate::job::{Job, Tally};
use crate::panic_location;
#[cfg(feature = "portable")]
use crate::portable::PortableFace;
use crate::report;
use crate::task::{self, TaskId, TaskOptions};
use crate::work::{Callee, Work};
use crate::worker::{self, Attention, Wish, WorkerContext};

/// Some items of a map and the function to call with each.
pub(crate) struct Chunk<C, A, R: Send + 'static> {
    callee: C,
    items: Vec<A>,
    first_id: TaskId,
    options: TaskOptions,
    /// Says when nothing further needs to begin: the map was dropped, or its deadline has passed.
    recall: Arc<Recall>,
    /// Of a chunk that runs elsewhere: what came back, and whether it has. Until then an error stands in its place, so that
    /// in the end the vector is what is handed out, and nobody copies it.
    results: Vec<Result<R, TaskError>>,
    is_settled: Vec<bool>,
    unsettled: usize,
    /// Those of the results that came back and are errors.
    errors: Tally,
    rests: Vec<InFlight<R>>,
    /// Since when, or for how long, it has kept a worker elsewhere busy.
    begun: Option<Instant>,
    took: Option<Duration>,
}

/// What came out of a chunk.
pub(crate) struct ChunkOutcome<R: Send + 'static> {
    /// One result for each item, those excepted that were given away.
    pub(crate) results: Vec<Result<R, TaskError>>,
    /// The parts that were given away to other workers: the last one given away comes first in the input.
    pub(crate) rests: Vec<InFlight<R>>,
    pub(crate) took: Duration,
    /// Those of the results that are errors.
    errors: Tally,
}

impl<C: Callee<A>, A: Send + 'static> Chunk<C, A, C::Output> {
    pub(crate) fn new(callee: C, items: Vec<A>, options: TaskOptions, recall: Arc<Recall>) -> Self {
        let first_id = TaskId::next_run_of(items.len());
        Self::assemble(callee, items, first_id, options, recall)
    }

    fn assemble(callee: C, items: Vec<A>, first_id: TaskId, options: TaskOptions, recall: Arc<Recall>) -> Self {
        let (results, is_settled, unsettled) = (Vec::new(), Vec::new(), items.len());
        let (errors, rests, begun, took) = (Tally::default(), Vec::new(), None, None);
        Self { callee, items, first_id, options, recall, results, is_settled, unsettled, errors, rests, begun, took }
    }

    /// Makes a job of the tail of this chunk, which begins with its task number `index`.
    fn job_of_tail(&self, index: usize, tail: Vec<A>) -> (InFlight<C::Output>, Job) {
        let len = tail.len();
        let id = self.first_id.offset(index);
        let tail = Self::assemble(self.callee.clone(), tail, id, self.options.clone(), self.recall.clone());
        let options = self.options.clone();
        let (future, job) = Job::of(tail, Some(options));
        self.recall.note_given_away(&future.any());
        (InFlight { future: future.cancel_on_drop(), span: Span { first: index, len } }, job)
    }

    /// Gives the second half of `items` to another worker, and the first half back.
    fn share(
        &mut self,
        context: &dyn WorkerContext,
        done: usize,
        items: std::vec::IntoIter<A>,
    ) -> std::vec::IntoIter<A> {
        let mut kept: Vec<A> = items.collect();
        // At least one is kept, so that a pool that always wants a share gets no empty promises.
        let tail = kept.split_off(kept.len().div_ceil(2));
        if !worker::give_away(tail.len()) {
            // The future has ended, and these with it.
            tail.into_iter().for_each(report::discard);
            return kept.into_iter();
        }
        let (rest, job) = self.job_of_tail(done + kept.len(), tail);
        self.rests.push(rest);
        context.share(job);
        kept.into_iter()
    }

    /// Of a chunk that ran elsewhere: what came out, once every task has an outcome.
    fn outcome_if_settled(&mut self) -> Option<Result<ChunkOutcome<C::Output>, TaskError>> {
        if self.unsettled > 0 {
            return None;
        }
        let took = self.took.or_else(|| Some(self.begun?.elapsed())).unwrap_or_default();
        let (results, rests) = (std::mem::take(&mut self.results), std::mem::take(&mut self.rests));
        Some(Ok(ChunkOutcome { results, rests, took, errors: self.errors }))
    }

    fn call(&self, item: A, label: Option<&str>) -> Result<C::Output, TaskError> {
        context::around(self.options.carried(), label, || {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.callee.call(item, label)));
            match outcome {
                Ok(Err(TaskError::Failed(_))) if task::current().has_seen_stop() => Err(TaskError::Cancelled),
                Ok(outcome) => outcome,
                Err(payload) => Err(Panicked::from_payload(payload, panic_location::take(), label).into()),
            }
        })
    }
}

impl<C: Callee<A>, A: Send + 'static> Work for Chunk<C, A, C::Output> {
    type Output = ChunkOutcome<C::Output>;
    type Item = C::Output;

    const IS_CHUNK: bool = true;

    fn tally(outcome: &Result<Self::Output, TaskError>) -> Tally {
        match outcome {
            Ok(outcome) => {
                let errors = outcome.errors;
                Tally { returned: outcome.results.len() - errors.total(), ..errors }
            }
            Err(_) => Tally::of(outcome),
        }
    }

    fn len(&self) -> usize {
        self.items.len()
    }

    fn first_id(&self) -> TaskId {
        self.first_id
    }

    fn run(mut self, label: Option<&str>) -> Result<Self::Output, TaskError> {
        let context = worker::context_of_top();
        let attention = context.as_ref().and_then(|context| context.attention());
        let begun = Instant::now();
        let mut items = std::mem::take(&mut self.items).into_iter();
        let mut results = Vec::with_capacity(items.len());
        let mut errors = Tally::default();
        // The looks come before each item, the first included: a part may begin long after it was given away.
        while items.len() > 0 && !self.recall.is_withdrawn() {
            if let Some(context) = &context
                && attention.as_ref().is_none_or(Attention::is_raised)
            {
                match context.wish() {
                    Wish::GoOn => {}
                    Wish::Stop => break,
                    // What it runs next stays.
                    Wish::Share if items.len() > 1 => items = self.share(&**context, results.len(), items),
                    Wish::Share => {}
                }
            }
            let Some(item) = items.next() else { break };
            worker::set_index(results.len());
            let result = self.call(item, label);
            if result.is_err() {
                errors.count(&result);
            }
            results.push(result);
        }
        // What didn't begin is cancelled; its destructors are foreign code.
        errors.cancelled += items.len();
        results.extend(std::iter::repeat_with(|| Err(TaskError::Cancelled)).take(items.len()));
        items.for_each(report::discard);
        let rests = std::mem::take(&mut self.rests);
        report::discard(self);
        Ok(ChunkOutcome { results, rests, took: begun.elapsed(), errors })
    }

    fn settle(
        &mut self,
        index: usize,
        item: &mut Option<Result<C::Output, TaskError>>,
    ) -> Option<Result<Self::Output, TaskError>> {
        if self.unsettled == 0 {
            return None;
        }
        self.begun.get_or_insert_with(Instant::now);
        if self.is_settled.is_empty() {
            self.is_settled.resize(self.items.len(), false);
            self.results.resize_with(self.items.len(), || Err(TaskError::Cancelled));
        }
        // One that is settled already, or was given away, keeps its first outcome.
        let is_settled = self.is_settled.get_mut(index).filter(|is_settled| !**is_settled)?;
        let result = item.take()?;
        if result.is_err() {
            self.errors.count(&result);
        }
        *is_settled = true;
        self.results[index] = result;
        self.unsettled -= 1;
        self.outcome_if_settled()
    }

    fn settled(&self) -> usize {
        self.items.len() - self.unsettled
    }

    fn note_took(&mut self, took: Duration) {
        *self.took.get_or_insert_default() += took;
    }

    fn split_off(&mut self, from: usize) -> Option<(Job, Option<Result<Self::Output, TaskError>>)> {
        if from >= self.items.len() || from == 0 || self.unsettled == 0 {
            return None;
        }
        let tail = self.items.split_off(from);
        self.results.truncate(from);
        self.is_settled.truncate(from);
        self.unsettled = from;
        self.errors = Tally::default();
        for (result, _) in self.results.iter().zip(&self.is_settled).filter(|(_, is_settled)| **is_settled) {
            self.unsettled -= 1;
            if result.is_err() {
                self.errors.count(result);
            }
        }
        let (rest, job) = self.job_of_tail(from, tail);
        self.rests.push(rest);
        Some((job, self.outcome_if_settled()))
    }

    fn is_stopped_with_its_map(&self) -> bool {
        self.recall.has_deadline()
    }

    fn is_withdrawn(&self) -> bool {
        self.recall.is_withdrawn()
    }

    #[cfg(feature = "portable")]
    type Argument = A;

    #[cfg(feature = "portable")]
    fn face(&self) -> Option<PortableFace<A, C::Output>> {
        self.callee.face()
    }

    #[cfg(feature = "portable")]
    fn arguments(&self) -> &[A] {
        &self.items
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Chunk, Recall, Work};
    use crate::error::TaskError;
    use crate::task::TaskOptions;
    use crate::work::Shared;

    #[test]
    fn a_chunk_whose_outcome_is_taken_settles_nothing_more() {
        let double = Shared(Arc::new(|n: u32| 2 * n));
        let mut chunk = Chunk::new(double, vec![1, 2], TaskOptions::new(), Arc::new(Recall::new(false)));
        assert!(chunk.settle(1, &mut Some(Ok(4))).is_none());
        let outcome = chunk.settle(0, &mut Some(Ok(2))).unwrap().ok().unwrap();
        assert_eq!(outcome.results.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [2, 4]);
        // Another thread may be here before the outcome is decided.
        let mut late = Some(Err(TaskError::Cancelled));
        assert!(chunk.settle(0, &mut late).is_none() && late.is_some());
        assert!(chunk.split_off(1).is_none());
    }

    #[test]
    fn what_was_given_away_is_not_counted_even_if_it_was_settled() {
        let double = Shared(Arc::new(|n: u32| 2 * n));
        let mut chunk = Chunk::new(double, vec![1, 2, 3, 4], TaskOptions::new(), Arc::new(Recall::new(false)));
        for index in [0, 2, 3] {
            assert!(chunk.settle(index, &mut Some(Err(TaskError::Cancelled))).is_none());
        }
        let (_, outcome) = chunk.split_off(2).unwrap();
        assert!(outcome.is_none(), "the second task is still to come");
        let outcome = chunk.settle(1, &mut Some(Ok(4))).unwrap();
        let tally = Chunk::<Shared<fn(u32) -> u32>, u32, u32>::tally(&outcome);
        assert_eq!((tally.returned, tally.cancelled, tally.failed), (1, 1, 0));
        let results = outcome.ok().unwrap().results;
        assert!(matches!(results[..], [Err(TaskError::Cancelled), Ok(4)]));
    }
}
