//! The context hook that the promises of `context` are tested with.

use std::cell::Cell;

use concurrent_futures_core::context::{Captured, ContextHook};

thread_local! {
    /// What goes along; 0: nothing does.
    pub(crate) static REQUEST: Cell<u64> = const { Cell::new(0) };
}

pub(crate) const PANICS_IN_CAPTURE: u64 = 1001;
pub(crate) const PANICS_IN_ENCODE: u64 = 1002;
pub(crate) const PANICS_IN_DECODE: u64 = 1003;
pub(crate) const PANICS_BEFORE: u64 = 1004;
pub(crate) const PANICS_BEHIND: u64 = 1005;
pub(crate) const PANICS_IN_DROP: u64 = 1006;

/// A context hook for tests. A backend whose workers are processes registers it before its `init()`; in the test's own
/// process the promises do so themselves.
///
/// ```
/// concurrent_futures_core::context::register(concurrent_futures_conformance::RequestHook);
/// ```
#[derive(Debug)]
pub struct RequestHook;

struct Request(u64);

impl ContextHook for RequestHook {
    fn name(&self) -> &'static str {
        "conformance request"
    }

    fn capture(&self) -> Option<Box<dyn Captured>> {
        let request = REQUEST.get();
        assert!(request != PANICS_IN_CAPTURE, "in capture, as this test wants it");
        (request > 0).then(|| Box::new(Request(request)) as Box<dyn Captured>)
    }

    fn decode(&self, bytes: &[u8]) -> Option<Box<dyn Captured>> {
        let request = u64::from_le_bytes(bytes.try_into().ok()?);
        assert!(request != PANICS_IN_DECODE, "in decode, as this test wants it");
        Some(Box::new(Request(request)))
    }
}

impl Captured for Request {
    fn around(&self, run: &mut dyn FnMut()) {
        assert!(self.0 != PANICS_BEFORE, "before, as this test wants it");
        let before = REQUEST.replace(self.0);
        run();
        REQUEST.set(before);
        assert!(self.0 != PANICS_BEHIND, "behind, as this test wants it");
    }

    fn encode(&self) -> Option<Vec<u8>> {
        assert!(self.0 != PANICS_IN_ENCODE, "in encode, as this test wants it");
        Some(self.0.to_le_bytes().to_vec())
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        assert!(self.0 != PANICS_IN_DROP, "in a destructor, as this test wants it");
    }
}
