//! Decodes pictures by a decoder that crashes, in processes that may.
//!
//! ```text
//! cargo run --release -p pictures --features stb --bin crash_proof -- --hostile 300
//! cargo run --release -p pictures --features stb --bin crash_proof -- PICTURE...
//! ```
//!
//! The decoder is the crate `stb_image` in its newest version, 0.3.0. It is C, and reads in front of its own memory where a
//! frame of an animated GIF is to be "restored to the previous one" (CVE-2023-45661). Such a file need not be forged: from
//! about 200x150 on it ends the program that decodes it. Nothing in here is staged.
//!
//! Here it ends a worker. The run goes on, a new worker comes, and the file is named. So is one that takes too long, or too
//! much memory.

#[path = "../../../../common/mod.rs"]
mod common;
mod decoder;
mod hostile;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use common::{Interrupt, Outcome, complain, count_to, explain, say, seconds};
use concurrent_futures::{Bytes, Executor, MapOptions, PoolKill, ProcessPool, TaskError, TaskOptions, keyed};
use decoder::decode;

/// Decodes pictures by a C library with known faults, and survives it.
#[derive(Debug, Parser)]
struct Options {
    /// Pictures: JPEG, PNG, GIF, BMP, TGA, PSD, HDR, PIC, PNM
    #[arg(required_unless_present = "hostile")]
    files: Vec<PathBuf>,
    /// Make up so many hostile pictures as well
    #[arg(long, value_name = "N", default_value_t = 0)]
    hostile: u64,
    /// Which ones: the same seed makes the same pictures
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write every hostile picture that killed its worker into this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// How long a picture may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    deadline: Duration,
    /// How much memory a worker may use, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..1 << 40))]
    memory_limit: u64,
    /// How many processes
    #[arg(long, value_name = "N", default_value = "2")]
    workers: NonZeroUsize,
}

/// In the tally.
const KILLED: &str = "that killed their worker";

/// A picture that is about to be decoded.
struct Picture {
    name: String,
    bytes: Bytes,
    is_hostile: bool,
}

fn main() -> ExitCode {
    concurrent_futures::init();
    common::exit("crash_proof", run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    let pool = ProcessPool::builder()
        .max_workers(options.workers.get())
        .memory_limit(options.memory_limit * 1024 * 1024)
        .configure(|command| {
            // The last words of a worker that dies become part of the error.
            command.stderr(Stdio::piped());
        })
        .build()?;
    let executor: Arc<dyn Executor> = Arc::new(pool);
    let interrupt = Interrupt::of(&executor)?;
    // A small window: each picture in it is in memory.
    let map_options = MapOptions::new().buffer_size(32).task(TaskOptions::new().deadline(options.deadline));

    let bar = count_to(options.files.len() as u64 + options.hostile, "pictures");
    let failed = Cell::new(0_u64);
    let mut tally = BTreeMap::<&str, u64>::new();

    let given = options.files.iter().filter_map(|path| match read(path) {
        Ok(picture) => Some(picture),
        Err(why) => {
            bar.suspend(|| complain(format_args!("crash_proof: {}: {why}", path.display())));
            failed.set(failed.get() + 1);
            None
        }
    });
    let pictures = given.chain((0..options.hostile).map(|number| made_up(options.seed, number)));
    let tasks = pictures.take_while(|_| !interrupt.came()).map(|picture| {
        let bytes = picture.bytes.clone(); // which copies nothing
        (picture, bytes)
    });
    for (picture, outcome) in keyed(tasks, |bytes| executor.map_fallible_with(map_options, decode, bytes)) {
        let (kind, text) = match &outcome {
            Ok((width, height)) => ("decoded", format!("ok, {width}x{height}")),
            Err(_) if interrupt.came() => continue,
            Err(error) => judge(error),
        };
        bar.suspend(|| say(format_args!("{}: {text}", picture.name)))?;
        *tally.entry(kind).or_default() += 1;
        bar.inc(1);
        if outcome.is_err() && !picture.is_hostile {
            failed.set(failed.get() + 1);
        }
        if let (Some(folder), true, KILLED) = (&options.keep, picture.is_hostile, kind) {
            keep(folder, &picture)?;
        }
    }

    bar.finish_and_clear();
    if interrupt.came() {
        say(format_args!("interrupted"))?;
    }
    let parts: Vec<String> = tally.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    say(format_args!("{} pictures: {}", tally.values().sum::<u64>(), parts.join(", ")))?;
    Ok(interrupt.exit_code(failed.get()))
}

fn read(path: &Path) -> Result<Picture, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    Ok(Picture { name: path.display().to_string(), bytes: bytes.into(), is_hostile: false })
}

fn made_up(seed: u64, number: u64) -> Picture {
    let (what, bytes) = hostile::picture(seed, number);
    Picture { name: format!("hostile {number} ({what})"), bytes: bytes.into(), is_hostile: true }
}

/// What became of a picture that has no size, in a word for the tally and in a line.
fn judge(error: &TaskError) -> (&'static str, String) {
    match error {
        TaskError::Failed(failed) => ("refused by the decoder", format!("refused: {}", failed.message())),
        TaskError::DeadlineExceeded(_) => ("that took too long", format!("stopped: {error}")),
        TaskError::WorkerDied(died) if matches!(died.killed_by_pool(), Some(PoolKill::MemoryLimit { .. })) => {
            ("that took too much memory", died.to_string())
        }
        TaskError::WorkerDied(died) => (KILLED, died.to_string()),
        other => ("failed otherwise", explain(other)),
    }
}

fn keep(folder: &Path, picture: &Picture) -> Result<(), String> {
    let name = picture.name.split(" (").next().unwrap_or("hostile").replace(' ', "-");
    let path = folder.join(name);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, &picture.bytes));
    written.map_err(|error| format!("{}: {error}; name a folder that can be written to with --keep", path.display()))
}
