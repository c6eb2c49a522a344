//! Who waits for whom, so that a wait that could never end is refused.
//!
//! An edge stands for an untimed wait (`result`, `get`, `error`, `wait`) that a task or a callback is in; the graph
//! spans all pools of the process. A wait that would close a circle panics in the task that closes it, naming the
//! chain; that task fails, and with it the circle is open again. Looked at only by a task that is about to block, under
//! one lock of the process. Not found: circles through channels, locks, timed waits, `as_completed`, `.await`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::task::TaskId;
use crate::worker;

struct Edge {
    to: TaskId,
    label: Option<String>,
}

// The standard library's lock also under a model checker: no thread ever waits or yields while it is held.
static EDGES: LazyLock<Mutex<HashMap<TaskId, Edge>>> = LazyLock::new(Mutex::default);

/// One edge, taken out of the graph when the wait ends.
#[derive(Debug)]
pub(crate) struct Waiting {
    from: TaskId,
}

/// Records that the calling task or callback waits for `to`. `None` on a thread that runs no task.
///
/// # Panics
///
/// If the wait would close a circle.
#[track_caller]
pub(crate) fn wait_for(to: TaskId) -> Option<Waiting> {
    let (from, label) = worker::waiter()?;
    let mut edges = edges();
    if let Some(chain) = chain_back(&edges, from, label.as_deref(), to) {
        drop(edges);
        panic!("waiting here would never end: {chain}");
    }
    edges.insert(from, Edge { to, label });
    Some(Waiting { from })
}

impl Drop for Waiting {
    fn drop(&mut self) {
        edges().remove(&self.from);
    }
}

fn edges() -> MutexGuard<'static, HashMap<TaskId, Edge>> {
    EDGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The chain from `to` back to `from`, in words, if there is one.
fn chain_back(edges: &HashMap<TaskId, Edge>, from: TaskId, label: Option<&str>, to: TaskId) -> Option<String> {
    let mut chain = name(from, label);
    let mut at = to;
    while at != from {
        let edge = edges.get(&at)?;
        let _ = write!(chain, " waits for {}", name(at, edge.label.as_deref()));
        at = edge.to;
    }
    let _ = write!(chain, " waits for {}", name(from, label));
    Some(chain)
}

fn name(id: TaskId, label: Option<&str>) -> String {
    label.map_or_else(|| format!("task {id}"), |label| format!("task `{label}` ({id})"))
}
