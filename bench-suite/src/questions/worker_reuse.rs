use super::count;
use crate::case::{Case, Stopwatch};
use crate::contender::Contender;
use crate::contenders::{Ours, ThreadEach};
use crate::contestant::Contestant;
use crate::effort::Effort;
use crate::floor;
use crate::processes::{OurProcesses, ProcessContender};
use crate::promise::Promise;
use crate::python::{self, EXECUTOR, THREADS, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::table::grouped;

const WORKERS: usize = 2;

pub(super) const QUESTION: Question = Question {
    id: "worker_reuse",
    title: "After how many tasks does a pool pay, beside a fresh worker for each task?",
    method: "n tasks that do next to nothing run one after the other, each waited for: either on a pool of at most 2 workers \
             that is made before the first and dropped after the last, both of which are timed, or each on a fresh thread or in \
             a fresh process of its own. The figure is the time per task, so a pool's line falls with n and the other stays. \
             rayon doesn't wait for its threads when it is dropped; the others do. The floor of a fresh process is `true`, \
             which does nothing and is much smaller than this program.",
    measure: Measure::NanosPer("task"),
    axis: Axis { name: "tasks", logarithmic: true },
    plot: Plot::Lines,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let threads = [1, 10, 100, 1_000].map(|tasks| threads(tasks, effort.units(200, 1)));
    let counts = effort.points(&[1, 10, 100, 1_000], &[1, 10, 100]);
    let processes = (1..).zip(counts).map(|(few, tasks)| processes(effort.units(tasks, few)));
    threads.into_iter().chain(processes).collect()
}

fn threads(tasks: usize, at_least: usize) -> Point {
    let repeats = (at_least / tasks).max(1);
    let mut contestants = vec![life::<Ours>("ours, made and dropped", tasks, repeats)];
    contestants.push(life::<ThreadEach>(ThreadEach::NAME, tasks, repeats));
    #[cfg(feature = "peers")]
    contestants.extend([
        life::<crate::contenders::Rayon>("rayon, made and dropped", tasks, repeats),
        life::<crate::contenders::Tokio>("tokio, made and dropped", tasks, repeats),
        life::<crate::contenders::Threadpool>("threadpool, made and dropped", tasks, repeats),
    ]);
    contestants.extend(pythons(THREADS, tasks));
    let point = Point::new(format!("threads, {}", count(tasks, "task")), tasks as f64, contestants).group("threads");
    if tasks == 1 { point } else { point.promise(Promise::FasterThan(ThreadEach::NAME, 1.0)) }
}

fn processes(tasks: usize) -> Point {
    let mut contestants = vec![process_life::<OurProcesses>("ours, made and dropped", tasks)];
    #[cfg(feature = "peers")]
    contestants.extend([
        process_life::<crate::processes::Procspawn>("procspawn, made and dropped", tasks),
        fresh_processes("a fresh process each, procspawn", tasks),
    ]);
    contestants.extend(pythons(EXECUTOR, tasks));
    contestants.push(floor::process_start(tasks));
    let label = format!("processes, {}", grouped(tasks as f64));
    Point::new(format!("{label} task{}", if tasks == 1 { "" } else { "s" }), tasks as f64, contestants)
        .group("processes")
}

fn life<C: Contender>(name: &str, tasks: usize, repeats: usize) -> Contestant {
    Contestant::new(name, C::ROLE, move || {
        Case::new(tasks * repeats, expected(tasks, repeats), move || {
            let watch = Stopwatch::start();
            let mut sum = 0;
            for _ in 0..repeats {
                let pool = C::new(WORKERS);
                sum += (0..tasks as u64).map(|number| pool.result(pool.spawn(move || tiny(number)))).sum::<u64>();
            }
            (watch.stop(tasks * repeats), sum)
        })
    })
}

fn process_life<C: ProcessContender>(name: &str, tasks: usize) -> Contestant {
    Contestant::new(name, C::ROLE, move || {
        Case::new(tasks, expected(tasks, 1), move || {
            let watch = Stopwatch::start();
            let pool = C::new(WORKERS);
            let sum = (0..tasks as u64).map(|number| pool.call(tiny, number)).sum();
            drop(pool);
            (watch.stop(tasks), sum)
        })
    })
}

#[cfg(feature = "peers")]
fn fresh_processes(name: &str, tasks: usize) -> Contestant {
    Contestant::new(name, crate::Role::Peer, move || {
        Case::new(tasks, expected(tasks, 1), move || {
            let watch = Stopwatch::start();
            let call = |number| procspawn::spawn(number, tiny).join().expect("it returns");
            let sum = (0..tasks as u64).map(call).sum();
            (watch.stop(tasks), sum)
        })
    })
}

fn pythons(pool: &'static str, tasks: usize) -> Vec<Contestant> {
    let expected = expected(tasks, 1);
    let name = if pool == THREADS {
        "ThreadPoolExecutor, made and shut down"
    } else {
        "ProcessPoolExecutor, made and shut down"
    };
    python::contestants([Work { name, pool, workload: "life", workers: WORKERS, units: tasks, parameter: 0, expected }])
}

fn tiny(number: u64) -> u64 {
    number ^ 1
}

fn expected(tasks: usize, repeats: usize) -> u64 {
    (0..tasks as u64).map(tiny).sum::<u64>() * repeats as u64
}
