use std::sync::Arc;
#[cfg(feature = "stream")]
use std::task::{Context, Poll};

use super::{Chunk, ChunkOutcome, MapOptions, Recall};
use crate::executor::Executor;
use crate::future::Future;
use crate::job::Job;
use crate::work::Callee;

/// Makes a job of a chunk and hands it to the executor.
pub(super) trait Submitter<A, R: Send + 'static> {
    fn submit(&mut self, chunk: Vec<A>) -> Future<ChunkOutcome<R>>;
    fn capacity(&self) -> Option<usize>;
    #[cfg(feature = "stream")]
    fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>>;
}

pub(super) struct ToExecutor<'ex, E: ?Sized, C> {
    pub(super) executor: &'ex E,
    pub(super) callee: C,
    pub(super) options: MapOptions,
    pub(super) recall: Arc<Recall>,
}

impl<A, C, E> Submitter<A, C::Output> for ToExecutor<'_, E, C>
where
    A: Send + 'static,
    C: Callee<A>,
    E: Executor + ?Sized,
{
    fn submit(&mut self, items: Vec<A>) -> Future<ChunkOutcome<C::Output>> {
        let options = self.options.task_options();
        let chunk = Chunk::new(self.callee.clone(), items, options.clone(), self.recall.clone());
        let (future, job) = Job::of(chunk, Some(options));
        self.executor.execute(job);
        future
    }

    fn capacity(&self) -> Option<usize> {
        self.executor.capacity()
    }

    #[cfg(feature = "stream")]
    fn poll_capacity(&self, context: &Context<'_>) -> Poll<Option<usize>> {
        self.executor.poll_capacity(context)
    }
}
