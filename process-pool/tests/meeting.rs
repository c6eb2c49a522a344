//! How a worker's channel comes to its parent: without a directory, whoever disturbs it.

mod common;

use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use common::{Diary, bounded, order, pool, program, read_all, square};
use concurrent_futures_process_pool::{ProcessPool, Shutdown, worker_entry};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with};

worker_entry!();

/// The abstract name that a process meets itself by.
const ZEROS: [u8; 107] = [0; 107];

/// A directory that a program may be told of, which goes with this value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        // A diary's name is its own.
        let path = Diary::new().pen().path().with_extension("directory");
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn entries(&self) -> Vec<PathBuf> {
        std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process of another program that does something to the name until it is told to end.
struct Stranger(Child);

impl Stranger {
    fn start(what: &str) -> Self {
        let mut command = program("part_of_a_stranger", what);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        // Behind what the test program says of itself.
        assert!(lines.any(|line| line.unwrap().contains("at it")), "the stranger has ended");
        Self(child)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what the test waits for")]
fn part_of_a_stranger() {
    let Some(what) = order().filter(|order| ["holds", "comes"].contains(&order.as_str())) else { return };
    let name = SocketAddrUnix::new_abstract_name(&ZEROS).unwrap();
    let socket = || socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::NONBLOCK, None).unwrap();
    if what == "holds" {
        let listener = socket();
        while bind(&listener, &name).is_err() {}
        listen(&listener, 1).unwrap();
        println!("at it");
        read_all(std::io::stdin());
        return;
    }
    println!("at it");
    // Until it is killed. Whatever it gets in, it keeps, and says nothing.
    let mut kept = std::collections::VecDeque::new();
    loop {
        let one = socket();
        if connect(&one, &name).is_ok() {
            kept.push_back(one);
            if kept.len() > 100 {
                kept.pop_front();
            }
        }
    }
}

#[test]
fn h1_a_stranger_that_holds_the_name_keeps_no_worker_from_starting() {
    bounded(|| {
        let _stranger = Stranger::start("holds");
        let pool = pool(2);
        assert_eq!(pool.map(square, 1..=3).map(Result::unwrap).sum::<u64>(), 14);
    });
}

#[test]
fn h2_strangers_that_come_to_the_name_hold_no_worker_up() {
    bounded(|| {
        let _stranger = Stranger::start("comes");
        for _ in 0..10 {
            let pool = ProcessPool::builder().max_workers(2).build().unwrap();
            assert_eq!(pool.map(square, 1..=3).map(Result::unwrap).sum::<u64>(), 14);
        }
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "what the test reads")]
fn part_of_a_program_that_ends_during_a_start() {
    let Some(turns) = order().and_then(|order| order.parse::<u32>().ok()) else { return };
    let pool = pool(2);
    let _ = (pool.submit(square, 3), pool.submit(square, 4));
    // A while that differs, so that the end comes at any point of the start.
    (0..turns).for_each(|_| std::thread::yield_now());
    println!("ends");
    std::process::exit(0);
}

#[test]
fn h1_a_program_that_ends_during_a_start_leaves_no_file_behind() {
    bounded(|| {
        let scratch = Scratch::new();
        for turns in (0..2000).step_by(100) {
            let mut command = program("part_of_a_program_that_ends_during_a_start", &turns.to_string());
            let output = command.env("TMPDIR", &scratch.0).output().unwrap();
            assert!(String::from_utf8_lossy(&output.stdout).contains("ends"), "{output:?}");
        }
        assert_eq!(scratch.entries(), [] as [PathBuf; 0]);
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "what the test reads")]
fn part_of_a_program_with_a_directory() {
    let Some(mode) = order().filter(|order| ["there", "elsewhere"].contains(&order.as_str())) else { return };
    let pool = pool(1);
    if mode == "elsewhere" {
        std::env::set_current_dir("/").unwrap();
    }
    println!("squared {:?}", pool.submit(square, 3).result());
    assert!(pool.shutdown(Shutdown::drain()).is_complete());
}

#[test]
fn h1_no_directory_for_temporary_files_is_needed() {
    bounded(|| {
        let scratch = Scratch::new();
        let is_fine = |directory: &std::ffi::OsStr, mode| {
            let mut command = program("part_of_a_program_with_a_directory", mode);
            let output = command.current_dir(&scratch.0).env("TMPDIR", directory).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.contains("squared Ok(9)"), "{}: {output:?}", directory.display());
        };
        is_fine("/nowhere/at/all".as_ref(), "there");
        is_fine("/proc".as_ref(), "there");
        is_fine("".as_ref(), "there");
        is_fine(std::ffi::OsStr::from_bytes(b"/tmp/\xff\xfe"), "there");
        let long = scratch.0.join("d".repeat(120));
        std::fs::create_dir(&long).unwrap();
        is_fine(long.as_os_str(), "there");
        is_fine(".".as_ref(), "elsewhere");
        std::fs::remove_dir(&long).unwrap();
        assert_eq!(scratch.entries(), [] as [PathBuf; 0]);
    });
}
