//! A job as it crosses: what to call with what, and what travels beside it.

use std::sync::Arc;

use concurrent_futures_core::portable::Encoded;
use concurrent_futures_core::{Job, Reason, Rejected, TaskError};

use crate::attachments::{self, Attachments, Way};
use crate::image::{Image, Offset};

/// An encoded job.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) entry: Offset,
    pub(crate) function: Offset,
    /// Nothing where it was given away.
    encoded: Option<Encoded>,
    pub(crate) attachments: Attachments,
    /// About how many bytes its part of a frame takes.
    pub(crate) size: usize,
}

/// No part of a job takes more than this beside its arguments.
const OVERHEAD: usize = 96;

impl Payload {
    /// Encodes a job.
    ///
    /// # Errors
    ///
    /// If it can't cross: it holds a closure, or a function of another image.
    pub(crate) fn of(job: &Job) -> Result<Self, TaskError> {
        Self::encode(job, Way::Frame)
    }

    /// Encodes the call of an initializer, which is no part of a frame.
    pub(crate) fn of_initializer(job: &Job) -> Result<Self, TaskError> {
        Self::encode(job, Way::Setup)
    }

    /// What is left where a payload was taken away.
    pub(crate) fn nothing() -> Self {
        let (entry, function) = (Offset(0), Offset(0));
        Self { entry, function, encoded: None, attachments: Attachments::default(), size: 0 }
    }

    fn encode(job: &Job, way: Way) -> Result<Self, TaskError> {
        let (encoded, attachments) = attachments::collect(way, || job.encode());
        let encoded = encoded.ok_or_else(|| Rejected::new(Reason::NotPortable))?;
        let image = Image::ours().map_err(|error| Rejected::broken(error.to_string(), None))?;
        let call = encoded.call();
        let (Some(entry), Some(function)) = (image.offset_of(call.entry), image.offset_of(call.function)) else {
            let why = "its function, or the code for its types, lies in a shared library; call it from a function of the program";
            return Err(Rejected::not_portable(why).into());
        };
        let carried = encoded.carried().map_or(0, <[u8]>::len);
        let size = OVERHEAD + carried + encoded.size() + 5 * encoded.arguments().len();
        Ok(Self { entry, function, encoded: Some(encoded), attachments, size })
    }

    /// The arguments, in the order of their positions, each with the index of its task.
    pub(crate) fn arguments(&self) -> Option<impl ExactSizeIterator<Item = (usize, &[u8])> + Clone> {
        self.encoded.as_ref().map(Encoded::arguments)
    }

    /// What goes along with each of the tasks.
    pub(crate) fn carried(&self) -> Option<&[u8]> {
        self.encoded.as_ref()?.carried()
    }

    pub(crate) fn tasks(&self) -> usize {
        self.arguments().map_or(0, |arguments| arguments.len())
    }

    /// The index of the task at each position; `None` where they are the same.
    pub(crate) fn indices(&self) -> Option<Arc<[usize]>> {
        let encoded = self.encoded.as_ref().filter(|encoded| !encoded.is_gapless())?;
        Some(encoded.arguments().map(|(index, _)| index).collect())
    }
}
