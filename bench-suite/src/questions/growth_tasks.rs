use crate::contenders::{Ours, OursLockFree, contestant};
use crate::effort::Effort;
use crate::floor;
use crate::promise::Promise;
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::results::memory;
use crate::table::grouped;
use crate::workloads::Burst;

const LARGEST: usize = 10_000_000;

/// The largest burst takes 1.2 GiB in each contestant, and all contestants of a point are there at once.
const MEMORY_OF_THE_LARGEST: u64 = 10 << 30;

/// Small bursts are repeated until a run has about as many tasks.
const AT_LEAST: usize = 20_000;

pub(super) const QUESTION: Question = Question {
    id: "growth_tasks",
    title: "Does a task cost the same when there are millions of them?",
    method: "Tasks that do next to nothing are all submitted to 2 workers, then all collected. The floor allocates, queues and \
             drops as much memory on one thread: what bends there is the memory. The burst of ten million is measured only \
             where there are at least 10 GiB, and without tokio, which takes more than 4 GiB for it.",
    measure: Measure::NanosPer("task"),
    axis: Axis { name: "tasks", logarithmic: true },
    plot: Plot::Lines,
    brief: false,
    keeps_memory: true,
    points,
    promises: &[Promise::Power(1.1)],
};

fn points(effort: Effort) -> Vec<Point> {
    let sizes = [1_000, 10_000, 100_000, 1_000_000, LARGEST].map(|tasks| effort.units(tasks, tasks / 1_000));
    let fits = |tasks: &usize| *tasks < LARGEST || memory() >= MEMORY_OF_THE_LARGEST;
    sizes.into_iter().filter(fits).map(|tasks| burst(tasks, effort)).collect()
}

fn burst(tasks: usize, effort: Effort) -> Point {
    const WORKERS: usize = 2;
    let repeats = (effort.units(AT_LEAST, 1) / tasks).max(1);
    let burst = Burst { tasks, submitters: 1, repeats };
    let mut contestants = vec![
        contestant::<Ours>(WORKERS, &burst),
        contestant::<OursLockFree>(WORKERS, &burst),
        #[cfg(feature = "peers")]
        contestant::<crate::contenders::Rayon>(WORKERS, &burst),
    ];
    #[cfg(feature = "peers")]
    if tasks < LARGEST {
        contestants.push(contestant::<crate::contenders::Tokio>(WORKERS, &burst));
    }
    contestants.push(floor::memory(tasks, repeats));
    Point::new(format!("{} tasks", grouped(tasks as f64)), tasks as f64, contestants)
}
