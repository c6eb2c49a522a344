//! What is waited for together is of one type, unless it is `&dyn AnyFuture`.

use concurrent_futures_core::{AnyFuture, Future, ReturnWhen, wait};

fn both(number: &Future<u64>, text: &Future<String>) {
    let any: [&dyn AnyFuture; 2] = [number, text];
    let _ = wait(any, ReturnWhen::AllCompleted, None);
    let _ = wait([number, text], ReturnWhen::AllCompleted, None);
}

fn main() {}
