use concurrent_futures_process_pool::{Bytes, SharedBytes};

use crate::contestant::Contestant;
use crate::effort::Effort;
use crate::processes::workloads::{Again, Echo, copies};
use crate::processes::{self, OurProcesses, raw_bytes};
use crate::promise::Promise;
use crate::python::{self, EXECUTOR, LOKY, POOL, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const PYTHON: &str = "ProcessPoolExecutor.submit";

pub(super) const QUESTION: Question = Question {
    id: "process_payload",
    title: "How fast does much data cross to another process and back?",
    method: "A payload of bytes that nobody can compress is sent to the only worker and comes back; each page of the result is \
             looked at, so that one that is only mapped counts as read. Where the same payload goes to each task, the result is \
             small. `Vec<u8>` says nothing of being bytes: its elements are written one by one.",
    measure: Measure::NanosPer("echo"),
    axis: Axis { name: "payload, bytes", logarithmic: true },
    plot: Plot::Lines,
    brief: true,
    keeps_memory: false,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let is_brief = effort == Effort::Brief;
    let small = effort.points(&[("16 B", 16, 300), ("1 KiB", KIB, 300), ("16 KiB", 16 * KIB, 200)], &[]);
    let large = [("64 KiB", 64 * KIB, 100), ("1 MiB", MIB, 30)];
    let huge = effort.points(&[("16 MiB", 16 * MIB, 4), ("64 MiB", 64 * MIB, 2)], &[("64 MiB", 64 * MIB, 1)]);
    let echoes = small.into_iter().chain(large).chain(huge).map(|(size, bytes, times)| {
        let point = echo(size, effort.units(bytes, bytes.min(2 * MIB)), effort.units(times, 1), is_brief);
        match size {
            "1 MiB" => point.promise(Promise::FasterThan(PYTHON, 4.0)),
            "64 MiB" => point.promise(Promise::FasterThan(PYTHON, 1.3)).promise(Promise::FasterThan(PYTHON, 2.0)),
            _ => point,
        }
    });
    let tasks = if is_brief { 2 } else { effort.units(4, 2) };
    let again = again("64 MiB", effort.units(64 * MIB, 2 * MIB), tasks);
    echoes.chain([again.promise(Promise::FasterThan(PYTHON, 10.0))]).collect()
}

/// A brief run has no time for the slow ones.
fn echo(size: &str, bytes: usize, times: usize, is_brief: bool) -> Point {
    let mut contestants = processes::contestants(1, &Echo { times, bytes, payload: Bytes::from });
    let mut pools = vec![(PYTHON, EXECUTOR)];
    if !is_brief {
        let plain = Echo { times, bytes, payload: std::convert::identity::<Vec<u8>> };
        contestants.insert(1, processes::contestant::<OurProcesses>(1, &plain).named("ours, Vec<u8>"));
        pools.extend([("Pool.apply", POOL), ("loky, submit", LOKY)]);
    }
    contestants.extend(python(pools, "echo", times, bytes));
    contestants.extend([copies(times, bytes), raw_bytes::echo(times, bytes)]);
    Point::new(format!("echo of {size}"), bytes as f64, contestants).group("echo")
}

fn again(size: &str, bytes: usize, tasks: usize) -> Point {
    let shared = |bytes: Vec<u8>| SharedBytes::new(&bytes).expect("there is room for it");
    let ours = processes::contestant::<OurProcesses>(1, &Again { tasks, bytes, payload: shared });
    let mut contestants = vec![ours.named("ours, SharedBytes")];
    contestants.extend(processes::contestants(1, &Again { tasks, bytes, payload: Bytes::from }));
    contestants.extend(python([(PYTHON, EXECUTOR)], "again", tasks, bytes));
    Point::new(format!("the same {size} to each task"), bytes as f64, contestants).group("the same payload again")
}

fn python(
    pools: impl IntoIterator<Item = (&'static str, &'static str)>,
    workload: &'static str,
    units: usize,
    bytes: usize,
) -> Vec<Contestant> {
    let expected = units as u64;
    python::contestants(pools.into_iter().map(|(name, pool)| Work {
        name,
        pool,
        workload,
        workers: 1,
        units,
        parameter: bytes,
        expected,
    }))
}
