//! What a worker writes to a standard output or error that `configure` has piped: read as it comes, so that the worker is
//! never held up, and the last of it kept for the error of its last task.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use concurrent_futures_core::sync::Mutex;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

/// So much is kept.
const MOST_BYTES: usize = 4096;
const MOST_LINES: usize = 20;

/// So often it is read at once: more than a pipe holds, and then no more, since who writes without end must not keep the warden.
const MOST_READS: usize = 32;

/// The end of what a process has written.
#[derive(Debug)]
pub(crate) struct LastWords {
    pipe: OwnedFd,
    tail: Mutex<VecDeque<u8>>,
}

impl LastWords {
    pub(crate) fn new(pipe: impl Into<OwnedFd>) -> io::Result<Self> {
        let pipe = pipe.into();
        fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?;
        Ok(Self { pipe, tail: Mutex::default() })
    }

    /// Reads what is there. False if there will be nothing more.
    pub(crate) fn listen(&self) -> bool {
        let mut tail = self.tail.lock();
        let mut buffer = [0; MOST_BYTES];
        for _ in 0..MOST_READS {
            match rustix::io::read(&self.pipe, &mut buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    tail.extend(&buffer[..count]);
                    let surplus = tail.len().saturating_sub(MOST_BYTES);
                    tail.drain(..surplus);
                }
                Err(Errno::INTR) => {}
                Err(error) => return error == Errno::AGAIN,
            }
        }
        true
    }

    /// The last lines, once the process has ended.
    pub(crate) fn text(&self) -> Option<String> {
        self.listen();
        let bytes: Vec<u8> = self.tail.lock().iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.trim().lines().collect();
        let last = lines[lines.len().saturating_sub(MOST_LINES)..].join("\n");
        (!last.is_empty()).then_some(last)
    }
}

impl AsFd for LastWords {
    /// Becomes readable when there is something to read, or will be nothing more.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::LastWords;

    #[test]
    fn the_last_lines_are_kept() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let words = LastWords::new(ours).unwrap();
        assert!(words.listen() && words.text().is_none());
        for line in 0..3_000 {
            writeln!(theirs, "line {line}").unwrap();
            assert!(words.listen());
        }
        drop(theirs);
        assert!(!words.listen());
        let text = words.text().unwrap();
        assert_eq!(text.lines().count(), 20);
        assert!(text.starts_with("line 2980\n") && text.ends_with("line 2999"), "{text}");
    }
}
