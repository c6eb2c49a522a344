//! Why a peer is faster, question by question, where that is understood: beside the rows that are lost.

use super::summary::Summary;
use super::wording;

/// `(question, why)` for the questions with a loss that has an explanation.
pub(crate) fn of(summary: &Summary<'_>) -> Vec<(String, &'static str)> {
    let questions = summary.worst_losses().into_iter().map(|(loss, ..)| loss.answer.id.as_str());
    questions.filter_map(|id| Some((wording::named(id), why(id)?))).collect()
}

fn why(id: &str) -> Option<&'static str> {
    Some(match id {
        "submit_cost" => {
            "A submit allocates one task that is also its future: state, waiters, callbacks and the place of the result. \
             Pools that give back nothing allocate less, and their caller adds a channel for the result, which isn't timed \
             here. To an idle worker our submit wakes it by itself; rayon and rusty_pool keep workers awake for a while after \
             a task, which costs them more CPU time per task, as the same table shows."
        }
        "growth_workers" => {
            "With more workers than cores they take turns: ours wakes one that sleeps for each task that nobody is looking for, \
             and many that are awake at once dispute the queue's lock. Nobody needs more workers than cores for tasks that only \
             compute."
        }
        "thread_throughput" | "growth_tasks" => {
            "A future's outcome is decided under its own lock, then callbacks run, then waiters are woken: three steps, of \
             which a pool with a bare channel has one. With as many submitters as cores, who gets a core decides more than \
             the pool does."
        }
        "thread_map" | "thread_map_chunks" => {
            "`map` hands each result over in order, may pull an endless input and keeps an error for each item; rayon fills a \
             vector in place. Our counterpart of that is `map_slice`."
        }
        "cpu_scaling" => "Within a few per cent: which worker a core is given to, and chunks that fit the work.",
        "worker_reuse" => {
            "rayon doesn't wait for the end of its threads when it is dropped; ours does, like Python's `with`. A process of \
             ours sets up its page and two more threads before its first task."
        }
        "process_map" | "process_map_chunks" => {
            "procspawn has no map: its caller sends whole vectors, of which all items fail together. Ours marks the begin of \
             each item in shared memory and keeps a result or an error for each, so that one that kills its worker fails alone."
        }
        "process_start" | "process_recovery" => {
            "CPython forks, which copies a running interpreter and is unsafe beside threads. A worker of ours starts the \
             program anew, and sets up a page, a control socket and a thread that watches for the parent's death, before its \
             first task: procspawn's, which has none of them, is ready earlier."
        }
        "thread_open_loop" | "process_open_loop" => {
            "A worker that finds nothing sleeps after 5 us, and the next task wakes it; peers that keep theirs awake for longer \
             answer sooner at such gaps, and use the core meanwhile. Where the load is a part of each pool's own capacity, a pool \
             that can do more gets more tasks."
        }
        "keep_alive" => "The start of a thread of ours counts it, names it and runs its initializer before the task.",
        "pending_memory" => {
            "One allocation holds the closure, the state and the place of the result; peers without futures need less."
        }
        "idle" => {
            "Nobody wakes up by a clock, except where memory or deadlines are watched; what is left is noise of the machine."
        }
        _ => return None,
    })
}
