//! The one place where a borrow's lifetime is forgotten, and what answers for it.
//!
//! A queue holds jobs of any age, so a job must be `'static`; a scoped closure isn't. Safe Rust can't say "it is gone
//! before the scope returns", so the lifetime is erased here, and the latch makes it true.

use std::sync::Arc;

use super::latch::{Hold, Latch};

/// A closure of a scope, without its lifetime, and the hold that keeps the scope from returning.
pub(super) struct ScopedCall {
    /// Dropped before `hold`: fields are dropped in the order of their declaration.
    function: Box<dyn FnOnce() + Send>,
    hold: Hold,
}

impl ScopedCall {
    /// Erases the lifetime of `function`; `latch` is that of the scope that it belongs to.
    pub(super) fn new<'scope>(function: Box<dyn FnOnce() + Send + 'scope>, latch: &Arc<Latch>) -> Self {
        let hold = latch.hold();
        // SAFETY: the two types differ in the lifetime only. What the closure borrows must outlive the closure:
        // - `ThreadPool::scope` doesn't return, and doesn't unwind, before its latch is released by all holds, and what a
        //   scoped closure borrows outlives that call: `'scope` is chosen by the caller of `body` for any lifetime, and
        //   invariant, so `body` can't have borrowed anything shorter or let a `&Scope` out of it.
        // - `hold` is released only after the closure is gone: called, which consumes it and drops its captures even
        //   if it unwinds, before `call` drops `hold`; or dropped with `self`, the field before `hold`.
        // - Nothing that the closure captured survives it: it returns `()`, a panic's payload is `'static`, and the
        //   value that it stores is shared only with a `ScopedFuture` of the same lifetime.
        // - If the job is leaked, the hold is never given back, and the scope waits for ever rather than return.
        let function = unsafe {
            std::mem::transmute::<Box<dyn FnOnce() + Send + 'scope>, Box<dyn FnOnce() + Send + 'static>>(function)
        };
        Self { function, hold }
    }

    /// Calls the closure, and gives the hold back when everything it captured is gone.
    pub(super) fn call(self) {
        let Self { function, hold } = self;
        // Declared after `function` was moved out, so it is dropped last, also while unwinding.
        let _hold = hold;
        function();
    }
}
