//! Calls that can cross to another process: a plain function and one serialisable argument.
//!
//! ```text
//!  parent                                            worker (the same program)
//!  ──────                                            ──────
//!  Job::encode ──► Encoded { call, arguments } ────► Serving::begin(call, context), task(index, argument, reply)
//!                    entry + function address          entry: decode argument ─► function(argument) ─► encode result
//!  RunningJob::complete_tasks(replies) ◄──────────── reply bytes: a value, or how it failed
//! ```
//!
//! The *entry* is a function of ours, made for each pair of argument and result types by the compiler; it alone knows
//! how to turn bytes into an argument and a result into bytes. Both addresses mean something only in the same program
//! image: an executor that sends them to another process has to make sure of that.

mod call;
pub(crate) mod codec;
#[expect(unsafe_code, reason = "this one file turns an address back into a function")]
mod entry;
mod ext;
mod face;
mod nesting;
mod reply;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use call::CallOnce;
pub use entry::{Context, Serving, serve};
pub(crate) use entry::{Fallible, Plain};
pub use ext::ExecutorExt;
pub(crate) use face::{PortableFace, Replies};
#[doc(hidden)]
pub use nesting::bound_stack;
#[doc(hidden)]
pub use reply::is_encoding_result;

use crate::context::Carried;
use crate::error::{CodecError, CodecSide, message_of};
use crate::report;

/// What can cross to another process: serialisable both ways, owned, and sendable.
///
/// It is implemented for everything that qualifies.
///
/// ```
/// fn crosses(_: impl concurrent_futures_core::Portable) {}
/// crosses((1, String::from("text"), vec![0.5]));
/// ```
///
/// If the compiler says *implementation of `Deserialize` is not general enough*, an argument or result is borrowed
/// (`&str`, `&[u8]`, `&Path`): pass it owned (`String`, `Vec<u8>`, `PathBuf`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't cross to another process",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, and pass it owned; on a `ThreadPool` variable the \
            pool's own methods take any type",
    note = "if it is a `Result` whose error can't: `submit_fallible` and `map_fallible` take any error, `anyhow::Error` too, and only \
            the value crosses"
)]
pub trait Portable: Serialize + DeserializeOwned + Send + 'static {}

// Else the compiler looks for what serde lacks deep inside the type, and says none of the above.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Portable for T {}

/// Which function to call, as two addresses of the program's image; from [`Encoded::call`], for [`serve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Call {
    /// The entry that decodes, calls and encodes.
    pub entry: usize,
    /// The function that it calls.
    pub function: usize,
}

/// A task, or a chunk of tasks, as bytes.
///
/// ```
/// use concurrent_futures_core::{Executor, ExecutorExt, Job, Shutdown, ShutdownReport, Stats};
///
/// struct Show;
/// impl Executor for Show {
///     fn execute(&self, job: Job) {
///         let encoded = job.encode().expect("submit makes portable jobs only");
///         for (index, argument) in encoded.arguments() {
///             println!("task {index} takes {} bytes", argument.len());
///         }
///     }
/// #   fn shutdown(&self, _how: Shutdown) -> ShutdownReport { ShutdownReport::default() }
/// #   fn stats(&self) -> Stats { Stats::default() }
/// }
/// # Show.submit(f64::sqrt, 2.0).error();
/// ```
#[derive(Debug, Clone)]
pub struct Encoded {
    call: Call,
    bytes: Vec<u8>,
    /// Which task each argument is for, and where it ends in `bytes`.
    ends: Vec<(usize, usize)>,
    carried: Option<Carried>,
}

impl Encoded {
    /// Which function to call.
    #[must_use]
    pub fn call(&self) -> Call {
        self.call
    }

    /// What goes along with each of the tasks, for [`Context::carried`]; nothing where no [context hook](crate::context)
    /// has captured anything that leaves this process.
    #[must_use]
    pub fn carried(&self) -> Option<&[u8]> {
        self.carried.as_ref().map(Carried::bytes).filter(|bytes| !bytes.is_empty())
    }

    /// How many bytes all arguments take together.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether no argument is missing before the last one: then each is where its index says.
    #[must_use]
    pub fn is_gapless(&self) -> bool {
        self.ends.last().is_none_or(|&(index, _)| index + 1 == self.ends.len())
    }

    /// The arguments, each with the index of its task. Those that could not be encoded are missing: their tasks have
    /// failed.
    pub fn arguments(&self) -> impl ExactSizeIterator<Item = (usize, &[u8])> + Clone {
        let mut begin = 0;
        self.ends.iter().map(move |&(index, end)| {
            let argument = &self.bytes[begin..end];
            begin = end;
            (index, argument)
        })
    }
}

/// Runs a serialiser, which is user code; a panic in it is an error like any other.
fn contained<T, R>(side: CodecSide, code: impl FnOnce() -> Result<R, CodecError>) -> Result<R, CodecError> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|payload| Err(panicked::<T>(side, payload)))
}

fn panicked<T>(side: CodecSide, payload: Box<dyn std::any::Any + Send>) -> CodecError {
    let message = format!("panicked: {}", message_of(&*payload));
    report::forget(payload);
    CodecError::new(side, std::any::type_name::<T>(), message)
}
