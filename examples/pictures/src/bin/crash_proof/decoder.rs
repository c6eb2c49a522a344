//! The decoder: stb_image, in C, as its crate has it.
#![expect(unsafe_code, reason = "it is C, which is why it gets a process of its own")]

use std::ffi::{CStr, c_int};
use std::ptr;

use concurrent_futures::Bytes;
use stb_image::stb_image as stb;

/// The task: decodes a picture, of an animated GIF all its frames, and gives its width and height.
///
/// A picture that the decoder refuses is an error. Whatever else may happen here ends the process, and the pool tells of it.
pub(crate) fn decode(bytes: Bytes) -> Result<(i32, i32), String> {
    let len = c_int::try_from(bytes.len()).map_err(|_| "it has more than 2 GiB")?;
    let (mut width, mut height, mut frames, mut channels) = (0, 0, 0, 0);
    let start = bytes.as_ptr();
    // That the decoder keeps to what it is given nobody can promise: it has known faults. Where it goes astray it harms this
    // process only, which has nothing but this one picture.
    let pixels = if bytes.starts_with(b"GIF8") {
        let delays = ptr::null_mut();
        // SAFETY: `len` bytes are at `start`, the sizes can be written to, and null says that nobody wants the delays.
        unsafe {
            stb::stbi_load_gif_from_memory(start, len, delays, &mut width, &mut height, &mut frames, &mut channels, 0)
        }
    } else {
        // SAFETY: as above.
        unsafe { stb::stbi_load_from_memory(start, len, &mut width, &mut height, &mut channels, 0) }
    };
    if pixels.is_null() {
        return Err(reason());
    }
    // SAFETY: it comes from the decoder, and is given back once.
    unsafe { stb::stbi_image_free(pixels.cast()) };
    Ok((width, height))
}

fn reason() -> String {
    // SAFETY: it takes nothing, and gives null or a text that is part of the program.
    let reason = unsafe { stb::stbi_failure_reason() };
    if reason.is_null() {
        return "no reason given".to_owned();
    }
    // SAFETY: a text in C, checked against null above.
    unsafe { CStr::from_ptr(reason) }.to_string_lossy().into_owned()
}
