//! The logger of a worker: it sends each record to the parent, before the call that made it returns.
//!
//! - **G1** A record that was sent outlives this process: it lies in the socket, whatever becomes of the task.
//! - **G2** Nobody waits for ever. Where the socket is full, since the parent's logger is slow, a record waits for a while; one
//!   that doesn't get in is counted, and those after it don't wait until one gets in again. That one tells the number.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use concurrent_futures_core::{TaskId, task};
use log::kv::{Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SendFlags;

use crate::wire::control::Control;
use crate::wire::record::LogRecord;

/// So long a record waits for room in the socket.
const PATIENCE: Duration = Duration::from_secs(1);

/// No part of a record is longer: together they fit into a message of the socket.
const LONGEST_MESSAGE: usize = 32 * 1024;
const LONGEST_NAME: usize = 1024;
const MOST_PAIRS: usize = 16;
const LONGEST_VALUE: usize = 1024 - 128;

/// Makes the parent's logger that of this process. One that is here already stays.
pub(super) fn forward(control: Arc<Control>, level: LevelFilter) {
    let forwarder = Forwarder { control, lost: AtomicU64::new(0), is_full: AtomicBool::new(false) };
    match log::set_boxed_logger(Box::new(forwarder)) {
        Ok(()) => log::set_max_level(level),
        Err(_) => log::warn!(
            target: "concurrent_futures",
            "this worker has a logger of its own, so its records are not forwarded; install it behind init()"
        ),
    }
}

struct Forwarder {
    control: Arc<Control>,
    lost: AtomicU64,
    /// The last record did not get in.
    is_full: AtomicBool,
}

impl Log for Forwarder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // The texts are foreign code, which may log in turn: nothing is held meanwhile.
        let message = record.args().to_string();
        let mut pairs = Pairs::default();
        // Ours never fails.
        let _ = record.key_values().visit(&mut pairs);
        let task = task::current();
        let label = task.label();
        // Relaxed, here and below: a number for people.
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let bytes = LogRecord {
            level: record.level() as u32,
            target: cut(record.target(), LONGEST_NAME),
            message: cut(&message, LONGEST_MESSAGE),
            module: record.module_path().map(|module| cut(module, LONGEST_NAME)),
            file: record.file().map(|file| cut(file, LONGEST_NAME)),
            line: record.line(),
            task: task.id().map(TaskId::as_u64),
            label: label.as_deref().map(|label| cut(label, LONGEST_NAME)),
            pairs: pairs.0.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            lost,
        };
        if !self.send(&bytes.write()) {
            self.lost.fetch_add(lost + 1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

impl Forwarder {
    /// Whether the record is in the socket.
    fn send(&self, message: &[u8]) -> bool {
        let patience = if self.is_full.load(Ordering::Relaxed) { Duration::ZERO } else { PATIENCE };
        let deadline = Instant::now() + patience;
        loop {
            match self.control.send(message, &[], SendFlags::DONTWAIT) {
                Ok(()) => {
                    self.is_full.store(false, Ordering::Relaxed);
                    return true;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        self.is_full.store(true, Ordering::Relaxed);
                        return false;
                    }
                    let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
                    // Whatever it says, the next try finds out.
                    let _ = poll(&mut [PollFd::new(&*self.control, PollFlags::OUT)], Some(&left));
                }
                // Nobody reads any more.
                Err(_) => return false,
            }
        }
    }
}

/// The keys and values of a record, as text.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl<'kvs> VisitSource<'kvs> for Pairs {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        if self.0.len() < MOST_PAIRS {
            let value = value.to_string();
            self.0.push((cut(key.as_str(), 64).to_owned(), cut(&value, LONGEST_VALUE).to_owned()));
        }
        Ok(())
    }
}

/// As much of a text as there is room for.
fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_MESSAGE, LONGEST_NAME, LONGEST_VALUE, LogRecord, MOST_PAIRS, cut};

    #[test]
    fn the_longest_record_fits_into_a_message() {
        let (name, message) = ("x".repeat(LONGEST_NAME), "x".repeat(LONGEST_MESSAGE));
        let (key, value) = ("x".repeat(64), "x".repeat(LONGEST_VALUE));
        let record = LogRecord {
            level: 5,
            target: &name,
            message: &message,
            module: Some(&name),
            file: Some(&name),
            line: Some(u32::MAX),
            task: Some(u64::MAX),
            label: Some(&name),
            pairs: vec![(&key, &value); MOST_PAIRS],
            lost: u64::MAX,
        };
        assert!(record.write().len() <= crate::wire::control::LARGEST);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!((cut("aä", 2), cut("aä", 3), cut("", 5)), ("a", "aä", ""));
    }
}
