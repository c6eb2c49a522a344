use std::fmt;
use std::io::{self, Write};

/// Prints a line. Where it can't, since nobody reads any more or the disk is full, that is an error of the program, and not a
/// panic as with `println!`.
pub(crate) fn say(line: fmt::Arguments<'_>) -> io::Result<()> {
    writeln!(io::stdout(), "{line}").map_err(about_stdout)
}

/// Says of an error that it is about what the program prints. It stays what it is.
pub(crate) fn about_stdout(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("the output could not be written: {error}"))
}

/// A line on stderr. If that can't be written, there is nobody left to tell.
pub(crate) fn complain(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}
