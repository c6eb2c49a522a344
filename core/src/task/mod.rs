//! What a task can know about itself, and what can be asked of a task.
//!
//! ```
//! use concurrent_futures_core::task;
//!
//! fn search(rows: u64) -> Result<u64, task::Stopped> {
//!     let mut hits = 0;
//!     for row in 0..rows {
//!         task::current().check()?;          // ends early when somebody cancelled us
//!         hits += row % 7;
//!     }
//!     Ok(hits)
//! }
//! assert!(search(10).is_ok());               // called directly, outside any pool: nobody can cancel it
//! ```

mod current;
mod id;
mod options;

pub(crate) use current::TaskView;
pub use current::{CurrentTask, Stopped, current};
pub use id::TaskId;
pub use options::TaskOptions;
