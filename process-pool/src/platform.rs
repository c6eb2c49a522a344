//! The two things that are asked of the system and that no library offers in safe code.

/// Whether the program runs with rights that who started it doesn't have (setuid, setgid, capabilities): then its
/// environment isn't to be trusted.
pub(crate) fn is_privileged() -> bool {
    // SAFETY: `getauxval` reads a value that the kernel has given to the process; it has no preconditions.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Makes a write to a pipe without a reader an error, as Rust's runtime does before `main`.
pub(crate) fn ignore_broken_pipes() {
    // SAFETY: `signal` may be called at any time; ignoring a signal installs no code of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}
