use concurrent_futures_core::portable::{Call, Context, serve};

/// Serves one task in this process.
///
/// Private to the loopback executor, which gives it nothing but what [`Job::encode`](concurrent_futures_core::Job::encode)
/// gave a moment before.
pub(super) fn serve_here(call: Call, argument: &[u8], context: Context) -> Vec<u8> {
    // SAFETY: `serve` asks that the call come from `Encoded::call` in this very program image, with both addresses
    // valid where the image lies. The only caller is `LoopbackExecutor`, which takes it from a job that was encoded in
    // this process and keeps both in memory, never in a file or a socket; so the image is this one, and lies where it
    // lay.
    unsafe { serve(call, argument, context) }
}
