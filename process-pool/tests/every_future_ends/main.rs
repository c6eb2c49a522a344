//! **Every future ends.** Whatever the tasks do, and whatever is done to the workers.
//!
//! Episode after episode, for a minute or as many seconds as `EVERY_FUTURE_ENDS_SECONDS` says: a pool, a random mix of
//! tasks, and somebody who kills and stops its workers. Then every future has ended as it may, no task ran twice unless it
//! was retried, the numbers add up, there were never more processes than allowed, and nothing is left.
//!
//! What is drawn depends on the seed, which is printed; what the system makes of it doesn't. `SEED=…` plays one episode,
//! ten times, or as often as `EPISODES` says.

mod disturber;
mod episode;
mod ledger;
mod leftovers;
mod order;
mod plan;
mod verdict;

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{self, Command, ExitCode};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use concurrent_futures_conformance::watchdog;
use concurrent_futures_process_pool::{init, set_report_hook};
use episode::Sum;

/// Set where the directory for temporary files is our own.
const STAGE: &str = "EVERY_FUTURE_ENDS_STAGE";

const NESTED: &str = "nested";

/// Where pools in tasks have their temporary files.
fn directory_of_nested_pools() -> PathBuf {
    env::temp_dir().join(NESTED)
}

/// An episode takes a second or two.
const LIMIT: Duration = Duration::from_secs(90);

fn main() -> ExitCode {
    init();
    if env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    if env::var_os(STAGE).is_none() {
        return on_a_stage();
    }
    // Failures are the rule here, and nobody has to look at them.
    set_report_hook(|_| ());
    let begin = Instant::now();
    let result = match number("SEED") {
        Some(seed) => play_all((0..number("EPISODES").unwrap_or(10)).map(|_| seed)),
        None => {
            let time = Duration::from_secs(number("EVERY_FUTURE_ENDS_SECONDS").unwrap_or(60));
            let seeds = std::iter::repeat_with(|| fastrand::u64(..)).take_while(|_| begin.elapsed() < time);
            play_all(seeds)
        }
    };
    tell(result, begin.elapsed())
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

/// Starts this program again with a directory for temporary files of its own, so that what is left there is ours.
fn on_a_stage() -> ExitCode {
    let directory = env::temp_dir().join(format!("every-future-ends-{}", process::id()));
    fs::create_dir_all(directory.join(NESTED)).expect("a directory for the stage");
    let program = env::current_exe().expect("the program knows its file");
    let status = Command::new(program).args(env::args_os().skip(1)).env("TMPDIR", &directory).env(STAGE, "1").status();
    fs::remove_dir_all(&directory).expect("the stage is there");
    if status.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays until one fails; the number of episodes and their sum, or the seed that failed.
fn play_all(seeds: impl Iterator<Item = u64>) -> Result<(u64, Sum), u64> {
    let mut total = (0, Sum::default());
    for seed in seeds {
        let sum = catch_unwind(AssertUnwindSafe(|| play_watched(seed))).map_err(|_| seed)?;
        total.0 += 1;
        total.1.tasks += sum.tasks;
        total.1.deeds.kills += sum.deeds.kills;
        total.1.deeds.stops += sum.deeds.stops;
    }
    Ok(total)
}

#[expect(clippy::print_stdout, reason = "a test harness tells its results on stdout")]
fn play_watched(seed: u64) -> Sum {
    println!("SEED={seed}");
    if env::var_os("SEED").is_some() {
        println!("{:#?}", plan::Plan::draw(&mut fastrand::Rng::with_seed(seed)));
    }
    let (begin, (tell, hear)) = (Instant::now(), mpsc::channel());
    watchdog(LIMIT, &format!("the episode of seed {seed}"), move || {
        let _ = tell.send(episode::play(seed));
    });
    let sum = hear.recv().expect("an episode that has not failed has a sum");
    println!("    {} tasks in {:?}", sum.tasks, begin.elapsed());
    sum
}

#[expect(clippy::print_stdout, reason = "a test harness tells its results on stdout")]
fn tell(result: Result<(u64, Sum), u64>, time: Duration) -> ExitCode {
    let (word, passed, failed) = match result {
        Ok((episodes, Sum { tasks, deeds })) => {
            println!("\n{episodes} episodes, {tasks} tasks, {} kills, {} stops", deeds.kills, deeds.stops);
            ("ok", 1, 0)
        }
        Err(seed) => {
            println!("\nfailed; SEED={seed} plays it again");
            ("FAILED", 0, 1)
        }
    };
    println!("test every_future_ends ... {word}\n");
    println!(
        "test result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2}s",
        time.as_secs_f64()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
