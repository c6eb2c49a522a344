//! Measures this machine, and shows what was found. The library says how.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is where the suite prints")]

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use concurrent_futures_bench_suite::compare::Comparison;
use concurrent_futures_bench_suite::conductor::Conductor;
use concurrent_futures_bench_suite::contend::{self, Seat};
use concurrent_futures_bench_suite::results::{Machine, Run, SCHEMA};
use concurrent_futures_bench_suite::{Effort, Question, Results, processes, questions, report, table};
use indicatif::{ProgressBar, ProgressStyle};

/// Measures concurrent-futures beside its peers and this machine's floors: the most important questions in two minutes.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    measure: Measure,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Is one contestant: the conductor starts these. Each line of standard input runs a round.
    Contend(Seat),
    /// Makes the documents of a run again, from its results.
    Report(Render),
    /// Shows two runs side by side, and says which differences exceed the noise.
    Compare {
        /// The results of the earlier run.
        #[arg(value_name = "A.json")]
        before: PathBuf,
        /// The results of the later one.
        #[arg(value_name = "B.json")]
        after: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Render {
    /// The results of a run.
    #[arg(value_name = "RESULTS.json")]
    results: PathBuf,
    /// Where the report goes: beside the results, if nothing else is said.
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Measure {
    /// All questions at all points, in more rounds.
    #[arg(long)]
    full: bool,
    /// Everything once and small, to see whether it runs: the figures mean nothing.
    #[arg(long, conflicts_with = "full")]
    trial: bool,
    /// Only the questions whose name contains this; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Lists the questions instead.
    #[arg(long)]
    list: bool,
    /// How many rounds are measured.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Where the report goes.
    #[arg(long, value_name = "DIRECTORY", default_value = "docs/performance")]
    out: PathBuf,
}

fn main() -> ExitCode {
    processes::begin();
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Command::Contend(seat)) => contend::contend(&seat).map_err(Into::into),
        Some(Command::Report(render)) => report_again(&render).map_err(Into::into),
        Some(Command::Compare { before, after }) => compare(&before, &after).map_err(Into::into),
        None => measure(&arguments.measure),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Measure) -> Result<(), Box<dyn Error>> {
    let effort = match options {
        Measure { trial: true, .. } => Effort::Trial,
        Measure { full: true, .. } => Effort::Full,
        _ => Effort::Brief,
    };
    let questions = chosen(options, effort)?;
    if options.list {
        questions.iter().for_each(|question| println!("{:<24}{}", question.id, question.title));
        return Ok(());
    }
    let results = conduct(&questions, effort, options.rounds.map(usize::from));
    std::fs::create_dir_all(&options.out)?;
    let path = options.out.join("results.json");
    results.store(&path)?;
    report::write(&results, &options.out)?;
    println!("\nwritten: {}, with index.html, performance.md and the plots", path.display());
    Ok(())
}

fn report_again(render: &Render) -> io::Result<()> {
    let beside = render.results.parent().unwrap_or(Path::new(""));
    let out = render.out.as_deref().unwrap_or(if beside.as_os_str().is_empty() { Path::new(".") } else { beside });
    report::write(&Results::load(&render.results)?, out)?;
    println!("written: {}", out.join("index.html").display());
    Ok(())
}

fn compare(before: &Path, after: &Path) -> io::Result<()> {
    let (before, after) = (Results::load(before)?, Results::load(after)?);
    match writeln!(io::stdout(), "{}", Comparison::of(&before, &after)) {
        // Who pipes it into `head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Without `--only` a brief run has the questions that two minutes are enough for.
fn chosen(options: &Measure, effort: Effort) -> Result<Vec<Question>, String> {
    let mut questions = questions::all();
    if options.only.is_empty() {
        questions.retain(|question| options.list || effort != Effort::Brief || question.brief);
        return Ok(questions);
    }
    if let Some(unknown) =
        options.only.iter().find(|name| !questions.iter().any(|question| question.id.contains(*name)))
    {
        return Err(format!("there is no question {unknown:?}: --list shows them"));
    }
    questions.retain(|question| options.only.iter().any(|name| question.id.contains(name)));
    Ok(questions)
}

fn conduct(questions: &[Question], effort: Effort, rounds: Option<usize>) -> Results {
    let mut plan = effort.plan();
    plan.rounds = rounds.unwrap_or(plan.rounds);
    let run = Run::begin(effort, plan, std::env::args().skip(1).collect());
    let start = Instant::now();
    let progress = progress(questions, effort);
    let conductor = Conductor { effort, plan };
    let answers = questions
        .iter()
        .map(|question| {
            let answer = conductor.answer(question, |point| {
                progress.inc(1);
                progress.set_message(format!("{}: {}", question.id, point.label));
            });
            progress.suspend(|| println!("{}", table::answer(&answer)));
            answer
        })
        .collect();
    progress.finish_and_clear();
    Results { schema: SCHEMA, run: run.end(start.elapsed().as_secs_f64()), machine: Machine::here(), answers }
}

/// It is drawn on a terminal only.
fn progress(questions: &[Question], effort: Effort) -> ProgressBar {
    let points: usize = questions.iter().map(|question| (question.points)(effort).len()).sum();
    let style = ProgressStyle::with_template("{elapsed:>4} {bar:30} {pos}/{len} {wide_msg}");
    ProgressBar::new(points as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
