use super::count;
use crate::effort::Effort;
use crate::processes::OurProcesses;
#[cfg(feature = "peers")]
use crate::processes::Procspawn;
use crate::processes::workloads::start;
use crate::promise::Promise;
use crate::python::{self, EXECUTOR, LOKY, PEBBLE, POOL, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};

const WORKERS: usize = 2;

pub(super) const QUESTION: Question = Question {
    id: "process_start",
    title: "How long does a pool of processes take from nothing to a result?",
    method: "A pool of 2 is made, asked for one result or for two, and dropped; the drop isn't timed. CPython forks, which is \
             faster than to start a program and wrong as soon as there are threads; loky starts programs for that reason.",
    measure: Measure::NanosPer("start"),
    axis: Axis { name: "results", logarithmic: false },
    plot: Plot::Bars,
    brief: false,
    keeps_memory: false,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let times = effort.units(5, 1);
    let free = [1, 2].map(|results| from_nothing(results, times));
    free.into_iter().chain([1, 2].map(|results| from_nothing(results, times).pinned())).collect()
}

fn from_nothing(results: usize, times: usize) -> Point {
    let mut contestants = vec![
        start::<OurProcesses>(WORKERS, results, times),
        #[cfg(feature = "peers")]
        start::<Procspawn>(WORKERS, results, times),
    ];
    let pools = [(EXECUTOR, times), (POOL, times), (PEBBLE, times), (LOKY, 1)]; // loky takes a second
    contestants.extend(python::contestants(pools.map(|(pool, times)| Work {
        name: pool,
        pool,
        workload: "start",
        workers: WORKERS,
        units: times,
        parameter: results,
        expected: times as u64,
    })));
    Point::new(count(results, "result"), results as f64, contestants).promise(Promise::NoSlowerThan("procspawn"))
}
