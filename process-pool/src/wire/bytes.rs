//! Numbers, texts and byte strings, one after the other.

use std::fmt;

/// The bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message between parent and worker makes no sense")
    }
}

impl std::error::Error for Malformed {}

impl From<Malformed> for std::io::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, malformed)
    }
}

/// Appends to a vector.
pub(crate) trait Write {
    /// A number, in seven bits a byte: small ones are short.
    fn put(&mut self, number: u64);
    /// Bytes, after their length.
    fn put_bytes(&mut self, bytes: &[u8]);
    /// Whether there are any, and the bytes.
    fn put_optional(&mut self, bytes: Option<&[u8]>);
}

impl Write for Vec<u8> {
    #[inline]
    fn put(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.push(number as u8);
    }

    #[inline]
    fn put_bytes(&mut self, bytes: &[u8]) {
        self.put(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }

    #[inline]
    fn put_optional(&mut self, bytes: Option<&[u8]>) {
        self.put(bytes.is_some().into());
        if let Some(bytes) = bytes {
            self.put_bytes(bytes);
        }
    }
}

/// Reads what [`Write`] wrote.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                // A number is written in one way only: its last byte is no zero that could be left out.
                return if byte == 0 && shift > 0 { Err(Malformed) } else { Ok(number) };
            }
        }
        Err(Malformed)
    }

    pub(crate) fn take_usize(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.take()?).map_err(|_| Malformed)
    }

    pub(crate) fn take_u32(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.take()?).map_err(|_| Malformed)
    }

    pub(crate) fn take_bool(&mut self) -> Result<bool, Malformed> {
        match self.take()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    #[inline]
    pub(crate) fn take_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.take_usize()?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(crate) fn take_text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.take_bytes()?).map_err(|_| Malformed)
    }

    /// What has not been read.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Everything has been read.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Reader, Write};

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        for number in [0, 1, 127, 128, u64::MAX] {
            bytes.put(number);
        }
        bytes.put_bytes(b"text");
        let mut reader = Reader::new(&bytes);
        for number in [0, 1, 127, 128, u64::MAX] {
            assert_eq!(reader.take(), Ok(number));
        }
        assert_eq!(reader.take_text(), Ok("text"));
        assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        assert_eq!(Reader::new(&[]).take(), Err(Malformed));
        assert_eq!(Reader::new(&[0x80]).take(), Err(Malformed));
        assert_eq!(Reader::new(&[0xff; 11]).take(), Err(Malformed));
        assert_eq!(Reader::new(&[0x80, 0]).take(), Err(Malformed), "longer than it need be");
        assert_eq!(Reader::new(&[5, 1, 2]).take_bytes(), Err(Malformed));
        assert_eq!(Reader::new(&[1, 0xff]).take_text(), Err(Malformed));
        assert_eq!(Reader::new(&[2]).take_bool(), Err(Malformed));
    }
}
