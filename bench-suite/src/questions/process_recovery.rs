use crate::effort::Effort;
use crate::processes::OurProcesses;
#[cfg(feature = "peers")]
use crate::processes::Procspawn;
use crate::processes::workloads::crash;
use crate::python::{self, EXECUTOR, LOKY, PEBBLE, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};

pub(super) const QUESTION: Question = Question {
    id: "process_recovery",
    title: "How long from the death of a worker to the next result?",
    method: "The only worker is killed while it is idle; then a task is submitted until a result comes. Ours loses no task; \
             where others lose one, it is submitted again, and Python's pools, which are broken then, are made anew. \
             `multiprocessing.Pool` has no row: whoever kills its idle worker kills it while it holds the lock of the queue, \
             and nobody gets a task any more.",
    measure: Measure::NanosPer("crash"),
    axis: Axis { name: "", logarithmic: false },
    plot: Plot::Bars,
    brief: false,
    keeps_memory: false,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let times = effort.units(5, 1);
    vec![recovery(times), recovery(times).pinned()]
}

fn recovery(times: usize) -> Point {
    let mut contestants = vec![
        crash::<OurProcesses>(times, false),
        #[cfg(feature = "peers")]
        crash::<Procspawn>(times, true),
    ];
    let pools = [
        ("ProcessPoolExecutor, made anew", EXECUTOR, times),
        ("pebble.ProcessPool, made anew", PEBBLE, times),
        ("loky, got anew", LOKY, 1), // it takes a second
    ];
    contestants.extend(python::contestants(pools.map(|(name, pool, times)| Work {
        name,
        pool,
        workload: "crash",
        workers: 1,
        units: times,
        parameter: 0,
        expected: times as u64,
    })));
    Point::new("kill to next result", 0.0, contestants)
}
