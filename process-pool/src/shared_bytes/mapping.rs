//! The one file of shared bytes with `unsafe`: sealed memory, seen as a slice.
//!
//! Safe Rust can't map a file, since somebody may write to it or cut it. This one nobody can: its seals are checked here.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use memmap2::{Mmap, MmapOptions};
use rustix::fs::{SealFlags, fcntl_get_seals};

/// A file of memory that never changes.
#[derive(Debug)]
pub(super) struct Mapping(Option<Mmap>);

impl Mapping {
    /// Maps the whole of a sealed file.
    ///
    /// # Errors
    ///
    /// If it isn't sealed, or the system refuses.
    pub(super) fn new(file: BorrowedFd<'_>) -> io::Result<Self> {
        let needed = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        if !fcntl_get_seals(file)?.contains(needed) {
            return Err(io::Error::other("the shared memory isn't sealed"));
        }
        let len = usize::try_from(rustix::fs::fstat(file)?.st_size).map_err(io::Error::other)?;
        if len == 0 {
            // The system maps nothing of no length.
            return Ok(Self(None));
        }
        // SAFETY: a mapping may be seen as a slice if the file is neither written nor cut while it lives. Its seals forbid
        // both to everybody, and forbid to take a seal off.
        let map = unsafe { MmapOptions::new().len(len).map(file.as_raw_fd())? };
        Ok(Self(Some(map)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}
