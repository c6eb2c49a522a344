use super::count;
use crate::contenders::{Ours, OursLockFree, contestant};
use crate::effort::Effort;
use crate::floor;
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::Burst;

pub(super) const QUESTION: Question = Question {
    id: "growth_workers",
    title: "Does a task cost the same when there are more workers than cores?",
    method: "A burst of tasks that do next to nothing is submitted by one thread to 1 to 64 workers, then collected. Beyond this \
             machine's cores, workers only get into each other's way, so a flat line is the best there can be.",
    measure: Measure::NanosPer("task"),
    axis: Axis { name: "workers", logarithmic: true },
    plot: Plot::Lines,
    brief: false,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let burst = Burst { tasks: effort.units(50_000, 200), submitters: 1, repeats: 1 };
    [1, 2, 4, 8, 16, 32, 64].map(|workers| point(burst, workers)).into()
}

fn point(burst: Burst, workers: usize) -> Point {
    let contestants = vec![
        contestant::<Ours>(workers, &burst),
        contestant::<OursLockFree>(workers, &burst),
        #[cfg(feature = "peers")]
        contestant::<crate::contenders::Rayon>(workers, &burst),
        #[cfg(feature = "peers")]
        contestant::<crate::contenders::Tokio>(workers, &burst),
        #[cfg(feature = "peers")]
        contestant::<crate::contenders::Threadpool>(workers, &burst),
        floor::memory(burst.tasks, 1),
    ];
    Point::new(count(workers, "worker"), workers as f64, contestants)
}
