//! Where this program's code lies, so that a function can be named to another process that runs the same file.
//!
//! Both processes load the image at addresses of their own, so a function crosses as its distance from a landmark. Only
//! the main image qualifies: the distance to a function of a shared library differs from process to process. Addresses
//! are checked on both sides, against the executable mappings of the file that the landmark lies in.

use std::fs;
use std::io;
use std::ops::Range;
use std::sync::OnceLock;

/// The main image, as this process has mapped it.
#[derive(Debug)]
pub(crate) struct Image {
    landmark: usize,
    code: Vec<Range<usize>>,
    identity: Identity,
}

/// Which file the image was loaded from. A running program's file can be replaced, never written to, so equal numbers
/// mean equal code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) device: String,
    pub(crate) inode: u64,
}

/// The distance of a function from the landmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offset(pub(crate) i64);

impl Image {
    /// The image of this process.
    ///
    /// # Errors
    ///
    /// If the system doesn't tell what is mapped where.
    pub(crate) fn ours() -> io::Result<&'static Self> {
        static OURS: OnceLock<Result<Image, String>> = OnceLock::new();
        let read = || Self::from_maps(&fs::read_to_string("/proc/self/maps").map_err(|error| error.to_string())?);
        OURS.get_or_init(read).as_ref().map_err(|text| io::Error::other(format!("/proc/self/maps: {text}")))
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Names a function of this image; `None` if it lies in another one.
    pub(crate) fn offset_of(&self, address: usize) -> Option<Offset> {
        self.contains(address).then(|| Offset((address as i64).wrapping_sub(self.landmark as i64)))
    }

    /// Finds a function that [`offset_of`](Self::offset_of) named in a process of the same image.
    pub(crate) fn address_of(&self, offset: Offset) -> Option<usize> {
        let address = (self.landmark as i64).wrapping_add(offset.0) as usize;
        self.contains(address).then_some(address)
    }

    fn contains(&self, address: usize) -> bool {
        self.code.iter().any(|range| range.contains(&address))
    }

    fn from_maps(maps: &str) -> Result<Self, String> {
        let landmark = landmark as *const () as usize;
        let mappings: Vec<Mapping> = maps.lines().filter_map(Mapping::parse).collect();
        let ours =
            mappings.iter().find(|mapping| mapping.range.contains(&landmark)).ok_or("our own code isn't there")?;
        let identity = ours.identity.clone();
        let is_code = |mapping: &&Mapping| mapping.is_executable && mapping.identity == identity;
        let code = mappings.iter().filter(is_code).map(|mapping| mapping.range.clone()).collect();
        Ok(Self { landmark, code, identity })
    }
}

/// What both processes measure from.
#[inline(never)]
fn landmark() {}

struct Mapping {
    range: Range<usize>,
    is_executable: bool,
    identity: Identity,
}

impl Mapping {
    /// A line such as `55d0a000-55d0b000 r-xp 00001000 fe:01 12345 /path`.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let (begin, end) = fields.next()?.split_once('-')?;
        let range = usize::from_str_radix(begin, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        let is_executable = fields.next()?.contains('x');
        let device = fields.nth(1)?.to_owned();
        let inode = fields.next()?.parse().ok()?;
        Some(Self { range, is_executable, identity: Identity { device, inode } })
    }
}

#[cfg(test)]
mod tests {
    use super::Image;

    fn double(n: u64) -> u64 {
        2 * n
    }

    #[test]
    fn a_function_of_this_image_is_found_again_by_its_offset() {
        let image = Image::ours().unwrap();
        let address = double as fn(u64) -> u64 as usize;
        let offset = image.offset_of(address).unwrap();
        assert_eq!(image.address_of(offset), Some(address));
    }

    #[test]
    fn what_is_no_code_of_this_image_has_no_offset() {
        let image = Image::ours().unwrap();
        let local = 1_u8;
        assert_eq!(image.offset_of(&raw const local as usize), None, "the stack is no code");
        assert_eq!(image.offset_of(libc::getpid as *const () as usize), None, "another library");
        assert_eq!(image.offset_of(0), None);
        assert_eq!(image.address_of(super::Offset(i64::MAX)), None);
    }
}
