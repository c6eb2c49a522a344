//! Results that nobody has measured, for tests: of every question, with figures that differ from row to row.

use std::time::Duration;

use crate::contestant::Role;
use crate::effort::Effort;
use crate::question::{Axis, Measure, Plot, Question};
use crate::results::{Absent, Answer, Machine, Place, Results, Row, Run, SCHEMA};
use crate::sample::{Distribution, Sample, Span};

/// Results with these answers.
pub(super) fn results(answers: Vec<Answer>) -> Results {
    let run = Run {
        began: 1_700_000_000,
        seconds: 95.4,
        effort: Effort::Full,
        rounds: 5,
        arguments: vec!["--full".into()],
        commit: "0123456789abcdef".into(),
        dirty: false,
        load: [0.1, 1.9],
        peers: true,
    };
    let machine = Machine {
        processor: "Made <Up> & Co. 9000".into(),
        cores: 2,
        memory: 8 << 30,
        kernel: "Linux 6.1".into(),
        rustc: "rustc 1.95.0".into(),
        pythons: vec!["CPython 3.13".into()],
    };
    Results { schema: SCHEMA, run, machine, answers }
}

/// An answer to a real question: its points and contestants, but no measured figures.
pub(super) fn answer(question: &Question, rounds: usize) -> Answer {
    let mut seed = 0;
    let places = (question.points)(Effort::Trial).into_iter().map(|point| {
        let rows = point.contestants.iter().map(|contestant| {
            seed += 1;
            row(contestant.name(), contestant.role(), question.plot, rounds, seed)
        });
        let rows = rows.collect();
        let (label, group) = (point.label, point.group);
        Place { label, x: point.x, group, pinned: point.pinned, rows, missing: Vec::new(), verdicts: Vec::new() }
    });
    Answer::to(question, places.collect(), Vec::new())
}

/// An answer to a question that there isn't, with places at 1, 2, 4 and 8.
pub(super) fn unknown(plot: Plot, names: &[(&str, Role)], rounds: usize) -> Answer {
    let place = |x: f64| {
        let row =
            |(index, (name, role)): (usize, &(&str, Role))| row(name, *role, plot, rounds, index * 7 + x as usize);
        Place {
            label: format!("at <{x}> & beyond"),
            x,
            group: String::new(),
            pinned: false,
            rows: names.iter().enumerate().map(row).collect(),
            missing: vec![Absent { name: "a <missing> one".into(), reason: "it isn't & won't be there".into() }],
            verdicts: Vec::new(),
        }
    };
    Answer {
        id: "unheard_of".into(),
        title: "What <is> & was that?".into(),
        method: "Nobody `knows<it>`.".into(),
        measure: Measure::NanosPer("thing".into()),
        axis: Axis { name: "things".into(), logarithmic: true },
        plot,
        places: [1.0, 2.0, 4.0, 8.0].map(place).into(),
        verdicts: Vec::new(),
    }
}

fn row(name: &str, role: Role, plot: Plot, rounds: usize, seed: usize) -> Row {
    let base = 300.0 * 1.7_f64.powi((seed * 5 % 11) as i32);
    let samples =
        (0..rounds).map(|round| {
            let value = base * (1.0 + 0.1 * ((seed + round * 3) % 7) as f64);
            let sample = Sample::of(Duration::from_nanos(value as u64 * 100), value).cpu(value * 0.9);
            match plot {
                Plot::Percentiles => sample.distribution(Distribution::of((1..500).map(|step| {
                    Duration::from_nanos((value * (1.0 + (f64::from(step) / 499.0).powi(9) * 20.0)) as u64)
                }))),
                Plot::Timeline => sample.timeline(spans(seed)),
                _ => sample,
            }
        });
    Row::of(name, role, 100, samples.collect())
}

/// Some tasks on some workers.
pub(super) fn spans(seed: usize) -> Vec<Span> {
    let workers = 1 + seed % 4;
    let span = |task: usize| {
        let start_us = (task / workers) as f64 * 110.0;
        Span {
            worker: format!("worker-{}", task % workers),
            task: format!("{task}"),
            start_us,
            end_us: start_us + 60.0 + (task * 13 % 50) as f64,
        }
    };
    (0..12).map(span).collect()
}
