//! **A frame**: what a worker is to do, in one message of the channel.
//!
//! ```text
//!   frame := STOP
//!          | JOBS  count  job*                      followed by the attachments of its jobs, a message each
//!   job   := slot  generation  id  entry  function  attempt  deadline  label?  carried?  attachments  indices?  tasks  argument*
//! ```
//!
//! - **W1** A frame is taken whole or refused: a worker that gets one it doesn't understand ends.
//! - **W2** Reading any bytes ends, without a panic, and allocates no more than a few times their length.

use super::bytes::{Malformed, Reader, Write};
use crate::image::Offset;

const STOP: u64 = 0;
const JOBS: u64 = 1;

/// What a worker knows of a job before it looks at the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) slot: usize,
    pub(crate) generation: u16,
    /// The first task's id.
    pub(crate) id: u64,
    pub(crate) entry: Offset,
    pub(crate) function: Offset,
    pub(crate) attempt: u32,
    /// How long the job may run, in nanoseconds; 0: for ever.
    pub(crate) deadline: u64,
    pub(crate) label: Option<&'a str>,
    /// What goes along with each of the tasks, for the context hooks.
    pub(crate) carried: Option<&'a [u8]>,
    /// How many attachments follow the frame for this job.
    pub(crate) attachments: usize,
}

/// A frame, being read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// End when everything before is done.
    Stop,
    /// Run these.
    Jobs(Vec<Job<'a>>),
}

/// A job of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Job<'a> {
    pub(crate) header: Header<'a>,
    /// The index of each task, where that isn't its position.
    pub(crate) indices: Option<Vec<usize>>,
    pub(crate) arguments: Vec<&'a [u8]>,
}

/// The frame that ends a worker.
pub(crate) fn stop() -> Vec<u8> {
    vec![STOP as u8]
}

/// A frame under construction.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    bytes: Vec<u8>,
}

impl FrameWriter {
    /// Begins a frame of so many jobs, of about so many bytes.
    pub(crate) fn new(jobs: usize, size: usize) -> Self {
        let mut bytes = Vec::with_capacity(size);
        bytes.put(JOBS);
        bytes.put(jobs as u64);
        Self { bytes }
    }

    /// Adds a job with its arguments, and the index of each where that isn't its position.
    pub(crate) fn job<'a>(
        &mut self,
        header: &Header<'_>,
        indices: Option<&[usize]>,
        arguments: impl ExactSizeIterator<Item = &'a [u8]>,
    ) {
        let bytes = &mut self.bytes;
        bytes.put(header.slot as u64);
        bytes.put(header.generation.into());
        bytes.put(header.id);
        bytes.put(zigzag(header.entry.0));
        bytes.put(zigzag(header.function.0));
        bytes.put(header.attempt.into());
        bytes.put(header.deadline);
        bytes.put_optional(header.label.map(str::as_bytes));
        bytes.put_optional(header.carried);
        bytes.put(header.attachments as u64);
        bytes.put(indices.is_some().into());
        bytes.put(arguments.len() as u64);
        indices.into_iter().flatten().for_each(|&index| bytes.put(index as u64));
        arguments.for_each(|argument| bytes.put_bytes(argument));
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads a frame.
pub(crate) fn read(bytes: &[u8]) -> Result<Frame<'_>, Malformed> {
    let mut reader = Reader::new(bytes);
    match reader.take()? {
        STOP => {
            reader.end()?;
            Ok(Frame::Stop)
        }
        JOBS => {
            let count = reader.take_usize()?;
            let jobs = (0..count).map(|_| read_job(&mut reader)).collect::<Result<_, _>>()?;
            reader.end()?;
            Ok(Frame::Jobs(jobs))
        }
        _ => Err(Malformed),
    }
}

fn read_job<'a>(reader: &mut Reader<'a>) -> Result<Job<'a>, Malformed> {
    let header = Header {
        slot: reader.take_usize()?,
        generation: u16::try_from(reader.take()?).map_err(|_| Malformed)?,
        id: reader.take()?,
        entry: Offset(unzigzag(reader.take()?)),
        function: Offset(unzigzag(reader.take()?)),
        attempt: reader.take_u32()?,
        deadline: reader.take()?,
        label: if reader.take_bool()? { Some(reader.take_text()?) } else { None },
        carried: if reader.take_bool()? { Some(reader.take_bytes()?) } else { None },
        attachments: reader.take_usize()?,
    };
    let has_indices = reader.take_bool()?;
    let tasks = reader.take_usize()?;
    let indices =
        if has_indices { Some((0..tasks).map(|_| reader.take_usize()).collect::<Result<_, _>>()?) } else { None };
    let arguments = (0..tasks).map(|_| reader.take_bytes()).collect::<Result<_, _>>()?;
    Ok(Job { header, indices, arguments })
}

/// Small numbers stay short, whatever their sign.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::{Frame, FrameWriter, Header, Offset, read, stop};

    fn header() -> Header<'static> {
        Header {
            slot: 3,
            generation: 9,
            id: 1 << 40,
            entry: Offset(-5),
            function: Offset(i64::MIN),
            attempt: 2,
            deadline: 7,
            label: Some("resize"),
            carried: Some(b"carried"),
            attachments: 1,
        }
    }

    #[test]
    fn w1_what_is_written_is_read() {
        let mut writer = FrameWriter::new(2, 0);
        writer.job(&header(), None, [b"a".as_slice(), b""].into_iter());
        writer.job(&Header { label: None, carried: None, ..header() }, Some(&[4]), [b"x".as_slice()].into_iter());
        let bytes = writer.finish();
        let Ok(Frame::Jobs(jobs)) = read(&bytes) else { panic!("{bytes:?}") };
        assert_eq!((&jobs[0].header, &jobs[0].indices), (&header(), &None));
        assert_eq!(jobs[0].arguments, [b"a".as_slice(), b""]);
        let header = &jobs[1].header;
        assert_eq!((header.label, header.carried, &jobs[1].indices), (None, None, &Some(vec![4])));
        assert!(matches!(read(&stop()), Ok(Frame::Stop)));
    }

    #[test]
    fn w2_every_cut_and_every_addition_is_refused() {
        let mut writer = FrameWriter::new(1, 0);
        writer.job(&header(), None, [b"argument".as_slice()].into_iter());
        let mut bytes = writer.finish();
        (0..bytes.len()).for_each(|len| assert!(read(&bytes[..len]).is_err(), "cut at {len}"));
        bytes.push(0);
        assert!(read(&bytes).is_err());
        assert!(read(&[1, 0xff, 0xff, 0xff, 0xff, 0x7f]).is_err(), "a count that no frame can hold");
    }
}
