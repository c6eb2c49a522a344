use concurrent_futures_process_pool::{Bytes, SharedBytes};

use crate::contestant::Contestant;
use crate::effort::Effort;
use crate::processes::workloads::{Again, Echo};
use crate::processes::{self, OurProcesses};
use crate::promise::Promise;
use crate::python::{self, EXECUTOR, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};

const MIB: usize = 1024 * 1024;
const PYTHON: &str = "ProcessPoolExecutor.submit";

pub(super) const QUESTION: Question = Question {
    id: "process_payload",
    title: "How fast does much data cross to another process and back?",
    method: "A payload of bytes that nobody can compress is sent to the only worker and comes back; each page of the result is \
             looked at, so that one that is only mapped counts as read. Where the same payload goes to each task, the result is \
             small.",
    measure: Measure::NanosPer("echo"),
    axis: Axis { name: "payload, bytes", logarithmic: true },
    plot: Plot::Lines,
    brief: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let large = effort.units(64 * MIB, 2 * MIB);
    vec![
        echo("64 KiB", MIB / 16, effort.units(100, 2)),
        echo("1 MiB", MIB, effort.units(30, 2)).promise(Promise::FasterThan(PYTHON, 4.0)),
        echo("64 MiB", large, effort.units(2, 1))
            .promise(Promise::FasterThan(PYTHON, 1.3))
            .promise(Promise::FasterThan(PYTHON, 2.0)),
        again("64 MiB", large, effort.units(4, 2)).promise(Promise::FasterThan(PYTHON, 10.0)),
    ]
}

fn echo(size: &str, bytes: usize, times: usize) -> Point {
    let echo = Echo { times, payload: noise(bytes).into() };
    let mut contestants = processes::contestants(1, &echo);
    contestants.extend(python("echo", times, bytes, times as u64));
    contestants.push(echo.copies());
    Point::new(format!("echo of {size}"), bytes as f64, contestants).group("echo")
}

fn again(size: &str, bytes: usize, tasks: usize) -> Point {
    let noise = noise(bytes);
    let shared = SharedBytes::new(&noise).expect("there is room for it");
    let ours = processes::contestant::<OurProcesses>(1, &Again { tasks, payload: shared });
    let mut contestants = vec![ours.named("ours, SharedBytes")];
    contestants.extend(processes::contestants(1, &Again { tasks, payload: Bytes::from(noise) }));
    contestants.extend(python("again", tasks, bytes, tasks as u64));
    Point::new(format!("the same {size} to each task"), bytes as f64, contestants).group("the same payload again")
}

fn python(workload: &'static str, units: usize, bytes: usize, expected: u64) -> Vec<Contestant> {
    python::contestants([Work {
        name: PYTHON,
        pool: EXECUTOR,
        workload,
        workers: 1,
        units,
        parameter: bytes,
        expected,
    }])
}

/// Bytes that nobody can compress.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..bytes).map(|_| next()).collect()
}
