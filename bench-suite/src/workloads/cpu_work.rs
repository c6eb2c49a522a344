use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::Mandelbrot;

/// Real work for the processor, whose items have nothing to do with each other.
#[derive(Debug, Clone, Copy)]
pub enum CpuWork {
    /// The rows of an image; uneven.
    Mandelbrot(Mandelbrot),
    /// Whether numbers are prime, as in the example of Python's documentation: so many of its [`NUMBERS`], again and again.
    Primes(usize),
    /// The SHA-256 of files, which are read too.
    Sha256 {
        /// How many.
        files: usize,
        /// How long each of them is.
        bytes: usize,
    },
}

/// The six numbers of Python's example: five of them are prime, one of these twice.
pub const NUMBERS: [u64; 6] = [
    112_272_535_095_293,
    112_582_705_942_171,
    112_272_535_095_293,
    115_280_095_190_773,
    115_797_848_077_099,
    1_099_726_899_285_419,
];

/// One item, which crosses to a process as well as to a thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum CpuItem {
    /// A row of an image.
    Row(Mandelbrot, u64),
    /// A number that may be prime.
    Number(u64),
    /// A file to be read and hashed.
    File(PathBuf),
}

/// Items, and what they come to: the files are there as long as this is.
#[derive(Debug)]
pub struct Prepared {
    /// What is to be computed.
    pub items: Vec<CpuItem>,
    /// The wrapping sum of all results.
    pub expected: u64,
    directory: Option<TempDir>,
}

impl CpuWork {
    /// Makes the items, computes their answer on this thread, and checks that.
    ///
    /// # Panics
    ///
    /// If files can't be written, or an answer is not what it is known to be.
    #[must_use]
    pub fn prepare(self) -> Prepared {
        let directory = matches!(self, Self::Sha256 { .. }).then(|| TempDir::new().expect("there is room for files"));
        let items: Vec<CpuItem> = match (self, &directory) {
            (Self::Sha256 { files, bytes }, Some(directory)) => {
                (0..files).map(|file| CpuItem::File(write(directory, file, bytes))).collect()
            }
            (Self::Primes(count), _) => NUMBERS.iter().cycle().take(count).copied().map(CpuItem::Number).collect(),
            (Self::Mandelbrot(image), _) => (0..image.size as u64).map(|y| CpuItem::Row(image, y)).collect(),
            (Self::Sha256 { .. }, None) => unreachable!("its files have a directory"),
        };
        assert_eq!(hash(b"abc"), ABC, "this SHA-256 is none");
        let expected = match self {
            Self::Primes(count) => primes_among(count),
            _ => sum(items.iter().cloned().map(compute)),
        };
        Prepared { items, expected, directory }
    }

    /// How many items there are.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Mandelbrot(image) => image.size,
            Self::Primes(count) => count,
            Self::Sha256 { files, .. } => files,
        }
    }
}

impl Drop for Prepared {
    /// Nobody reads the files any more. A directory that can't be removed is left to the system.
    fn drop(&mut self) {
        let _ = self.directory.take().map(TempDir::close);
    }
}

/// Computes one item; the same function for everybody.
///
/// # Panics
///
/// If a file can't be read.
#[must_use]
pub fn compute(item: CpuItem) -> u64 {
    match item {
        CpuItem::Row(image, y) => image.checksum_of_row(y),
        CpuItem::Number(number) => is_prime(number).into(),
        CpuItem::File(path) => hash(&fs::read(path).expect("the file is there until the end")),
    }
}

/// The sum that all contestants come to.
pub fn sum(results: impl IntoIterator<Item = u64>) -> u64 {
    results.into_iter().fold(0, u64::wrapping_add)
}

/// As in Python's documentation: odd divisors up to the root.
fn is_prime(number: u64) -> bool {
    if number < 2 || (number != 2 && number.is_multiple_of(2)) {
        return false;
    }
    (3..=number.isqrt()).step_by(2).all(|divisor| !number.is_multiple_of(divisor))
}

fn primes_among(count: usize) -> u64 {
    let composite = NUMBERS.len();
    (count - count / composite) as u64
}

/// The first eight bytes of the digest of "abc", from the standard, as a little-endian number.
const ABC: u64 = u64::from_le_bytes([0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]);

fn hash(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    let first: [u8; 8] = digest[..8].try_into().expect("a digest has 32 bytes");
    u64::from_le_bytes(first)
}

/// Each file has other contents; a program in another language can write the same.
fn write(directory: &TempDir, file: usize, bytes: usize) -> PathBuf {
    let path = directory.path().join(file.to_string());
    let contents: Vec<u8> = (0..bytes).map(|place| (place * 31 + file * 7) as u8).collect();
    let written = fs::File::create(&path).and_then(|mut target| target.write_all(&contents));
    written.expect("there is room for files");
    path
}

#[cfg(test)]
mod tests {
    use super::{CpuItem, CpuWork, compute, is_prime};
    use crate::workloads::Mandelbrot;

    #[test]
    fn a_number_is_prime_that_nothing_divides() {
        let primes: Vec<u64> = (0..40).filter(|&number| is_prime(number)).collect();
        assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]);
        assert!(is_prime(1_000_003) && !is_prime(1_000_003 * 1_009));
    }

    #[test]
    fn files_are_hashed_and_gone_in_the_end() {
        let prepared = CpuWork::Sha256 { files: 2, bytes: 3 }.prepare();
        // sha256 of 00 1f 3e and of 07 26 45.
        let CpuItem::File(path) = prepared.items[0].clone() else { unreachable!("they are files") };
        assert_eq!(std::fs::read(&path).unwrap(), [0x00, 0x1f, 0x3e]);
        assert_ne!(compute(prepared.items[0].clone()), compute(prepared.items[1].clone()));
        drop(prepared);
        assert!(!path.exists());
    }

    #[test]
    fn rows_come_to_the_checksum_of_the_image() {
        let image = Mandelbrot { size: 16, limit: 50 };
        let prepared = CpuWork::Mandelbrot(image).prepare();
        assert_eq!(prepared.items.len(), 16);
        assert_eq!(prepared.expected, image.checksum());
    }
}
