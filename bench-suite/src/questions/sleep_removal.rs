use std::time::{Duration, Instant};

use crate::case::Case;
use crate::clock;
use crate::contender::Contender;
use crate::contenders::Ours;
use crate::contestant::{Contestant, Role};
use crate::effort::Effort;
use crate::processes::{OurProcesses, ProcessContender};
use crate::python::{self, EXECUTOR, THREADS, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::sample::Sample;
use crate::workloads::{Ran, in_process, on_thread, shares, spans};

const WORKERS: usize = 2;

pub(super) const QUESTION: Question = Question {
    id: "sleep_removal",
    title: "What happens if you comment out the sleep?",
    method: "The notebook's tasks, 5, 4, 3, 2 and 1, go to 2 workers of a pool that was just made, and each sleeps as many units \
             of time as its number says: 10 ms for five tasks, 200 us for a hundred (which start over with 5). Then the same \
             without the sleep. The figure is the number of tasks that the busiest worker ran, so half of them means that the \
             two share the work, and all of them that one worker did it alone. Begin and end are taken in the workers, by the \
             clock that all processes share, from the first submit on. A pool that starts its workers on demand, and only if \
             none is idle, needs one worker for tasks that end before the next submit; one that has started all of its workers, \
             as CPython's does with processes that it forks, gives the task to whoever is there first.",
    measure: Measure::Count("tasks on the busiest worker"),
    axis: Axis { name: "tasks", logarithmic: false },
    plot: Plot::Timeline,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let many = effort.units(100, 10);
    let settings = [
        (5, "with", Duration::from_millis(10)),
        (5, "without", Duration::ZERO),
        (many, "with", Duration::from_micros(200)),
        (many, "without", Duration::ZERO),
    ];
    settings.map(|(tasks, whether, unit)| sleep(tasks, whether, unit)).into()
}

fn sleep(tasks: usize, whether: &str, unit: Duration) -> Point {
    let mut contestants = vec![threads::<Ours>("ours, threads", tasks, unit), processes(tasks, unit)];
    #[cfg(feature = "peers")]
    contestants.extend([
        threads::<crate::contenders::Rayon>("rayon", tasks, unit),
        threads::<crate::contenders::Tokio>("tokio, spawn_blocking", tasks, unit),
    ]);
    contestants.extend(python::contestants([THREADS, EXECUTOR].map(|pool| Work {
        name: pool,
        pool,
        workload: "sleep",
        workers: WORKERS,
        units: tasks,
        parameter: unit.as_micros() as usize,
        expected: numbers(tasks).sum(),
    })));
    let group = format!("{whether} the sleep");
    Point::new(format!("{tasks} tasks, {group}"), tasks as f64, contestants).group(group)
}

/// 5, 4, 3, 2, 1, and again.
fn numbers(tasks: usize) -> impl Iterator<Item = u64> {
    (0..tasks as u64).map(|task| 5 - task % 5)
}

fn threads<C: Contender>(name: &str, tasks: usize, unit: Duration) -> Contestant {
    contestant(name, C::ROLE, tasks, move || {
        let pool = C::new(WORKERS);
        move || {
            let tickets: Vec<_> = numbers(tasks).map(|number| pool.spawn(move || on_thread(number, unit))).collect();
            let mut ran = Vec::new();
            pool.gather(tickets, |task| ran.push(task));
            ran
        }
    })
}

fn processes(tasks: usize, unit: Duration) -> Contestant {
    contestant("ours, processes", Role::Ours, tasks, move || {
        let pool = OurProcesses::new(WORKERS);
        move || {
            let tickets: Vec<_> = numbers(tasks).map(|number| pool.submit(in_process, (number, unit))).collect();
            tickets.into_iter().map(|ticket| pool.result(ticket)).collect()
        }
    })
}

/// A pool is made for each run, as the notebook does; what `make` gives runs the tasks.
fn contestant<Run>(name: &str, role: Role, tasks: usize, make: impl Fn() -> Run + Copy + 'static) -> Contestant
where
    Run: FnOnce() -> Vec<Ran>,
{
    Contestant::new(name, role, move || {
        Case::new(tasks, numbers(tasks).sum(), move || {
            let run = make();
            let (start, begin) = (Instant::now(), clock::nanos());
            let ran = run();
            let wall = start.elapsed();
            let busiest = shares(&ran).into_values().max().unwrap_or(0);
            let answer = ran.iter().map(|task| task.number).sum();
            (Sample::of(wall, busiest as f64).timeline(spans(&ran, begin)), answer)
        })
    })
}
