use std::collections::VecDeque;
use std::fs;
use std::time::Instant;

use crate::case::Case;
use crate::contender::Contender;
use crate::contenders::{Workload, contestants};
use crate::contestant::{Contestant, Role};
use crate::effort::Effort;
use crate::processes::workloads::tiny;
use crate::processes::{self, OurProcesses, ProcessContender, WithProcesses};
use crate::python::{self, EXECUTOR, THREADS, Work};
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::sample::Sample;
use crate::workloads::{Gate, ProcessGate, wait_at};

pub(super) const QUESTION: Question = Question {
    id: "pending_memory",
    title: "How much memory does a task take that waits?",
    method: "The only worker waits at a gate, and tasks that capture one number are submitted, whose futures are kept. The figure \
             is by how much the resident memory of the process grew, per task: its future, its place in the queue and what the \
             allocator adds. Each round adds to the tasks of the rounds before, so that no memory is used a second time. \
             procspawn has no row, since it can't bear so many tasks. The floor is a boxed closure in a queue, which has no \
             future.",
    measure: Measure::BytesPer("pending task"),
    axis: Axis { name: "", logarithmic: false },
    plot: Plot::Bars,
    brief: false,
    keeps_memory: true,
    points,
    promises: &[],
};

/// So many more tasks that wait, in each round.
#[derive(Debug, Clone, Copy)]
struct Pending(usize);

fn points(effort: Effort) -> Vec<Point> {
    let pending = Pending(effort.units(100_000, 5_000));
    let mut threads = contestants(1, &pending);
    threads.extend(pending.python(THREADS));
    threads.push(pending.floor());
    let mut processes = vec![processes::contestant::<OurProcesses>(1, &pending)];
    processes.extend(pending.python(EXECUTOR));
    processes.push(pending.floor());
    vec![Point::new("threads", 0.0, threads), Point::new("processes", 0.0, processes)]
}

impl Workload for Pending {
    fn case<C: Contender>(&self, contender: C) -> Case {
        let gate = Gate::default();
        let keeper = contender.spawn(gate.keeper());
        let mut kept = Kept { gate, _keeper: keeper, tickets: Vec::new(), contender };
        self.grow(move |numbers| {
            // All of it moves in here, the gate too.
            let kept = &mut kept;
            let tickets = numbers.map(|number| kept.contender.spawn(move || tiny(number)));
            kept.tickets.extend(tickets);
        })
    }
}

impl WithProcesses for Pending {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        let gate = ProcessGate::new();
        let keeper = contender.submit(wait_at, gate.path());
        let mut kept = Kept { gate, _keeper: keeper, tickets: Vec::new(), contender };
        self.grow(move |numbers| {
            // All of it moves in here, the gate too.
            let kept = &mut kept;
            let tickets = numbers.map(|number| kept.contender.submit(tiny, number));
            kept.tickets.extend(tickets);
        })
    }
}

/// In the order in which they are dropped: the gate opens, the pool comes last.
struct Kept<Gate, Keeper, Ticket, Pool> {
    #[expect(dead_code, reason = "its drop opens it")]
    gate: Gate,
    _keeper: Keeper,
    tickets: Vec<Ticket>,
    contender: Pool,
}

impl Pending {
    fn grow(self, mut more: impl FnMut(std::ops::Range<u64>) + 'static) -> Case {
        let tasks = self.0;
        let mut so_far = 0;
        Case::new(tasks, tasks as u64, move || {
            let (start, before) = (Instant::now(), resident());
            more(so_far..so_far + tasks as u64);
            so_far += tasks as u64;
            let grown = resident().saturating_sub(before);
            (Sample::of(start.elapsed(), grown as f64 / tasks as f64), tasks as u64)
        })
    }

    /// The least that can wait: a closure, without a future for its result.
    fn floor(self) -> Contestant {
        Contestant::new("floor: a boxed closure in a queue", Role::Floor, move || {
            let mut queue: VecDeque<Box<dyn FnOnce() -> u64>> = VecDeque::new();
            self.grow(move |numbers| {
                queue.extend(numbers.map(|number| Box::new(move || tiny(number)) as Box<dyn FnOnce() -> u64>));
            })
        })
    }

    fn python(self, pool: &'static str) -> Vec<Contestant> {
        let (units, expected) = (self.0, self.0 as u64);
        python::contestants([Work { name: pool, pool, workload: "pending", workers: 1, units, parameter: 0, expected }])
    }
}

/// Bytes of memory that this process has in use.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").expect("Linux tells a process its memory");
    let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("the second number of statm is the resident memory") * rustix::param::page_size() as u64
}
