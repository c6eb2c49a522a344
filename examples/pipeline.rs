//! An endless input through a pool, in memory that stays as it is.
//!
//! ```text
//! yes 'to be hashed' | cargo run --release --example pipeline                # the lines of stdin, until Ctrl-C
//! cargo run --release --example pipeline -- --generate --seconds 10          # numbers without end
//! cargo run --release --example pipeline -- --generate --items 5000000 --executor processes
//! ```
//!
//! `map` pulls its input as its results are taken, and runs ahead no further than its window. So neither the input nor the
//! results are ever in memory as a whole: look at the last column.
mod common;

use std::fs;
use std::io::{self, BufRead, Read};
use std::iter;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use common::{Interrupt, Outcome, PoolOptions, counter, say, seconds};
use concurrent_futures::{Executor, MapOptions};
use sha2::{Digest, Sha256};

/// Hashes lines of text without end, in bounded memory. The digest at the end is the sum of theirs, in whatever order.
#[derive(Debug, Parser)]
struct Options {
    /// Make the lines up, instead of reading them from stdin
    #[arg(long)]
    generate: bool,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<Duration>,
    /// Stop after so many lines
    #[arg(long, value_name = "N")]
    items: Option<usize>,
    /// How often a line of figures is printed, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    every: Duration,
    #[command(flatten)]
    pool: PoolOptions,
}

/// How many lines may be on their way. Also what bounds the memory.
const WINDOW: usize = 20_000;

/// An endless line would be in memory as a whole.
const LONGEST_LINE: usize = 64 * 1024;

/// How often each line is hashed, so that a worker has something to do.
const ROUNDS: usize = 20;

fn main() -> ExitCode {
    concurrent_futures::init();
    common::exit("pipeline", run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    let executor = options.pool.build()?;
    let interrupt = Interrupt::of(&executor)?;
    interrupt.outcome(hash_lines(options, &*executor, &interrupt))
}

fn hash_lines(options: &Options, executor: &dyn Executor, interrupt: &Interrupt) -> Outcome {
    let (limit, every) = (options.seconds.unwrap_or(Duration::MAX), options.every);
    let begun = Instant::now();
    let lines: Box<dyn Iterator<Item = io::Result<Vec<u8>>>> = match options.generate {
        true => Box::new((0_u64..).map(|number| Ok(number.to_string().into_bytes()))),
        false => Box::new(lines_of_stdin(interrupt.clone())),
    };
    let mut broken = None;
    let lines = lines.map_while(|line| line.map_err(|error| broken = Some(error)).ok());
    let lines = lines.take(options.items.unwrap_or(usize::MAX));
    let lines = lines.take_while(|_| !interrupt.came() && begun.elapsed() < limit);

    let (mut count, mut sum, mut unfinished) = (0_u64, 0_u64, 0_u64);
    let mut memory = Memory::default();
    let mut next_figures = begun + every;
    let bar = counter("lines");
    for digest in executor.map_with(MapOptions::new().buffer_size(WINDOW), digest, lines) {
        match digest {
            Ok(digest) => (count, sum) = (count + 1, sum.wrapping_add(digest)),
            Err(_) if interrupt.came() => unfinished += 1,
            Err(error) => return Err(error.into()),
        }
        bar.inc(1);
        // A look at the clock costs less than a line.
        if Instant::now() >= next_figures {
            next_figures += every;
            let (seconds, resident) = (begun.elapsed().as_secs_f64(), memory.look()?);
            let speed = count as f64 / seconds;
            let figures = format!("{seconds:6.1} s {count:12} lines {speed:10.0} /s {:8.1} MiB", mib(resident));
            bar.suspend(|| say(format_args!("{figures}")))?;
        }
    }

    bar.finish_and_clear();
    memory.look()?;
    if interrupt.came() {
        say(format_args!("interrupted; {unfinished} lines that were on their way are left"))?;
    }
    say(format_args!(
        "{count} lines, digest {sum:016x}, memory {:.1} MiB at first, {:.1} at most",
        mib(memory.first),
        mib(memory.most)
    ))?;
    match broken {
        Some(error) => Err(format!("stdin: {error}").into()),
        None => Ok(interrupt.exit_code(0)),
    }
}

/// The task.
fn digest(line: Vec<u8>) -> u64 {
    let mut digest: [u8; 32] = Sha256::digest(&line).into();
    for _ in 1..ROUNDS {
        digest = Sha256::digest(digest).into();
    }
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The next line, without its end. Nothing at the end.
fn read_line(input: &mut impl BufRead) -> Option<io::Result<Vec<u8>>> {
    let mut line = Vec::new();
    let read = input.take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut line);
    match (read, line.pop_if(|last| *last == b'\n')) {
        (Ok(0), _) => None,
        (Ok(_), None) if line.len() > LONGEST_LINE => {
            Some(Err(io::Error::other(format!("a line of more than {LONGEST_LINE} bytes: give text"))))
        }
        (Ok(_), _) => Some(Ok(line)),
        (Err(error), _) => Some(Err(error)),
    }
}

/// The lines of stdin. Another thread reads them, so that Ctrl-C is heard also while none comes.
fn lines_of_stdin(interrupt: Interrupt) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    let (sender, lines) = mpsc::sync_channel(1000);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        while read_line(&mut stdin).is_some_and(|line| sender.send(line).is_ok()) {}
    });
    iter::from_fn(move || {
        loop {
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Timeout) if !interrupt.came() => {}
                Err(_) => return None,
            }
        }
    })
}

/// How much memory this process has, in bytes.
#[derive(Default)]
struct Memory {
    first: u64,
    most: u64,
}

impl Memory {
    fn look(&mut self) -> Result<u64, String> {
        const STATUS: &str = "/proc/self/status";
        let status = fs::read_to_string(STATUS).map_err(|error| format!("{STATUS}: {error}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let resident = kibibytes.ok_or_else(|| format!("{STATUS} has no line `VmRSS`"))? * 1024;
        self.most = self.most.max(resident);
        if self.first == 0 {
            self.first = resident;
        }
        Ok(resident)
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
