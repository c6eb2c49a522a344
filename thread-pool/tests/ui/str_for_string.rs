//! The argument's type is the parameter's: nothing turns a `&str` into a `String` on the way.

use concurrent_futures_core::Executor;

fn length(executor: &dyn Executor) {
    let _ = executor.submit(|text: String| text.len(), "owned?");
}

fn main() {}
