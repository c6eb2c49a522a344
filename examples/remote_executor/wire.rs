//! What crosses: frames of bytes on a stream. The stream here is a Unix socket; a `TcpStream` would do as well.
//!
//! ```text
//!   frame:  kind (1 byte)  length (8)  body
//!
//!   to the worker     BEGIN  entry (8)  function (8)  id (8)  attempt (8)  label (8 and so many)  carried
//!                     TASK   index (8)  argument      answered by one REPLY
//!                     STOP   id (8)                   asks the job to stop; no answer
//!   to the executor   HELLO  build                    once, first
//!                     REPLY  what `portable::serve` has written
//! ```

use std::io::{self, Read, Write};

pub(crate) const HELLO: u8 = 0;
pub(crate) const BEGIN: u8 = 1;
pub(crate) const TASK: u8 = 2;
pub(crate) const STOP: u8 = 3;
pub(crate) const REPLY: u8 = 4;

/// Writes a frame whose body consists of `parts`.
pub(crate) fn send(mut stream: impl Write, kind: u8, parts: &[&[u8]]) -> io::Result<()> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut frame = Vec::with_capacity(9 + length);
    frame.push(kind);
    frame.extend_from_slice(&(length as u64).to_le_bytes());
    parts.iter().for_each(|part| frame.extend_from_slice(part));
    stream.write_all(&frame)
}

/// Reads a frame. A length that lies costs no memory: the body grows as it comes.
pub(crate) fn receive(mut stream: impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let length = number(&head[1..])?;
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body)?;
    if body.len() as u64 == length { Ok((head[0], body)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The number that `bytes` begin with.
pub(crate) fn number(bytes: &[u8]) -> io::Result<u64> {
    let first = bytes.first_chunk().ok_or_else(|| io::Error::other("a frame is too short"))?;
    Ok(u64::from_le_bytes(*first))
}

/// What must be the same at both ends, since functions cross as places in the program. A cluster would compare a hash of
/// the file, taken once.
pub(crate) fn build() -> io::Result<Vec<u8>> {
    let file = std::fs::metadata(std::env::current_exe()?)?;
    let modified = file.modified()?.duration_since(std::time::UNIX_EPOCH).map_err(io::Error::other)?;
    Ok(format!("{} {} {}", env!("CARGO_PKG_VERSION"), file.len(), modified.as_nanos()).into_bytes())
}
