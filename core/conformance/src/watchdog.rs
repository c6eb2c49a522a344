use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a promise may take unless its test says otherwise: far more than any needs, so that only a hang exceeds it.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Runs the body of a test and turns a hang into a failure that has a name.
///
/// The body runs on a thread of its own, whose panic becomes the caller's. What hangs is left behind.
///
/// # Panics
///
/// If the body panics, or isn't done within `limit`.
///
/// ```
/// use std::time::Duration;
/// use concurrent_futures_conformance::{LIMIT, watchdog};
///
/// watchdog(LIMIT, "two and two", || assert_eq!(2 + 2, 4));
///
/// let hung = std::panic::catch_unwind(|| {
///     watchdog(Duration::from_millis(1), "a sleeper", || std::thread::park())
/// });
/// assert!(hung.unwrap_err().downcast_ref::<String>().unwrap().contains("`a sleeper` hangs"));
/// ```
pub fn watchdog(limit: Duration, name: &str, body: impl FnOnce() + Send + 'static) {
    let (tell, hear) = mpsc::channel::<Result<(), Box<dyn Any + Send>>>();
    let run = move || {
        let outcome = catch_unwind(AssertUnwindSafe(body));
        // Nobody hears it if the limit has passed.
        drop(tell.send(outcome));
    };
    thread::Builder::new().name(name.to_owned()).spawn(run).expect("a thread for the test starts");
    match hear.recv_timeout(limit) {
        Ok(Ok(())) => {}
        Ok(Err(payload)) => resume_unwind(payload),
        Err(RecvTimeoutError::Timeout) => panic!("`{name}` hangs: it is not done after {limit:?}"),
        Err(RecvTimeoutError::Disconnected) => unreachable!("the body is caught, and then tells"),
    }
}
