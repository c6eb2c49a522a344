//! The one place that knows the serialisation format.
//!
//! It is bincode 2, standard configuration. Nothing of it shows in the public interface: both ends are the same
//! program, so the format may change with any version.

use std::any::type_name;

use bincode::config;
use bincode::enc::write::Writer;
use bincode::error::EncodeError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{CodecError, CodecSide};

/// Appends `value` to `bytes`.
pub(crate) fn encode<T: Serialize>(side: CodecSide, value: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    bincode::serde::encode_into_writer(value, Append(bytes), config::standard())
        .map_err(|error| CodecError::new(side, type_name::<T>(), error.to_string()))
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
    match bincode::serde::decode_from_slice(bytes, config::standard()) {
        Ok((value, read)) if read == bytes.len() => Ok(value),
        Ok((_, read)) => Err(failed(format!("{} bytes are left over after the value", bytes.len() - read))),
        Err(error) => Err(failed(error.to_string())),
    }
}
