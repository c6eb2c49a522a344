//! A harness for programs whose tests start them again, to play the part of a parent that is killed, or starved.

use std::env;
use std::panic::catch_unwind;
use std::process::{Command, ExitCode};

use concurrent_futures_conformance::{LIMIT, watchdog};
use concurrent_futures_process_pool::init;
use rustix::process::{Signal, set_parent_process_death_signal};

/// Which part this program is to play.
const PART: &str = "CONCURRENT_FUTURES_PART";

/// Something with a name.
pub(crate) type Named = (&'static str, fn());

/// Plays the part that the environment asks for, or runs each test under the watchdog and tells it as libtest would.
#[expect(clippy::print_stdout, reason = "a test harness tells its results on stdout")]
pub(crate) fn run(parts: &[Named], tests: &[Named]) -> ExitCode {
    init();
    if let Ok(wanted) = env::var(PART) {
        // Whoever started it is a test that waits for it. Where that hangs and fails, nothing is left of it.
        set_parent_process_death_signal(Some(Signal::KILL)).expect("a process may ask for that");
        let (_, part) = parts.iter().find(|(name, _)| *name == wanted).expect("a part of this program");
        part();
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = env::args().skip(1).collect();
    if words.iter().any(|word| word == "--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let (mut passed, mut failed) = (0, 0);
    for &(name, test) in tests.iter().filter(|(name, _)| is_wanted(name)) {
        let is_kept = catch_unwind(|| watchdog(LIMIT, name, test)).is_ok();
        println!("test {name} ... {}", if is_kept { "ok" } else { "FAILED" });
        *(if is_kept { &mut passed } else { &mut failed }) += 1;
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What starts this program again, to play a part.
pub(crate) fn program_that_plays(part: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("the program knows its file"));
    command.env(PART, part);
    command
}
