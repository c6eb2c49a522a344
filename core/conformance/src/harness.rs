use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use crate::promises::exits;
use crate::{Backend, LIMIT, watchdog};

/// One promise, as a value; from [`portable_cases`](crate::portable_cases), [`encoding_cases`](crate::encoding_cases) and
/// [`exit_cases`](crate::exit_cases).
#[derive(Debug)]
pub struct Case<B> {
    topic: &'static str,
    name: &'static str,
    promise: fn(&B),
}

impl<B: Backend> Case<B> {
    #[doc(hidden)]
    pub fn new(topic: &'static str, name: &'static str, promise: fn(&B)) -> Self {
        Self { topic, name, promise }
    }

    /// The promise, as `topic::what_is_promised`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}::{}", self.topic, self.name)
    }

    /// Tests it.
    ///
    /// # Panics
    ///
    /// If the promise is broken, or the test hangs.
    pub fn run(&self, backend: &Arc<B>) {
        let (backend, promise) = (backend.clone(), self.promise);
        watchdog(LIMIT, &self.name(), move || promise(&backend));
    }
}

/// Tests all promises whose name contains one of the program's arguments, or all if there is none: the `main` of a test
/// that says `harness = false`, because its workers are the program itself, started again.
///
/// ```no_run
/// use std::process::ExitCode;
/// use concurrent_futures_conformance::{Backend, run_cases, portable_cases};
/// # use concurrent_futures_conformance::LoopbackExecutor;
/// # struct Processes;
/// # impl Backend for Processes {
/// #     type Executor = LoopbackExecutor;
/// #     fn make(&self, max_workers: usize) -> LoopbackExecutor { LoopbackExecutor::new(max_workers) }
/// # }
/// # fn init() {}
///
/// fn main() -> ExitCode {
///     init();                                     // a worker never returns from it
///     run_cases(Processes, portable_cases())
/// }
/// ```
#[expect(clippy::print_stdout, reason = "a test harness tells its results on stdout")]
pub fn run_cases<B: Backend>(backend: B, cases: Vec<Case<B>>) -> ExitCode {
    if exits::play(&backend) {
        return ExitCode::SUCCESS;
    }
    let (filters, lists) = arguments();
    if lists {
        cases.iter().for_each(|case| println!("{}: test", case.name()));
        return ExitCode::SUCCESS;
    }
    let backend = Arc::new(backend);
    let mut failed = Vec::new();
    let mut passed = 0;
    for case in cases {
        let name = case.name();
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
            continue;
        }
        let is_kept = catch_unwind(AssertUnwindSafe(|| case.run(&backend))).is_ok();
        println!("test {name} ... {}", if is_kept { "ok" } else { "FAILED" });
        if is_kept { passed += 1 } else { failed.push(name) }
    }
    println!("\n{passed} promises kept, {} broken", failed.len());
    failed.iter().for_each(|name| println!("    {name}"));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The filters, and whether to list only. What else `cargo test` may pass on means nothing here.
fn arguments() -> (Vec<String>, bool) {
    const WITH_A_VALUE: [&str; 5] = ["--test-threads", "--format", "--color", "--logfile", "-Z"];
    let (mut filters, mut lists) = (Vec::new(), false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        lists |= argument == "--list";
        if WITH_A_VALUE.contains(&argument.as_str()) {
            arguments.next();
        } else if !argument.starts_with('-') {
            filters.push(argument);
        }
    }
    (filters, lists)
}
