//! On `dyn Executor` an argument is owned: `String` for `&str`.

use concurrent_futures_core::Executor;

fn length(executor: &dyn Executor) {
    let text = String::from("borrowed");
    let _ = executor.submit(|text: &str| text.len(), text.as_str());
}

fn main() {}
