//! What the tasks leave behind: one line when a task is entered, one when it is left, written by itself.
//!
//! A file that is only appended to, in records of one size: who is killed in between leaves a whole record or none.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

/// Where the workers of an episode find the ledger. It marks them, too: nobody else has it in his environment.
pub(crate) const VARIABLE: &str = "EVERY_FUTURE_ENDS_LEDGER";

const RECORD: usize = 16;

/// A task was entered, or is about to be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) attempt: u32,
    pub(crate) has_left: bool,
}

/// In a worker: writes an entry down.
pub(crate) fn note(number: u64, attempt: u32, has_left: bool) {
    static LEDGER: OnceLock<File> = OnceLock::new();
    let open = || {
        let path = env::var_os(VARIABLE).expect("a worker of an episode knows its ledger");
        OpenOptions::new().append(true).open(path).expect("the ledger is there")
    };
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(&number.to_le_bytes());
    record[8..12].copy_from_slice(&attempt.to_le_bytes());
    record[12] = has_left.into();
    LEDGER.get_or_init(open).write_all(&record).expect("the ledger can be written");
}

/// In the parent: all entries, in the order of their writing.
pub(crate) fn read(path: &Path) -> Vec<Entry> {
    let bytes = fs::read(path).expect("the ledger can be read");
    assert_eq!(bytes.len() % RECORD, 0, "every record is whole");
    let entry = |record: &[u8]| Entry {
        number: u64::from_le_bytes(record[..8].try_into().expect("eight bytes")),
        attempt: u32::from_le_bytes(record[8..12].try_into().expect("four bytes")),
        has_left: record[12] != 0,
    };
    bytes.chunks_exact(RECORD).map(entry).collect()
}
