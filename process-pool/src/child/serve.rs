//! The one file of the worker with `unsafe`: it calls what a frame names.

use std::io;

use concurrent_futures_core::portable::{Call, Context, Serving};

use crate::image::Image;
use crate::wire::bytes::Malformed;
use crate::wire::frame::Header;

/// Begins to serve a job that the parent has sent.
pub(super) fn begin(image: &Image, header: &Header<'_>, context: Context) -> io::Result<Serving> {
    let (Some(entry), Some(function)) = (image.address_of(header.entry), image.address_of(header.function)) else {
        return Err(Malformed.into());
    };
    let call = Call { entry, function };
    // SAFETY: the call was encoded by the parent, which is the only process that has the other end of the channel that
    // the frame came from. The parent runs the same image: it has compared file and device of the two before it sent the
    // first frame. Both addresses were made relative there and are translated here, and lie in the code of the image.
    Ok(unsafe { Serving::begin(call, context) })
}
