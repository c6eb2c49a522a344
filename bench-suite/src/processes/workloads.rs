//! What the pools of processes are asked to do.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use concurrent_futures_core::Portable;
use rustix::process::{Pid, Signal, kill_process};

use super::contender::{ProcessContender, WithProcesses};
use crate::case::{Case, Stopwatch};
use crate::contestant::{Contestant, Role};
use crate::sample::Sample;
use crate::workloads::{OpenTrips, RoundTrip};

/// Returns its argument.
pub fn identity<A>(value: A) -> A {
    value
}

/// A task that does next to nothing.
#[must_use]
pub fn tiny(number: u64) -> u64 {
    number ^ 1
}

impl WithProcesses for RoundTrip {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        let mut number = 0_u64;
        self.of(move || {
            number += 1;
            assert_eq!(contender.call(identity, number), number, "{} returns another task's result", C::NAME);
        })
    }
}

impl WithProcesses for OpenTrips {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        let pool = Arc::new(contender);
        let submit = {
            let pool = pool.clone();
            move |number| (number, pool.submit(tiny as fn(u64) -> u64, number))
        };
        self.of(C::LIMIT, submit, move |(number, ticket)| {
            assert_eq!(pool.result(ticket), tiny(number), "{} returns another task's result", C::NAME);
        })
    }
}

/// Tiny tasks, one submit each, all under way at once as far as the pool can bear it. With several submitters each has its
/// share.
#[derive(Debug, Clone, Copy)]
pub struct OneByOne {
    /// How many tasks in all.
    pub tasks: usize,
    /// How many threads submit and collect.
    pub submitters: usize,
}

impl OneByOne {
    /// The sum of all results.
    #[must_use]
    pub fn expected(self) -> u64 {
        (0..self.tasks as u64).map(tiny).sum()
    }
}

impl WithProcesses for OneByOne {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        let Self { tasks, submitters } = *self;
        assert!(tasks.is_multiple_of(submitters), "each submitter has the same share");
        let (share, limit) = (tasks / submitters, C::LIMIT / submitters);
        let submit_and_collect = move |contender: &C, submitter: usize| {
            sum(contender, limit, tiny, (submitter * share..(submitter + 1) * share).map(|number| number as u64))
        };
        Case::new(tasks, self.expected(), move || {
            if submitters == 1 {
                let watch = Stopwatch::start();
                let answer = submit_and_collect(&contender, 0);
                return (watch.stop(tasks), answer);
            }
            from_threads(submitters, |submitter| submit_and_collect(&contender, submitter), tasks)
        })
    }
}

/// The submitters are started before the watch and joined after it.
fn from_threads(submitters: usize, work: impl Fn(usize) -> u64 + Sync, tasks: usize) -> (Sample, u64) {
    let (gate, work) = (Barrier::new(submitters + 1), &work);
    let gate = &gate;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..submitters)
            .map(|submitter| {
                scope.spawn(move || {
                    gate.wait();
                    let answer = work(submitter);
                    gate.wait();
                    answer
                })
            })
            .collect();
        gate.wait();
        let watch = Stopwatch::start();
        gate.wait();
        let sample = watch.stop(tasks);
        (sample, threads.into_iter().map(|thread| thread.join().expect("a submitter returns")).sum())
    })
}

/// Calls a function with each argument, at most `limit` of them under way at once, and sums up the results.
fn sum<C: ProcessContender, A: Portable>(
    contender: &C,
    limit: usize,
    function: fn(A) -> u64,
    arguments: impl ExactSizeIterator<Item = A>,
) -> u64 {
    let mut sum = 0;
    let mut tickets = VecDeque::with_capacity(arguments.len().min(limit));
    for argument in arguments {
        if tickets.len() == limit {
            sum += tickets.pop_front().map_or(0, |ticket| contender.result(ticket));
        }
        tickets.push_back(contender.submit(function, argument));
    }
    sum + tickets.into_iter().map(|ticket| contender.result(ticket)).sum::<u64>()
}

/// A case whose units are timed one by one, by themselves.
pub fn timed_each(units: usize, mut unit: impl FnMut() -> Duration + 'static) -> Case {
    Case::new(units, units as u64, move || {
        let watch = Stopwatch::start();
        let taken: Vec<Duration> = (0..units).map(|_| unit()).collect();
        let answer = taken.len() as u64;
        (watch.stop_each(taken), answer)
    })
}

/// How long something takes.
pub fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// A payload there and back. Each page of the result is looked at, so that one that is only mapped counts as read.
#[derive(Debug, Clone, Copy)]
pub struct Echo<P> {
    /// How often.
    pub times: usize,
    /// How much is sent.
    pub bytes: usize,
    /// Makes it a payload.
    pub payload: fn(Vec<u8>) -> P,
}

