//! What a worker answers for one task: a byte that says which kind, and what belongs to it.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::{Portable, codec, contained};
use crate::error::{CodecError, CodecSide, Failed, Panicked, TaskError};
use crate::report;

const VALUE: u8 = 0;
const ERROR: u8 = 1;

/// How a task failed, as it crosses. What can't happen to a task inside a worker has no form here.
#[derive(Serialize, Deserialize)]
enum WireError {
    Cancelled,
    Panicked { message: String, location: Option<String> },
    Failed { type_name: String, chain: Vec<String> },
    Codec { side: CodecSide, type_name: String, message: String },
    Other { name: String, text: String },
}

/// Appends an outcome to `reply`. A result that can't be encoded becomes an error that can.
/// Serialisers, texts of errors and destructors are user code: none of them costs the reply.
pub(super) fn encode<R: Portable>(outcome: Result<R, TaskError>, reply: &mut Vec<u8>) {
    let begin = reply.len();
    let encoded = contained::<R, _>(CodecSide::ResultOut, || match &outcome {
        Ok(value) => encode_value(value, reply),
        Err(error) => encode_error(error, reply),
    });
    if let Err(error) = encoded {
        reply.truncate(begin);
        encode_error(&error.into(), reply).expect("an error of ours is made of strings, and a vector takes them all");
    }
    match outcome {
        Ok(value) => report::discard(value),
        Err(error) => report::discard(error),
    }
}

fn encode_value<R: Portable>(value: &R, reply: &mut Vec<u8>) -> Result<(), CodecError> {
    reply.push(VALUE);
    let _mark = Mark::set();
    codec::encode(CodecSide::ResultOut, value, reply)
}

std::thread_local! {
    static IS_ENCODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is encoding what a task has returned, for the executor that serves it: not what a task
/// encodes for itself. For types that travel in a way of their own.
#[doc(hidden)]
#[must_use]
#[inline]
pub fn is_encoding_result() -> bool {
    IS_ENCODING.get()
}

/// Takes the mark away also where a serialiser panics.
struct Mark;

impl Mark {
    fn set() -> Self {
        IS_ENCODING.set(true);
        Self
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        IS_ENCODING.set(false);
    }
}

fn encode_error(error: &TaskError, reply: &mut Vec<u8>) -> Result<(), CodecError> {
    reply.push(ERROR);
    codec::encode(CodecSide::ResultOut, &WireError::from(error), reply)
}

/// Decodes what [`encode`] made.
pub(super) fn decode<R: Portable>(reply: &[u8], label: Option<&str>) -> Result<R, TaskError> {
    match reply.split_first() {
        Some((&VALUE, value)) => Ok(codec::decode(CodecSide::ResultIn, value)?),
        Some((&ERROR, error)) => {
            let error: WireError = codec::decode(CodecSide::ResultIn, error)?;
            Err(error.into_task_error(label))
        }
        _ => {
            Err(CodecError::new(CodecSide::ResultIn, std::any::type_name::<R>(), "the reply begins with no known kind")
                .into())
        }
    }
}

impl From<&TaskError> for WireError {
    fn from(error: &TaskError) -> Self {
        match error {
            TaskError::Cancelled => Self::Cancelled,
            TaskError::Panicked(panicked) => Self::Panicked {
                message: panicked.message().to_owned(),
                location: panicked.location().map(str::to_owned),
            },
            TaskError::Failed(failed) => {
                Self::Failed { type_name: failed.type_name().to_owned(), chain: failed.chain() }
            }
            TaskError::Codec(codec) => Self::Codec {
                side: codec.side(),
                type_name: codec.type_name().to_owned(),
                message: codec.message().to_owned(),
            },
            other => Self::Other { name: other.name().to_owned(), text: other.to_string() },
        }
    }
}

impl WireError {
    fn into_task_error(self, label: Option<&str>) -> TaskError {
        match self {
            Self::Cancelled => TaskError::Cancelled,
            Self::Panicked { message, location } => Panicked::new(message, location, label).into(),
            Self::Failed { type_name, chain } => Failed::from_chain(type_name, chain, label).into(),
            Self::Codec { side, type_name, message } => CodecError::new(side, type_name, message).into(),
            Self::Other { name, text } => Failed::from_chain(name, vec![text], label).into(),
        }
    }
}
