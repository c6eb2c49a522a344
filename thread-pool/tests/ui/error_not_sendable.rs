//! The error of a task is read on another thread, so its type says that it may go there.

use std::error::Error;

use concurrent_futures_core::{Executor, Future};

fn parse(text: String) -> Result<u8, Box<dyn Error>> {
    Ok(text.parse()?)
}

fn start(executor: &dyn Executor) -> Future<u8> {
    executor.submit_fallible(parse, "7".to_owned())
}

fn main() {}
