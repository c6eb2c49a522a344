//! What a worker has written to a piped standard error is part of the error of its last task.

mod common;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Death, bounded, cause_of, death_of, square};
use concurrent_futures_process_pool::{ProcessPool, ProcessPoolBuilder, TaskError, TaskOptions, worker_entry};

worker_entry!();

fn piped() -> ProcessPoolBuilder {
    ProcessPool::builder().max_workers(1).configure(|command: &mut Command| {
        command.stderr(Stdio::piped()).stdout(Stdio::piped());
    })
}

/// `eprintln!` would go to the test's own capture.
fn say(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

#[test]
fn the_error_ends_with_the_last_words_of_the_worker() {
    bounded(|| {
        let pool = piped().build().unwrap();
        let fall = |lines: u64| -> u64 {
            (0..lines).for_each(|n| say(&format!("line {n}\n")));
            Death::Abort.die()
        };
        let died = death_of(pool.submit(fall, 2));
        assert_eq!(died.stderr(), Some("line 0\nline 1"));
        assert!(died.to_string().ends_with("its last words: line 0\nline 1"), "{died}");
        // More than a pipe holds.
        let died = death_of(pool.submit(fall, 100_000));
        let words = died.stderr().unwrap();
        assert!(words.lines().count() == 20 && words.ends_with("line 99999"), "{words}");
        // Nobody inherits them.
        assert_eq!(death_of(pool.submit(fall, 0)).stderr(), None);
        assert_eq!(pool.submit(square, 3).result().unwrap(), 9);
    });
}

#[test]
fn a_piped_output_holds_nobody_up() {
    bounded(|| {
        let pool = piped().build().unwrap();
        let talk = |bytes: usize| {
            std::io::stdout().write_all(&vec![b'x'; bytes]).unwrap();
            std::io::stdout().flush().unwrap();
            bytes
        };
        assert_eq!(pool.submit(talk, 1 << 20).result().unwrap(), 1 << 20);
    });
}

/// The thread that reads it is also the one that watches the clock.
#[test]
fn who_writes_without_end_ends_at_its_deadline() {
    bounded(|| {
        let pool = piped().build().unwrap();
        let talk = |(): ()| -> u64 {
            let text = vec![b'x'; 1 << 16];
            std::thread::scope(|scope| {
                let talk = || while std::io::stderr().write_all(&text).is_ok() {};
                (0..4).for_each(|_| drop(scope.spawn(talk)));
            });
            0
        };
        let options = TaskOptions::new().deadline(Duration::from_millis(30));
        let error = pool.submit_with(options, talk, ()).result().unwrap_err();
        assert!(matches!(error, TaskError::DeadlineExceeded(_)), "{error}");
    });
}

#[test]
fn a_worker_that_dies_at_its_start_has_last_words_too() {
    bounded(|| {
        let fail = |(): ()| {
            say("no licence on this machine\n");
            Death::Exit(3).die();
        };
        let pool = piped().initializer(fail, ()).build().unwrap();
        let cause = cause_of(&pool.submit(square, 3).result().unwrap_err());
        assert!(cause.contains("exited with code 3") && cause.contains("no licence on this machine"), "{cause}");
    });
}

#[test]
fn what_is_not_piped_is_not_read() {
    bounded(|| {
        let pool = ProcessPool::new(1).unwrap();
        assert_eq!(death_of(pool.submit(common::die, Death::Exit(1))).stderr(), None);
    });
}
