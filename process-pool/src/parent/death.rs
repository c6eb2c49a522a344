//! What is said of a worker that has died.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use concurrent_futures_core::{ExitCause, PoolKill, WorkerDied};

use super::lane::KillReason;
use super::worker::Worker;

/// How a process ended, for the error of its task.
pub(crate) fn cause(status: Option<ExitStatus>) -> ExitCause {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => ExitCause::Code(code),
        Some((None, Some(signal))) => {
            ExitCause::Signal { signal, core_dumped: status.is_some_and(|status| status.core_dumped()) }
        }
        _ => ExitCause::Unknown,
    }
}

/// How a process ended, in words that follow its name.
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("died by {}", signal_name(signal)),
        _ => "ended".to_owned(),
    }
}

/// Why the pool has killed a worker, where that is what it died of: it may have come to another end a moment before.
pub(crate) fn killed_by_pool(
    worker: &Worker,
    reason: Option<KillReason>,
    status: Option<ExitStatus>,
) -> Option<(PoolKill, String)> {
    status.is_none_or(|status| status.signal() == Some(libc::SIGKILL)).then_some(())?;
    match reason {
        Some(KillReason::Memory { limit, used }) => {
            let hint = format!("killed by its pool: it used {used} bytes, and memory_limit is {limit}");
            Some((PoolKill::MemoryLimit { limit, used }, hint))
        }
        _ if worker.process().is_given_up() => {
            let why = worker.unsent().map_or_else(
                || "what it wrote could not be read".to_owned(),
                |unsent| format!("a message could not be sent to it: {}", unsent.why),
            );
            Some((PoolKill::Unusable, format!("killed by its pool: {why}")))
        }
        _ => None,
    }
}

/// The error of the task that a worker was in the middle of when it died.
pub(crate) fn worker_died(
    pid: u32,
    status: Option<ExitStatus>,
    label: Option<&str>,
    attempt: u32,
    aborts_on_panic: bool,
    killed: Option<(PoolKill, String)>,
    last_words: Option<String>,
) -> WorkerDied {
    let mut died = WorkerDied::builder(pid, cause(status)).attempt(attempt);
    if let Some(label) = label {
        died = died.label(label);
    }
    let hint = match killed {
        Some((why, hint)) => {
            died = died.killed_by_pool(why);
            Some(hint)
        }
        None => hint(status, aborts_on_panic),
    };
    if let Some(hint) = hint {
        died = died.hint(hint);
    }
    if let Some(words) = last_words {
        died = died.stderr(words);
    }
    died.build()
}

/// What probably happened.
fn hint(status: Option<ExitStatus>, aborts_on_panic: bool) -> Option<String> {
    let status = status?;
    let Some(signal) = status.signal() else {
        return status.code().map(|_| "the task ended the process; a task should return".to_owned());
    };
    let (name, why) = known(signal)?;
    let why = if signal == libc::SIGABRT && aborts_on_panic {
        "a panic; the program is built with panic = \"abort\""
    } else {
        why
    };
    Some(format!("{name}: {why}"))
}

fn signal_name(signal: i32) -> String {
    known(signal).map_or_else(|| format!("signal {signal}"), |(name, _)| name.to_owned())
}

/// The name of a signal that ends processes, and why it usually comes.
fn known(signal: i32) -> Option<(&'static str, &'static str)> {
    const ASKED: &str = "somebody asked it to end";
    const MEMORY: &str = "an invalid access to memory, or a stack overflow";
    const FOREIGN: &str = "an instruction that isn't there, or a failed check in foreign code";
    Some(match signal {
        libc::SIGKILL => ("SIGKILL", "somebody killed it, probably the system, out of memory"),
        libc::SIGSEGV => ("SIGSEGV", MEMORY),
        libc::SIGBUS => ("SIGBUS", MEMORY),
        libc::SIGABRT => (
            "SIGABRT",
            "it aborted: `std::process::abort()` or C's `abort`, a stack overflow, a panic while panicking, or a failed \
             allocation",
        ),
        libc::SIGILL => ("SIGILL", FOREIGN),
        libc::SIGTRAP => ("SIGTRAP", FOREIGN),
        libc::SIGFPE => ("SIGFPE", "an arithmetic error in foreign code"),
        libc::SIGTERM => ("SIGTERM", ASKED),
        libc::SIGINT => ("SIGINT", ASKED),
        libc::SIGHUP => ("SIGHUP", ASKED),
        libc::SIGQUIT => ("SIGQUIT", ASKED),
        libc::SIGPIPE => ("SIGPIPE", "it wrote to a pipe that nobody reads"),
        libc::SIGXCPU => ("SIGXCPU", "it used more processor time than it may"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::{describe, worker_died};

    #[test]
    fn the_error_names_what_happened_and_a_probable_cause() {
        let killed = worker_died(7, Some(ExitStatus::from_raw(libc::SIGKILL)), Some("resize"), 2, false, None, None);
        let text = killed.to_string();
        assert!(text.starts_with("worker 7 died by signal 9 while it ran task `resize`, attempt 2 ("), "{text}");
        assert!(text.contains("SIGKILL: somebody killed it, probably the system, out of memory"), "{text}");
        let aborted = worker_died(7, Some(ExitStatus::from_raw(libc::SIGABRT)), None, 1, false, None, None);
        assert!(aborted.hint().is_some_and(|hint| hint.contains("`std::process::abort()`")), "{aborted}");
        assert_eq!(describe(ExitStatus::from_raw(3 << 8)), "exited with code 3");
        assert_eq!(describe(ExitStatus::from_raw(libc::SIGABRT)), "died by SIGABRT");
        assert_eq!(describe(ExitStatus::from_raw(40)), "died by signal 40");
    }
}
