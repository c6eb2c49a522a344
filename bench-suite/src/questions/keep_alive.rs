use std::thread;
use std::time::Duration;

use concurrent_futures_process_pool::ProcessPool;
use concurrent_futures_thread_pool::ThreadPool;

use crate::case::Case;
use crate::contestant::{Contestant, Role};
use crate::effort::Effort;
use crate::processes::workloads::{time, timed_each, tiny};
use crate::question::{Axis, Measure, Plot, Point, Question};

/// How long a worker without work stays.
const KEEP_ALIVE: Duration = Duration::from_millis(5);

pub(super) const QUESTION: Question = Question {
    id: "keep_alive",
    title: "What does a task cost whose worker has gone for lack of work?",
    method: "The workers of a pool stay 5 ms without work (`keep_alive`; `idle_timeout` of processes; tokio's \
             `thread_keep_alive`). The caller waits for 1 ms or for 15 ms, then submits a task and waits for it; the figure is \
             the median of these round trips. After 15 ms there is no worker any more, and the task pays for the start of one.",
    measure: Measure::NanosPer("trip"),
    axis: Axis { name: "pause, ms", logarithmic: true },
    plot: Plot::Bars,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let times = effort.units(5, 1);
    [1, 15].map(|millis| after_a_pause(Duration::from_millis(millis), times)).into()
}

fn after_a_pause(pause: Duration, times: usize) -> Point {
    let contestants = vec![
        contestant("ours, threads", Role::Ours, pause, times, || {
            let pool = ThreadPool::builder().max_workers(1).keep_alive(KEEP_ALIVE).build().expect("it can be made");
            move |number| pool.submit(tiny, number).result().expect("it returns")
        }),
        contestant("ours, processes", Role::Ours, pause, times, || {
            let pool =
                ProcessPool::builder().max_workers(1).idle_timeout(KEEP_ALIVE).build().expect("`begin` was called");
            move |number| pool.submit(tiny, number).result().expect("it returns")
        }),
        #[cfg(feature = "peers")]
        contestant("tokio, spawn_blocking", Role::Peer, pause, times, || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(1).max_blocking_threads(1).thread_keep_alive(KEEP_ALIVE).build();
            let runtime = runtime.expect("it can be made");
            move |number| runtime.block_on(runtime.spawn_blocking(move || tiny(number))).expect("it returns")
        }),
    ];
    let beyond = if pause > KEEP_ALIVE { "its worker has gone" } else { "its worker is idle" };
    Point::new(
        format!("{} ms after the last task: {beyond}", pause.as_millis()),
        pause.as_secs_f64() * 1e3,
        contestants,
    )
}

#[expect(clippy::disallowed_methods, reason = "the pause is a time, in which the workers go or stay")]
fn contestant<Call>(
    name: &str,
    role: Role,
    pause: Duration,
    times: usize,
    make: impl Fn() -> Call + 'static,
) -> Contestant
where
    Call: Fn(u64) -> u64 + 'static,
{
    Contestant::new(name, role, move || -> Case {
        let call = make();
        timed_each(times, move || {
            thread::sleep(pause);
            time(|| assert_eq!(call(6), 7))
        })
    })
}
