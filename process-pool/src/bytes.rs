use std::fmt;
use std::ops::{Deref, RangeBounds};

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::attachments;

/// Bytes that cross to a worker and back with as few copies as there can be; cloning them copies nothing.
///
/// Use it for anything large, as argument or as result. A `Vec<u8>` is encoded byte by byte; this is one block, which from
/// 96 KiB on isn't even copied into a message with other things, and which arrives in the buffer that it was received into.
///
/// ```
/// use concurrent_futures_process_pool::Bytes;
///
/// let bytes = Bytes::from(vec![1, 2, 3, 4]);
/// assert_eq!(&bytes.slice(1..3)[..], [2, 3]);
/// assert_eq!(bytes.len(), 4);
/// assert_eq!(Bytes::from("text"), Bytes::from(b"text"));
/// ```
///
/// Numbers go faster as bytes, too: a `Vec<f64>` is encoded one by one, which takes some tens of nanoseconds each, and many
/// times that in a build without optimisation. By the crate bytemuck: `cast_slice` there, and where they are read
/// `pod_collect_to_vec`, since a view may begin at any address.
///
/// For the same bytes again and again, [`SharedBytes`](crate::SharedBytes) are lent instead of sent.
///
/// Python: pickle protocol 5 with out-of-band buffers, which `ProcessPoolExecutor` doesn't use.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bytes(::bytes::Bytes);

/// From this size on they travel as a message of their own. Below it a copy costs less than another message: two more
/// wake-ups each way. A frame with less still goes as one message.
const LEAST_ATTACHED: usize = 96 * 1024;

impl Bytes {
    /// No bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that are part of the program.
    #[must_use]
    pub fn from_static(bytes: &'static [u8]) -> Self {
        Self(::bytes::Bytes::from_static(bytes))
    }

    /// Bytes that somebody else owns, a mapped file for instance, who is dropped with the last view of them.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use concurrent_futures_process_pool::Bytes;
    ///
    /// let owner: Arc<[u8]> = Arc::from([1, 2, 3]);
    /// assert_eq!(Bytes::from_owner(owner.clone())[..], owner[..]);
    /// ```
    pub fn from_owner(owner: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self(::bytes::Bytes::from_owner(owner))
    }

    /// A view of a part; it copies nothing and keeps the whole alive.
    ///
    /// # Panics
    ///
    /// If the range isn't inside.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        Self(self.0.slice(range))
    }

    /// As the type of the crate `bytes`.
    #[must_use]
    pub fn into_inner(self) -> ::bytes::Bytes {
        self.0
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// Copies the bytes; [`from_static`](Bytes::from_static) doesn't.
impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(::bytes::Bytes::copy_from_slice(bytes))
    }
}

/// As of a slice.
impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(&bytes[..])
    }
}

/// Copies the text.
impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<::bytes::Bytes> for Bytes {
    fn from(bytes: ::bytes::Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0.into()
    }
}

impl FromIterator<u8> for Bytes {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        Self(bytes.into_iter().collect())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.len())
    }
}

/// How they are written down: here, or as the number of an attachment.
#[derive(Serialize, Deserialize)]
enum Form {
    Here(Raw),
    Attached(u32),
}

/// Bytes as one block; serde's own slices are sequences of numbers.
struct Raw(::bytes::Bytes);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Raw, E> {
        Ok(Raw(::bytes::Bytes::copy_from_slice(bytes)))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Raw, E> {
        Ok(Raw(bytes.into()))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut sequence: A) -> Result<Raw, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = sequence.next_element()? {
            bytes.push(byte);
        }
        Ok(Raw(bytes.into()))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let attached = if self.len() >= LEAST_ATTACHED { attachments::leave_bytes(self) } else { None };
        match attached {
            Some(number) => Form::Attached(number).serialize(serializer),
            None => Form::Here(Raw(self.0.clone())).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Here(raw) => Ok(Self(raw.0)),
            Form::Attached(number) => {
                attachments::take_bytes(number).ok_or_else(|| D::Error::custom("the bytes didn't come along"))
            }
        }
    }
}
