//! Pools of processes: ours, procspawn's and CPython's, beside the bare socket that carries such tasks.
//!
//! Closures that capture don't cross to a process, so these contenders have a trait of their own, [`ProcessContender`].
//! CPython's run in a [`python`](mod@crate::python) process that is told to run one round and answers with what it took.
//!
//! ```text
//!   this process, pinned or not
//!     ├── ours: workers, this program again                 begin() is where these three
//!     ├── procspawn: workers, this program again            become what they are
//!     ├── raw socket, raw bytes: echo, this program again
//!     └── python3: its own workers
//! ```
//!
//! The CPU time in these tables is of this process and of all its descendants: see [`cpu`](mod@crate::cpu).

mod contender;
mod ours;
#[cfg(feature = "peers")]
mod procspawn;
pub mod raw_bytes;
pub mod raw_socket;
pub mod workloads;

pub use contender::{ProcessContender, WithProcesses};
pub use ours::OurProcesses;
#[cfg(feature = "peers")]
pub use procspawn::Procspawn;

use crate::contestant::Contestant;

/// The first line of `main`: in a worker of ours, of procspawn's and in the echoes of the floors it never returns.
///
/// Each is told by a variable of its own, which only its own child is started with, so none takes another's for its own.
pub fn begin() {
    concurrent_futures_process_pool::init();
    #[cfg(feature = "peers")]
    ::procspawn::init();
    raw_socket::become_echo();
    raw_bytes::become_echo();
}

/// One contestant for each pool of this language, with so many workers; ours is the first.
pub fn contestants(workers: usize, workload: &impl WithProcesses) -> Vec<Contestant> {
    vec![
        contestant::<OurProcesses>(workers, workload),
        #[cfg(feature = "peers")]
        contestant::<Procspawn>(workers, workload),
    ]
}

/// One contender on a workload.
pub fn contestant<C: ProcessContender>(workers: usize, workload: &impl WithProcesses) -> Contestant {
    let workload = workload.clone();
    Contestant::new(C::NAME, C::ROLE, move || workload.case(C::new(workers)))
}
