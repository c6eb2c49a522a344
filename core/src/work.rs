//! What a task does: run in place, or cross as bytes and come back as bytes.
//!
//! [`Work`] is what a [`Task`](crate::shared::Task) holds until it runs. [`Callee`] is the function in it; one that can
//! cross to another process shows a [`PortableFace`].

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Abandoned, Failed, TaskError, TaskFailure};
use crate::job::{Job, Tally};
#[cfg(feature = "portable")]
use crate::portable::PortableFace;
use crate::task::TaskId;

/// What a task does.
pub(crate) trait Work: Send + Sized + 'static {
    /// What the future gives.
    type Output: Send + 'static;
    /// What one of its tasks gives; the same as `Output` except for a chunk.
    type Item: Send + 'static;

    /// How many tasks this is: 1, or the length of a chunk.
    fn len(&self) -> usize {
        1
    }

    /// Whether this may be more than one task.
    const IS_CHUNK: bool = false;

    /// What an outcome counts for.
    fn tally(outcome: &Result<Self::Output, TaskError>) -> Tally {
        Tally::of(outcome)
    }

    /// The id of the first task.
    fn first_id(&self) -> TaskId {
        TaskId::next()
    }

    /// Does it here and now. May panic, for a chunk only between items.
    fn run(self, label: Option<&str>) -> Result<Self::Output, TaskError>;

    /// One of its tasks, which ran elsewhere, has an outcome. Gives the outcome of the whole once all have one. Takes
    /// the item out if it is wanted; what is left there the caller drops, who can give up his lock before.
    fn settle(
        &mut self,
        index: usize,
        item: &mut Option<Result<Self::Item, TaskError>>,
    ) -> Option<Result<Self::Output, TaskError>>;

    /// How many of its tasks have settled, and are counted.
    fn settled(&self) -> usize {
        0
    }

    /// Some of its tasks kept a worker elsewhere busy for so long.
    fn note_took(&mut self, took: Duration) {
        let _ = took;
    }

    /// Takes back the tasks from `from` on as a job of their own. Gives the outcome too if none but those was missing.
    #[expect(clippy::type_complexity, reason = "the job, and the outcome that settle would have given")]
    fn split_off(&mut self, from: usize) -> Option<(Job, Option<Result<Self::Output, TaskError>>)> {
        let _ = from;
        None
    }

    /// Whether it is stopped at a time that its executor doesn't know: it is part of a map that has a deadline.
    fn is_stopped_with_its_map(&self) -> bool {
        false
    }

    /// Whether nobody wants those of its tasks that have not begun.
    fn is_withdrawn(&self) -> bool {
        false
    }

    /// How the work crosses, if it can.
    #[cfg(feature = "portable")]
    fn face(&self) -> Option<PortableFace<Self::Argument, Self::Item>>;

    /// What each task takes; `()` where nothing crosses.
    #[cfg(feature = "portable")]
    type Argument;

    /// The arguments, in the order of the tasks.
    #[cfg(feature = "portable")]
    fn arguments(&self) -> &[Self::Argument];
}

/// A function that several tasks call: a closure, or a plain function that can cross.
pub(crate) trait Callee<A>: Clone + Send + 'static {
    type Output: Send + 'static;

    fn call(&self, argument: A, label: Option<&str>) -> Result<Self::Output, TaskError>;

    #[cfg(feature = "portable")]
    fn face(&self) -> Option<PortableFace<A, Self::Output>> {
        None
    }
}

/// Turns what a fallible task returned into an outcome.
pub(crate) fn flatten<R, E: TaskFailure>(returned: Result<R, E>, label: Option<&str>) -> Result<R, TaskError> {
    returned.map_err(|error| Failed::new(error, label).into())
}

/// The work of a promise: somebody else does it.
pub(crate) struct Elsewhere<T>(std::marker::PhantomData<fn() -> T>);

impl<T> Elsewhere<T> {
    pub(crate) fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

/// Work that is one call of a closure.
pub(crate) struct Once<F>(pub(crate) F);

/// As [`Once`], of a closure that returns a `Result`.
pub(crate) struct OnceFallible<F>(pub(crate) F);

macro_rules! in_process_work {
    () => {
        type Item = Self::Output;

        fn settle(
            &mut self,
            _index: usize,
            item: &mut Option<Result<Self::Item, TaskError>>,
        ) -> Option<Result<Self::Output, TaskError>> {
            item.take()
        }

        #[cfg(feature = "portable")]
        type Argument = ();

        #[cfg(feature = "portable")]
        fn face(&self) -> Option<PortableFace<(), Self::Item>> {
            None
        }

        #[cfg(feature = "portable")]
        fn arguments(&self) -> &[()] {
            &[]
        }
    };
}

impl<T: Send + 'static> Work for Elsewhere<T> {
    type Output = T;
    in_process_work!();

    fn run(self, _label: Option<&str>) -> Result<T, TaskError> {
        Err(Abandoned::new("a promise has no function to run").into())
    }
}

impl<F, R> Work for Once<F>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    type Output = R;
    in_process_work!();

    fn run(self, _label: Option<&str>) -> Result<R, TaskError> {
        Ok((self.0)())
    }
}

impl<F, R, E> Work for OnceFallible<F>
where
    F: FnOnce() -> Result<R, E> + Send + 'static,
    R: Send + 'static,
    E: TaskFailure,
{
    type Output = R;
    in_process_work!();

    fn run(self, label: Option<&str>) -> Result<R, TaskError> {
        flatten((self.0)(), label)
    }
}

/// A closure that many calls share.
pub(crate) struct Shared<F>(pub(crate) Arc<F>);

/// As [`Shared`], of a closure that returns a `Result`.
pub(crate) struct SharedFallible<F>(pub(crate) Arc<F>);

impl<F> Clone for Shared<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F> Clone for SharedFallible<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A, R, F> Callee<A> for Shared<F>
where
    F: Fn(A) -> R + Send + Sync + 'static,
    R: Send + 'static,
{
    type Output = R;

    fn call(&self, argument: A, _label: Option<&str>) -> Result<R, TaskError> {
        Ok((self.0)(argument))
    }
}

impl<A, R, E, F> Callee<A> for SharedFallible<F>
where
    F: Fn(A) -> Result<R, E> + Send + Sync + 'static,
    R: Send + 'static,
    E: TaskFailure,
{
    type Output = R;

    fn call(&self, argument: A, label: Option<&str>) -> Result<R, TaskError> {
        flatten((self.0)(argument), label)
    }
}
