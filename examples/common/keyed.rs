use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use concurrent_futures::{Executor, MapOptions, Portable, TaskError, TaskFailure};

/// A `map` that gives each result back beside the key of its input, so that a failure can be told by name. The keys stay
/// here; only the arguments travel.
///
/// It leans on two promises of `map`: the input is pulled on the consumer's thread, and the results come in its order.
pub(crate) fn keyed<'ex, K: 'ex, A: Portable, R: Portable, E: TaskFailure>(
    executor: &'ex dyn Executor,
    options: MapOptions,
    function: fn(A) -> Result<R, E>,
    items: impl Iterator<Item = (K, A)> + 'ex,
) -> impl Iterator<Item = (K, Result<R, TaskError>)> + 'ex {
    let keys = Rc::new(RefCell::new(VecDeque::new()));
    let pulled = keys.clone();
    let arguments = items.map(move |(key, argument)| {
        pulled.borrow_mut().push_back(key);
        argument
    });
    let results = executor.map_fallible_with(options, function, arguments);
    results.map(move |result| (keys.borrow_mut().pop_front().expect("a result has an input"), result))
}
