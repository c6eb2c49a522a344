//! The SHA-256 of every regular file under a directory, in the format of `sha256sum`.
//!
//! ```text
//! cargo run --release --example hash_tree -- DIR > sums
//! sha256sum -c --quiet sums
//! ```
//!
//! It is a `map` over the walk: neither the names nor the files need to fit into memory, and the lines come in the order
//! of the names, whoever is done first. A file that can't be read is named on stderr; the rest is not affected.
#![expect(clippy::print_stderr, reason = "a program tells its user what went wrong")]

mod common;

use std::cell::Cell;
use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use common::{Interrupt, Outcome, PoolOptions, counter, explain};
use concurrent_futures::{keyed, task};
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

/// Prints the SHA-256 of every regular file under a directory, for `sha256sum -c`.
#[derive(Debug, Parser)]
struct Options {
    /// Where the files are; symbolic links in it are not followed
    dir: PathBuf,
    #[command(flatten)]
    pool: PoolOptions,
}

fn main() -> ExitCode {
    concurrent_futures::init();
    common::exit("hash_tree", run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    let executor = options.pool.build()?;
    let interrupt = Interrupt::of(&executor)?;
    let complaints = Complaints { bar: counter("files"), count: Cell::new(0) };
    let (mut hashed, mut unfinished) = (0_u64, 0_u64);

    // As an `OsString` a path crosses to another process whatever bytes it has.
    let files = files(&options.dir, &complaints).take_while(|_| !interrupt.came());
    let files = files.map(|path| (path.clone(), path.into_os_string()));
    let mut out = io::stdout().lock();
    for (path, digest) in keyed(files, |files| executor.map_fallible(hash, files)) {
        match digest {
            Ok(digest) => {
                complaints.bar.suspend(|| write_line(&mut out, &digest, &path))?;
                hashed += 1;
            }
            Err(_) if interrupt.came() => unfinished += 1,
            Err(error) => complaints.say(&path, &explain(&error)),
        }
        complaints.bar.inc(1);
    }

    complaints.bar.finish_and_clear();
    let failed = complaints.count.get();
    if interrupt.came() {
        eprintln!(
            "hash_tree: interrupted; {hashed} files hashed, {failed} failed, {unfinished} that were next are left"
        );
    } else if failed > 0 {
        eprintln!("hash_tree: {hashed} files hashed, {failed} could not be read");
    }
    Ok(interrupt.exit_code(failed))
}

/// What could not be read, said at once and counted.
struct Complaints {
    bar: ProgressBar,
    count: Cell<u64>,
}

impl Complaints {
    fn say(&self, path: &Path, why: &str) {
        self.bar.suspend(|| eprintln!("hash_tree: {}: {why}", path.display()));
        self.count.set(self.count.get() + 1);
    }
}

/// The regular files under `root`, in the order of their names.
fn files(root: &Path, complaints: &Complaints) -> impl Iterator<Item = PathBuf> {
    WalkDir::new(root).sort_by_file_name().into_iter().filter_map(move |entry| match entry {
        Ok(entry) => entry.file_type().is_file().then(|| entry.into_path()),
        Err(error) => {
            let why = error.io_error().map_or_else(|| error.to_string(), io::Error::to_string);
            complaints.say(error.path().unwrap_or(root), &why);
            None
        }
    })
}

/// The task. It reads a file piece by piece, and looks between two pieces whether it was asked to stop.
fn hash(path: OsString) -> Result<[u8; 32], Box<dyn Error + Send + Sync>> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 256 * 1024];
    loop {
        task::current().check()?;
        match file.read(&mut piece) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(len) => hasher.update(&piece[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A line as `sha256sum` writes it: where the name has a backslash or the end of a line in it, those are escaped, and a
/// backslash at the very front says so.
fn write_line(out: &mut impl Write, digest: &[u8], path: &Path) -> io::Result<()> {
    let name = path.as_os_str().as_bytes();
    let is_escaped = name.iter().any(|byte| escape(*byte).is_some());
    let mut line = Vec::with_capacity(name.len() + 68);
    line.extend_from_slice(if is_escaped { b"\\" } else { b"" });
    for byte in digest {
        write!(line, "{byte:02x}")?;
    }
    line.extend_from_slice(b"  ");
    for byte in name {
        match escape(*byte) {
            Some(escaped) => line.extend_from_slice(escaped),
            None => line.push(*byte),
        }
    }
    line.push(b'\n');
    out.write_all(&line)
}

fn escape(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'\\' => Some(b"\\\\"),
        b'\n' => Some(b"\\n"),
        b'\r' => Some(b"\\r"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{OsStrExt, Path, write_line};

    fn line(name: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write_line(&mut out, &[0xab, 0x01], Path::new(OsStr::from_bytes(name))).unwrap();
        out
    }

    #[test]
    fn a_plain_name_stands_as_it_is() {
        assert_eq!(line(b"a b/c"), b"ab01  a b/c\n");
    }

    #[test]
    fn a_name_that_is_no_text_stands_as_it_is() {
        assert_eq!(line(b"\xff\xfe"), b"ab01  \xff\xfe\n");
    }

    #[test]
    fn ends_of_lines_and_backslashes_are_escaped_and_the_line_says_so() {
        assert_eq!(line(b"a\nb\\c\rd"), b"\\ab01  a\\nb\\\\c\\rd\n");
    }
}
