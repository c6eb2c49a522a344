//! What is carried along, as bytes: the name of each hook, and what it wrote.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use super::{All, Carried, Named, hooks};
use crate::error::{CodecSide, message_of};
use crate::portable::codec;
use crate::report::{self, Report};

#[derive(Serialize, Deserialize)]
struct Wire {
    values: Vec<(String, Vec<u8>)>,
    /// What a hook panicked with.
    failure: Option<String>,
}

impl Carried {
    /// The bytes, for the worker of another process. They are made once for all tasks of a map.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.bytes.get_or_init(|| {
            let mut wire = Wire { values: Vec::new(), failure: self.0.failure.clone() };
            for (name, value) in &self.0.values {
                match catch_unwind(AssertUnwindSafe(|| value.encode())) {
                    Ok(Some(bytes)) => wire.values.push(((*name).to_owned(), bytes)),
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
                for (name, bytes) in wire.values {
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
