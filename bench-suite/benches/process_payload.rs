//! How fast much data crosses to another process and back.

use concurrent_futures_bench_suite::processes::pinned::{measure_pinned_too, title};
use concurrent_futures_bench_suite::processes::python::{self, EXECUTOR, Work};
use concurrent_futures_bench_suite::processes::workloads::{Again, Echo};
use concurrent_futures_bench_suite::processes::{self, OurProcesses, ProcessContender, WithProcesses};
use concurrent_futures_bench_suite::{Case, Comparison, Promise};
use concurrent_futures_process_pool::{Bytes, SharedBytes};

const MIB: usize = 1024 * 1024;
const PYTHON: &str = "ProcessPoolExecutor.submit";

fn main() {
    processes::begin();
    measure_pinned_too(|session| {
        let large = session.units(64 * MIB, 2 * MIB);
        vec![
            echo("64 KiB", MIB / 16, session.units(100, 2)),
            echo("1 MiB", MIB, session.units(30, 2)).promise(Promise::FasterThan(PYTHON, 4.0)),
            echo("64 MiB", large, session.units(2, 1))
                .promise(Promise::FasterThan(PYTHON, 1.3))
                .promise(Promise::FasterThan(PYTHON, 2.0)),
            again("64 MiB", large, session.units(4, 2)).promise(Promise::FasterThan(PYTHON, 10.0)),
        ]
    });
}

fn echo(size: &str, bytes: usize, times: usize) -> Comparison {
    Comparison::new(title(&format!("echo of {size}, 1 worker")), "echo", move || {
        let echo = Echo { times, payload: noise(bytes).into() };
        let mut cases = processes::cases(1, &echo);
        cases.extend(python("echo", times, bytes, times as u64));
        cases.push(echo.copies());
        cases
    })
}

fn again(size: &str, bytes: usize, tasks: usize) -> Comparison {
    Comparison::new(title(&format!("the same {size} to each task, 1 worker")), "task", move || {
        let noise = noise(bytes);
        let shared = SharedBytes::new(&noise).expect("there is room for it");
        let mut cases = vec![Again { tasks, payload: shared, kind: ", SharedBytes" }.case(OurProcesses::new(1))];
        cases.extend(processes::cases(1, &Again { tasks, payload: Bytes::from(noise), kind: ", Bytes" }));
        cases.extend(python("again", tasks, bytes, tasks as u64));
        cases
    })
}

fn python(workload: &'static str, units: usize, bytes: usize, expected: u64) -> Vec<Case> {
    python::cases([Work { name: PYTHON, pool: EXECUTOR, workload, workers: 1, units, parameter: bytes, expected }])
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
