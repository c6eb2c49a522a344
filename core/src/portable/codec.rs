//! The one place that knows the serialisation format.
//!
//! It is bincode 2, standard configuration. Nothing of it shows in the public interface: both ends are the same
//! program, so the format may change with any version.

use std::any::type_name;

use bincode::config;
use bincode::de::{BorrowDecode, Decoder, DecoderImpl};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::serde::BorrowCompat;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::nesting::WhileStackLasts;
use crate::error::{CodecError, CodecSide};

/// Appends `value` to `bytes`.
pub(crate) fn encode<T: Serialize>(side: CodecSide, value: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    bincode::serde::encode_into_writer(value, Append(bytes), config::standard())
        .map_err(|error| CodecError::new(side, type_name::<T>(), why_not_encoded(&error)))
}

/// Bincode's own way into a vector: through `std::io::Write` a number costs twice as much.
struct Append<'a>(&'a mut Vec<u8>);

impl Writer for Append<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Reads a value that takes up all of `bytes`.
pub(crate) fn decode<T: DeserializeOwned>(side: CodecSide, bytes: &[u8]) -> Result<T, CodecError> {
    let failed = |message: String| CodecError::new(side, type_name::<T>(), message);
    let mut decoder = DecoderImpl::new(WhileStackLasts::new(bytes), config::standard(), ());
    match BorrowCompat::borrow_decode(&mut decoder) {
        Ok(BorrowCompat(value)) if decoder.reader().left.is_empty() => Ok(value),
        Ok(_) => {
            let left = decoder.reader().left.len();
            Err(failed(format!("{left} bytes are left over after the value; {IS_ANOTHER_SHAPE}")))
        }
        Err(error) => Err(failed(why_not_decoded(&error))),
    }
}

// What crosses has no names and no kinds in it, so a type that is read by what it finds can't be read.

const HAS_NO_LENGTH: &str = "it is written without saying how long it is (`#[serde(flatten)]`, or an iterator), and what \
                             crosses must say; send it as a String of JSON, by serde_json::to_string, or collect it first";

const IS_READ_BY_WHAT_IT_FINDS: &str = "it is read by what it finds (a value of any shape such as `serde_json::Value`, or \
                                        `#[serde(untagged)]`, `#[serde(tag)]`, `#[serde(flatten)]`), and what crosses \
                                        doesn't say what it is; send it as a String of JSON, by serde_json::to_string";

/// What serde says of a path that is no UTF-8.
const IS_NO_TEXT: &str = "path contains invalid UTF-8 characters";

const IS_ANOTHER_SHAPE: &str = "it is not read as it was written; are there fields that are written only sometimes \
                                (`#[serde(skip_serializing_if)]`, `skip_serializing`)?";

fn why_not_encoded(error: &EncodeError) -> String {
    match error {
        EncodeError::Serde(bincode::serde::EncodeError::SequenceMustHaveLength) => HAS_NO_LENGTH.to_owned(),
        // What a type says of itself.
        EncodeError::OtherString(text) if text == IS_NO_TEXT => format!("{text}; send it as an OsString"),
        EncodeError::OtherString(text) => text.clone(),
        other => other.to_string(),
    }
}

fn why_not_decoded(error: &DecodeError) -> String {
    use bincode::serde::DecodeError::{AnyNotSupported, IdentifierNotSupported, IgnoredAnyNotSupported};

    match error {
        DecodeError::Serde(AnyNotSupported | IdentifierNotSupported | IgnoredAnyNotSupported) => {
            IS_READ_BY_WHAT_IT_FINDS.to_owned()
        }
        DecodeError::UnexpectedEnd { .. } => format!("there are too few bytes; {IS_ANOTHER_SHAPE}"),
        DecodeError::Other(text) => (*text).to_owned(),
        DecodeError::OtherString(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Into how many pieces a value falls on its way into bytes.
#[cfg(all(test, not(any(concurrent_futures_loom, concurrent_futures_shuttle))))]
pub(crate) fn count_writes<T: Serialize>(value: &T) -> usize {
    struct Count(usize);
    impl Writer for &mut Count {
        fn write(&mut self, _bytes: &[u8]) -> Result<(), EncodeError> {
            self.0 += 1;
            Ok(())
        }
    }
    let mut count = Count(0);
    bincode::serde::encode_into_writer(value, &mut count, config::standard()).unwrap();
    count.0
}
