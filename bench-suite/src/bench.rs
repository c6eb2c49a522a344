//! The questions as criterion's groups: what the files in `benches/` are made of.
#![expect(clippy::print_stderr, reason = "who is missing is named")]

use criterion::{Criterion, SamplingMode, Throughput};

use crate::contestant::Role;
use crate::effort::Effort;
use crate::question::{Point, Question};
use crate::{processes, questions};

/// The `main` of a bench file: each point of a question is a group, and each contestant but the floors a bench of it.
///
/// Criterion measures one contestant after the other, in this one process, and gets samples so few that a file takes about
/// a minute. What it is good for is to compare a change with a baseline of its own; whoever wants to compare contestants
/// asks the program itself, which interleaves them.
///
/// # Panics
///
/// If there is no such question, or a contestant gives a wrong answer.
pub fn bench(id: &str) {
    processes::begin();
    let question = questions::find(id).unwrap_or_else(|| panic!("there is no question {id:?}"));
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(50))
        .measurement_time(std::time::Duration::from_millis(300))
        .without_plots()
        .configure_from_args();
    for point in (question.points)(effort()).iter().filter(|point| !point.pinned) {
        group(&mut criterion, &question, point);
    }
    criterion.final_summary();
}

/// `cargo test` and `--test` only try whether everything runs.
fn effort() -> Effort {
    let has = |flag: &str| std::env::args().any(|arg| arg == flag);
    if has("--test") || !has("--bench") { Effort::Trial } else { Effort::Brief }
}

fn group(criterion: &mut Criterion, question: &Question, point: &Point) {
    let mut group = criterion.benchmark_group(format!("{}/{}", question.id, point.label));
    group.sampling_mode(SamplingMode::Flat);
    for contestant in point.contestants.iter().filter(|contestant| contestant.role() != Role::Floor) {
        // Criterion wants to run what it is told of, so who is missing is found out before.
        let mut case = match contestant.make() {
            Ok(case) => case,
            Err(missing) => {
                eprintln!("{}: {missing}", contestant.name());
                continue;
            }
        };
        group.throughput(Throughput::Elements(case.units() as u64));
        group.bench_function(contestant.name(), |bencher| {
            bencher.iter_custom(|runs| {
                let run = |_| case.run().unwrap_or_else(|error| panic!("{}: {error}", contestant.name())).wall;
                (0..runs).map(run).sum()
            });
        });
    }
    group.finish();
}
