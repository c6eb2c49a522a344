//! One question: cases on the same work, and what was promised of them.

use std::fmt;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};

use crate::case::{Case, Role};
use crate::floor;
use crate::interleave::interleave;
use crate::promise::Promise;
use crate::session::Session;
use crate::table;

/// Answers the questions of one bench file: by criterion, then in interleaved rounds, beside the machine's floors.
///
/// Criterion gets samples so few that a file takes about a minute: the tables count.
pub fn measure(questions: impl Fn(&Session) -> Vec<Comparison>) {
    let session = Session::from_args();
    let comparisons = questions(&session);
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(300))
        .without_plots()
        .configure_from_args();
    comparisons.iter().for_each(|comparison| comparison.criterion(&mut criterion, &session));
    criterion.final_summary();
    floor::comparison(&session).table(&session);
    comparisons.iter().for_each(|comparison| comparison.table(&session));
}

/// Cases on the same work. The first one is the base of the ratios.
pub struct Comparison {
    title: String,
    unit: &'static str,
    promises: Vec<Promise>,
    cases: Box<dyn Fn() -> Vec<Case>>,
}

impl Comparison {
    /// A question about `unit`s. `cases` makes the pools and checks their answers, as often as they are measured.
    pub fn new(title: impl Into<String>, unit: &'static str, cases: impl Fn() -> Vec<Case> + 'static) -> Self {
        Self { title: title.into(), unit, promises: Vec::new(), cases: Box::new(cases) }
    }

    /// What is promised of the first case.
    #[must_use]
    pub fn promise(mut self, promise: Promise) -> Self {
        self.promises.push(promise);
        self
    }

    /// Measures each contender by criterion, one after the other; the floors are for the table.
    pub fn criterion(&self, criterion: &mut Criterion, session: &Session) {
        if !session.wants_criterion(&self.title) {
            return;
        }
        let mut group = criterion.benchmark_group(&self.title);
        group.sampling_mode(SamplingMode::Flat);
        for mut case in (self.cases)().into_iter().filter(|case| case.role() != Role::Floor) {
            group.throughput(Throughput::Elements(case.units() as u64));
            let name = case.name().to_owned();
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|runs| (0..runs).map(|_| case.run().wall).sum());
            });
        }
        group.finish();
    }

    /// Measures the cases in interleaved rounds and prints the table.
    pub fn table(&self, session: &Session) {
        if !session.wants_table(&self.title) {
            return;
        }
        let mut cases = (self.cases)();
        let rounds = interleave(&mut cases, session.plan());
        table::print(&self.title, self.unit, &cases, &rounds, session.plan());
        if !session.is_full() {
            return;
        }
        for verdict in self.promises.iter().filter_map(|promise| promise.judge(&cases, &rounds)) {
            table::print_line(&format!("{verdict}"));
        }
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparison").field("title", &self.title).finish_non_exhaustive()
    }
}
