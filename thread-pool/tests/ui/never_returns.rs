//! A function that never returns has no type that could cross, unless it says one.

use concurrent_futures_core::Executor;

fn leave(executor: &dyn Executor) {
    executor.submit(|()| std::process::exit(3), ()).detach();
}

fn says_its_type(executor: &dyn Executor) {
    executor.submit(|()| -> () { std::process::exit(3) }, ()).detach();
}

fn main() {}