impl<P: Payload> WithProcesses for Echo<P> {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        let payload = (self.payload)(noise(self.bytes));
        timed_each(self.times, move || {
            let start = Instant::now();
            let result = contender.call(identity, payload.clone());
            black_box(look_at_each_page(result.as_ref()));
            let taken = start.elapsed();
            assert!(result.as_ref() == payload.as_ref(), "{} changes the payload", C::NAME);
            taken
        })
    }
}

/// A copy there and a copy back in this process, into memory that is there already.
#[must_use]
pub fn copies(times: usize, bytes: usize) -> Contestant {
    Contestant::new("floor: copied there and back", Role::Floor, move || {
        let payload = noise(bytes);
        let (mut there, mut back) = (payload.clone(), payload.clone());
        timed_each(times, move || {
            time(|| {
                there.copy_from_slice(black_box(&payload));
                back.copy_from_slice(black_box(&there));
                black_box(look_at_each_page(&back));
            })
        })
    })
}

/// The same payload to each of some tasks, whose results are small.
#[derive(Debug, Clone, Copy)]
pub struct Again<P> {
    /// How many tasks, all under way at once as far as the pool can bear it.
    pub tasks: usize,
    /// How much each of them gets.
    pub bytes: usize,
    /// Makes it a payload.
    pub payload: fn(Vec<u8>) -> P,
}

impl<P: Payload> WithProcesses for Again<P> {
    fn case<C: ProcessContender>(&self, contender: C) -> Case {
        let Self { tasks, .. } = *self;
        let payload = (self.payload)(noise(self.bytes));
        let expected = look(payload.clone()) * tasks as u64;
        Case::new(tasks, expected, move || {
            let watch = Stopwatch::start();
            let answer = sum(&contender, C::LIMIT_OF_LARGE, look, (0..tasks).map(|_| payload.clone()));
            (watch.stop(tasks), answer)
        })
    }
}

/// Bytes that can be sent to a process, however they are held.
pub trait Payload: Portable + Clone + AsRef<[u8]> + 'static {}

impl<P: Portable + Clone + AsRef<[u8]> + 'static> Payload for P {}

/// Bytes that nobody can compress.
#[must_use]
pub fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut noise = vec![0; bytes];
    for piece in noise.chunks_mut(4) {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        piece.copy_from_slice(&state.to_be_bytes()[..piece.len()]);
    }
    noise
}

/// The length, and the last byte.
fn look<P: AsRef<[u8]>>(payload: P) -> u64 {
    let bytes = payload.as_ref();
    bytes.len() as u64 ^ u64::from(bytes.last().copied().unwrap_or_default())
}

pub(super) fn look_at_each_page(bytes: &[u8]) -> u64 {
    const PAGE: usize = 4096;
    bytes.iter().step_by(PAGE).copied().map(u64::from).sum()
}

/// From nothing to some results. The end of the pool isn't timed.
#[must_use]
pub fn start<C: ProcessContender>(workers: usize, results: usize, times: usize) -> Contestant {
    Contestant::new(C::NAME, C::ROLE, move || start_case::<C>(workers, results, times))
}

fn start_case<C: ProcessContender>(workers: usize, results: usize, times: usize) -> Case {
    timed_each(times, move || {
        let start = Instant::now();
        let pool = C::new(workers);
        let answer = sum(&pool, C::LIMIT, tiny, (0..results).map(|number| number as u64));
        let taken = start.elapsed();
        assert_eq!(answer, OneByOne { tasks: results, submitters: 1 }.expected(), "{} gives a wrong answer", C::NAME);
        taken
    })
}

/// From the kill of the only worker to the next result. Tasks may be lost in between, except where `loses` is false.
#[must_use]
pub fn crash<C: ProcessContender>(times: usize, loses: bool) -> Contestant {
    Contestant::new(C::NAME, C::ROLE, move || crash_case::<C>(times, loses))
}

fn crash_case<C: ProcessContender>(times: usize, loses: bool) -> Case {
    let pool = C::new(1);
    timed_each(times, move || {
        kill(pool.call(process_number, ()));
        time(|| {
            while let Err(error) = pool.try_call(tiny, 1) {
                assert!(loses, "{} loses a task: {error}", C::NAME);
            }
        })
    })
}

fn process_number((): ()) -> u32 {
    std::process::id()
}

fn kill(process: u32) {
    let pid = Pid::from_raw(process as i32).expect("a process has a number");
    kill_process(pid, Signal::KILL).expect("it is our child");
}
