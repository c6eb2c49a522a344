use std::thread;

use super::count;
use crate::case::{Case, Stopwatch};
use crate::contender::{Contender, ParallelMap};
use crate::contenders::Ours;
use crate::contestant::{Contestant, Role};
use crate::effort::Effort;
use crate::processes::{OurProcesses, ProcessContender};
use crate::promise::Promise;
use crate::python::{self, EXECUTOR, FREE_THREADS, POOLS, THREADS, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::{CpuItem, CpuWork, Mandelbrot, NUMBERS, SEQUENTIAL, compute, sum};

pub(super) const QUESTION: Question = Question {
    id: "cpu_scaling",
    title: "How much faster is CPU work on all cores, and what does Python's GIL cost?",
    method: "The same items for everybody, whose results are checked: the rows of the Mandelbrot set, which are uneven; the six \
             numbers of the example in Python's documentation, which may be prime; and the SHA-256 of files of 128 KiB, which \
             are read too. Every contestant calls the same function with the same items and hands the sum back, by the recipe \
             that suits data in memory: ours by `map_slice` and, to processes, by `map`. Python computes \
             the same in Python, so beside its rows the language counts as much as the pool: its speed-up is what to look at. \
             Its hashlib is C and releases the GIL, so there its threads do scale. The static split starts its threads within \
             the measured time, and gives each the same number of neighbouring items.",
    measure: Measure::NanosPer("item"),
    axis: Axis { name: "workers", logarithmic: false },
    plot: Plot::Scaling,
    brief: true,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let image = Mandelbrot { size: effort.units(160, 16), limit: 300 };
    let hashes = CpuWork::Sha256 { files: effort.units(96, 4), bytes: effort.units(128 * 1024, 64) };
    let mut works = vec![("Mandelbrot rows", CpuWork::Mandelbrot(image)), ("SHA-256 of files", hashes)];
    if effort != Effort::Brief {
        // Enough for every worker; a round takes Python more than a second.
        let numbers = effort.units(NUMBERS.len() * cores.div_ceil(4), 1);
        works.insert(1, ("primes", CpuWork::Primes(numbers)));
    }
    let workers = workers(cores, effort);
    let of =
        |&(name, work): &_| workers.iter().map(|&workers| scaling(name, work, workers, effort)).collect::<Vec<_>>();
    works.iter().flat_map(of).collect()
}

/// Each number of workers up to eight, then the powers of two, and all cores. A brief run has few of them.
fn workers(cores: usize, effort: Effort) -> Vec<usize> {
    let worth = |&workers: &usize| match effort {
        Effort::Brief => workers == 1 || workers == cores || workers == cores / 2,
        Effort::Trial => workers == 1 || workers == cores,
        Effort::Full => workers <= 8 || workers == cores || workers.is_power_of_two(),
    };
    (1..=cores).filter(worth).collect()
}

fn scaling(name: &str, work: CpuWork, workers: usize, effort: Effort) -> Point {
    let mut contestants = vec![
        contestant("ours, threads", Role::Ours, work, move || {
            let ours = Ours::new(workers);
            move |items| sum(ours.map_slice(items, |item| compute(item.clone())))
        }),
        contestant("ours, processes", Role::Ours, work, move || {
            let ours = OurProcesses::new(workers);
            move |items| sum(ours.pool().map(compute, items.to_vec()).map(|result| result.expect("it returns")))
        }),
    ];
    #[cfg(feature = "peers")]
    contestants.extend(peers(work, workers));
    contestants.push(contestant("static split, std::thread", Role::Peer, work, move || {
        move |items| static_split(items, workers)
    }));
    contestants.extend(pythons(work, workers, effort));
    contestants.push(contestant(SEQUENTIAL, Role::Floor, work, || {
        |items: &[CpuItem]| sum(items.iter().cloned().map(compute))
    }));
    Point::new(format!("{name}, {}", count(workers, "worker")), workers as f64, contestants)
        .group(name)
        .promise(Promise::NoSlower)
}

#[cfg(feature = "peers")]
fn peers(work: CpuWork, workers: usize) -> [Contestant; 2] {
    use crate::contenders::{Rayon, Tokio};
    use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

    let rayon = contestant(Rayon::NAME, Role::Peer, work, move || {
        let rayon = Rayon::new(workers);
        move |items| {
            let total = || items.par_iter().cloned().map(compute).reduce(|| 0, u64::wrapping_add);
            rayon.pool().install(total)
        }
    });
    let tokio = contestant("tokio, spawn_blocking", Role::Peer, work, move || {
        let tokio = Tokio::new(workers);
        move |items| {
            let tickets = items.iter().cloned().map(|item| tokio.spawn(move || compute(item))).collect();
            let mut total = 0_u64;
            tokio.gather(tickets, |result| total = total.wrapping_add(result));
            total
        }
    });
    [rayon, tokio]
}

/// One contestant: `make` makes its pool, and what that gives computes all items.
fn contestant<Run>(name: &str, role: Role, work: CpuWork, make: impl Fn() -> Run + 'static) -> Contestant
where
    Run: FnMut(&[CpuItem]) -> u64 + 'static,
{
    Contestant::new(name, role, move || {
        let (prepared, mut run) = (work.prepare(), make());
        let count = prepared.items.len();
        Case::new(count, prepared.expected, move || {
            let watch = Stopwatch::start();
            let answer = run(&prepared.items);
            (watch.stop(count), answer)
        })
    })
}

/// What somebody writes without any pool.
fn static_split(items: &[CpuItem], workers: usize) -> u64 {
    let share = items.len().div_ceil(workers);
    thread::scope(|scope| {
        let threads: Vec<_> =
            items.chunks(share).map(|some| scope.spawn(move || sum(some.iter().cloned().map(compute)))).collect();
        sum(threads.into_iter().map(|thread| thread.join().expect("it returns")))
    })
}

/// Python's pools on the same work. What they must come to is computed when one of them is made.
fn pythons(work: CpuWork, workers: usize, effort: Effort) -> Vec<Contestant> {
    let pools: &[&str] = match effort {
        Effort::Brief => &[THREADS, EXECUTOR, FREE_THREADS],
        _ => &POOLS,
    };
    let (workload, parameter) = match work {
        CpuWork::Mandelbrot(image) => ("mandelbrot", usize::from(image.limit)),
        CpuWork::Primes(_) => ("primes", 0),
        CpuWork::Sha256 { bytes, .. } => ("sha256", bytes),
    };
    let of = |&pool: &&'static str| {
        let (name, units) = (pool, work.count());
        python::lazy(name, move || {
            let expected = work.prepare().expected;
            Work { name, pool, workload, workers, units, parameter, expected }
        })
    };
    pools.iter().filter_map(of).collect()
}
