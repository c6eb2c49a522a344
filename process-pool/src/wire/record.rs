//! A log record of a worker, as it crosses on the control socket.

use super::bytes::{Malformed, Reader, Write};

/// What a message on the control socket begins with if it is a record; a hello has smaller numbers.
const RECORD: u64 = 2;

/// A record, and who has made it. Which worker that is the parent knows by the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogRecord<'a> {
    /// 1: error, to 5: trace.
    pub(crate) level: u32,
    pub(crate) target: &'a str,
    pub(crate) message: &'a str,
    pub(crate) module: Option<&'a str>,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    /// The task that the thread ran.
    pub(crate) task: Option<u64>,
    pub(crate) label: Option<&'a str>,
    /// The record's own keys and values.
    pub(crate) pairs: Vec<(&'a str, &'a str)>,
    /// How many records before this one could not be sent.
    pub(crate) lost: u64,
}

/// Whether a message is a record, and no hello.
pub(crate) fn is_one(message: &[u8]) -> bool {
    message.first().is_some_and(|&first| u64::from(first) == RECORD)
}

impl LogRecord<'_> {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.message.len() + 128);
        bytes.put(RECORD);
        bytes.put(self.level.into());
        bytes.put_bytes(self.target.as_bytes());
        bytes.put_bytes(self.message.as_bytes());
        bytes.put_optional(self.module.map(str::as_bytes));
        bytes.put_optional(self.file.map(str::as_bytes));
        put_optional_number(&mut bytes, self.line.map(u64::from));
        put_optional_number(&mut bytes, self.task);
        bytes.put_optional(self.label.map(str::as_bytes));
        bytes.put(self.pairs.len() as u64);
        for (key, value) in &self.pairs {
            bytes.put_bytes(key.as_bytes());
            bytes.put_bytes(value.as_bytes());
        }
        bytes.put(self.lost);
        bytes
    }
}

impl<'a> LogRecord<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.take()? != RECORD {
            return Err(Malformed);
        }
        let record = Self {
            level: reader
                .take_u32()
                .and_then(|level| if (1..=5).contains(&level) { Ok(level) } else { Err(Malformed) })?,
            target: reader.take_text()?,
            message: reader.take_text()?,
            module: take_optional_text(&mut reader)?,
            file: take_optional_text(&mut reader)?,
            line: if reader.take_bool()? { Some(reader.take_u32()?) } else { None },
            task: if reader.take_bool()? { Some(reader.take()?) } else { None },
            label: take_optional_text(&mut reader)?,
            pairs: take_pairs(&mut reader)?,
            lost: reader.take()?,
        };
        reader.end()?;
        Ok(record)
    }
}

fn put_optional_number(bytes: &mut Vec<u8>, number: Option<u64>) {
    bytes.put(number.is_some().into());
    if let Some(number) = number {
        bytes.put(number);
    }
}

fn take_optional_text<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a str>, Malformed> {
    if reader.take_bool()? { Ok(Some(reader.take_text()?)) } else { Ok(None) }
}

fn take_pairs<'a>(reader: &mut Reader<'a>) -> Result<Vec<(&'a str, &'a str)>, Malformed> {
    let count = reader.take_usize()?;
    (0..count).map(|_| Ok((reader.take_text()?, reader.take_text()?))).collect()
}
