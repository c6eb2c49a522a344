//! What is carried along, as bytes: the name of each hook, and what it wrote.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{All, Carried, Named, hooks};
use crate::error::{CodecSide, message_of};
use crate::portable::codec;
use crate::report::{self, Report};

#[derive(Serialize, Deserialize)]
struct Wire {
    values: Vec<(String, Blob)>,
    /// What a hook panicked with.
    failure: Option<String>,
}

/// What a hook wrote. As a plain `Vec<u8>` it would be a sequence, which serde takes and gives byte by byte.
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As a slice of what is there: room for an owned one would be made by the length that is claimed.
        deserializer.deserialize_bytes(BlobVisitor)
    }
}

struct BlobVisitor;

impl Visitor<'_> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Blob, E> {
        Ok(Blob(bytes.to_vec()))
    }
}

impl Carried {
    /// The bytes, for the worker of another process. They are made once for all tasks of a map.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.bytes.get_or_init(|| {
            let mut wire = Wire { values: Vec::new(), failure: self.0.failure.clone() };
            for (name, value) in &self.0.values {
                match catch_unwind(AssertUnwindSafe(|| value.encode())) {
                    Ok(Some(bytes)) => wire.values.push(((*name).to_owned(), Blob(bytes))),
                    Ok(None) => {}
                    Err(payload) => {
                        wire.failure.get_or_insert(format!("a context hook: {}", message_of(&*payload)));
                        report::forget(payload);
                    }
                }
            }
            if wire.values.is_empty() && wire.failure.is_none() {
                return Vec::new();
            }
            let mut bytes = Vec::new();
            codec::encode(CodecSide::ArgumentOut, &wire, &mut bytes)
                .expect("names and bytes can be encoded, and a vector takes them all");
            bytes
        })
    }

    /// What [`bytes`](Self::bytes) wrote, with the hooks of this process.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return None;
        }
        let mut all = All::default();
        match codec::decode::<Wire>(CodecSide::ArgumentIn, bytes) {
            Err(error) => all.failure = Some(format!("a context that could not be decoded: {error}")),
            Ok(wire) => {
                all.failure = wire.failure;
                let hooks = hooks();
                let hooks = hooks.as_deref().unwrap_or_default();
                // In the order of the submitter's hooks.
                for (name, Blob(bytes)) in wire.values {
                    let Some(hook) = hooks.iter().find(|hook| hook.name == name) else {
                        report_missing(&name);
                        continue;
                    };
                    decode(&mut all, hook, &bytes);
                }
            }
        }
        all.into_carried()
    }
}

fn decode(all: &mut All, hook: &Named, bytes: &[u8]) {
    match catch_unwind(AssertUnwindSafe(|| hook.hook.decode(bytes))) {
        Ok(Some(value)) => all.values.push((hook.name, value)),
        Ok(None) => {}
        Err(payload) => all.note_panic(payload),
    }
}

/// Once for each name.
fn report_missing(name: &str) {
    static REPORTED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut reported = REPORTED.lock().unwrap_or_else(PoisonError::into_inner);
    if reported.iter().any(|other| other == name) {
        return;
    }
    reported.push(name.to_owned());
    drop(reported);
    report::send(&Report::ContextHookMissing { name: name.to_owned() });
}

#[cfg(all(test, not(any(concurrent_futures_loom, concurrent_futures_shuttle))))]
mod tests {
    use serde::de::value::{BytesDeserializer, Error};
    use serde::{Deserialize, Serialize};

    use super::{Blob, Wire};
    use crate::error::CodecSide;
    use crate::portable::codec;

    fn written(value: &impl Serialize) -> Vec<u8> {
        let mut bytes = Vec::new();
        codec::encode(CodecSide::ArgumentOut, value, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_a_hook_wrote_is_written_and_read_at_once_and_not_byte_by_byte() {
        let writes = |len: usize| codec::count_writes(&Blob(vec![7; len]));
        assert_eq!(writes(1_000_000), writes(1_000), "as many for large ones");
        let read: Result<Blob, Error> = Blob::deserialize(BytesDeserializer::new(b"whole"));
        assert_eq!(read.unwrap().0, b"whole");
    }

    #[test]
    fn what_a_hook_wrote_crosses_as_it_is() {
        for len in [0, 1, 250, 251, 70_000] {
            let wire = Wire { values: vec![("request".to_owned(), Blob(vec![7; len]))], failure: None };
            let read: Wire = codec::decode(CodecSide::ArgumentIn, &written(&wire)).unwrap();
            let [(name, Blob(bytes))] = read.values.as_slice() else { panic!("{} values", read.values.len()) };
            assert!(name == "request" && *bytes == vec![7; len] && read.failure.is_none());
        }
    }

    #[test]
    fn a_length_that_is_not_there_is_an_error_and_takes_no_memory() {
        let claimed = written(&u64::MAX);
        assert!(codec::decode::<Blob>(CodecSide::ArgumentIn, &claimed).is_err());
    }
}
