//! A promise is started before it is completed.

use concurrent_futures_core::Promise;

fn main() {
    let (promise, _future) = Promise::new();
    promise.complete(5);
}
