//! An error that serde can't write: `submit_fallible` takes it, `submit` doesn't.

use std::num::ParseIntError;

use concurrent_futures_core::Executor;

fn parse(text: String) -> Result<u64, ParseIntError> {
    text.parse()
}

fn both(executor: &dyn Executor) {
    let _ = executor.submit_fallible(parse, String::from("7"));
    let _ = executor.submit(parse, String::from("7"));
}

fn main() {}
