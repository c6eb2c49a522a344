use super::PortableFace;
use crate::error::TaskError;
use crate::work::{Callee, Work};

/// Work that is one call of a [`Callee`]: what can cross to another process.
pub(crate) struct CallOnce<C, A> {
    callee: C,
    argument: [A; 1],
}

impl<C, A> CallOnce<C, A> {
    pub(crate) fn new(callee: C, argument: A) -> Self {
        Self { callee, argument: [argument] }
    }
}

impl<C: Callee<A>, A: Send + 'static> Work for CallOnce<C, A> {
    type Output = C::Output;
    type Item = C::Output;

    fn run(self, label: Option<&str>) -> Result<C::Output, TaskError> {
        let [argument] = self.argument;
        self.callee.call(argument, label)
    }

    fn settle(
        &mut self,
        _index: usize,
        item: &mut Option<Result<C::Output, TaskError>>,
    ) -> Option<Result<C::Output, TaskError>> {
        item.take()
    }

    type Argument = A;

    fn face(&self) -> Option<PortableFace<A, C::Output>> {
        self.callee.face()
    }

    fn arguments(&self) -> &[A] {
        &self.argument
    }
}
